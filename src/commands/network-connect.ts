import { anyArguments, exactly } from './arguments.ts';
import { type Command, command } from './command.ts';
import { array, bool, string } from './flags.ts';
import { overlap } from './overlap.ts';
import { targets } from './targets.ts';

const owner = 'CONTAINER|POD';

export const networkConnect: Command = command({
  usage: `[options] NETWORK ${owner}`,
  description: `Gives a pod, or a container outside pods, a place on a network, also while it runs: interface, addresses, default
route, names and resolv.conf come at once. Nothing is restarted.`,
  examples: ['network connect backend web', 'network connect --ip 10.89.0.20 --alias db backend web'],
  flags: {
    alias: array('Answer to this name, too, on the network'),
    ip: string('Ask for this IPv4 address'),
    ip6: string('Ask for this IPv6 address'),
    'mac-address': string('Ask for this MAC address (for example 92:d0:c6:0a:29:33)'),
  },
  args: exactly(2),
  async run({ args, values, engine }) {
    const [network, name] = args as [string, string];
    const { networks } = await engine();
    const { alias: aliases, ip, ip6, 'mac-address': macAddress } = values;
    await networks.connect(network, name, { aliases, ip, ip6, macAddress });
    return 0;
  },
});

export const networkDisconnect: Command = command({
  usage: `[options] NETWORK ${owner}`,
  description: `Takes a pod, or a container outside pods, off a network, also while it runs. Its published ports go on by another
of its networks, where one can publish them. Nothing is restarted.`,
  examples: ['network disconnect backend web'],
  flags: { force: bool('One that is not connected is no error', { short: 'f' }) },
  args: exactly(2),
  async run({ args, values, engine }) {
    const [network, name] = args as [string, string];
    const { networks } = await engine();
    await networks.disconnect(network, name, values);
    return 0;
  },
});

export const networkReload: Command = command({
  usage: `[options] [${owner}...]`,
  description: `Puts back what a reloaded firewall, a person or a killed helper has removed of the networks of running pods and
containers: interfaces, addresses, routes, rules, published ports and names. What is there stays untouched. Prints the ids.`,
  examples: ['network reload web', 'network reload --all'],
  flags: {
    all: bool('Reload all that run', { short: 'a' }),
    latest: bool('Reload the last created container', { short: 'l' }),
  },
  args: anyArguments,
  async run(call) {
    const { values } = call;
    const { networks } = await call.engine();
    const ids = await targets({ ...values, command: call.command, names: call.args, list: networks.running });
    return overlap(call, ids, (name) => networks.reload(name), { limit: 1 });
  },
});
