import { wrongArguments } from './arguments.ts';
import { type ArgumentRule, command } from './command.ts';

/** A pod, and at least one port. */
const podAndPorts: ArgumentRule = (args, name) => {
  if (args.length < 2) throw wrongArguments('name a pod and at least one port', name);
};

export const podPublish = command({
  usage: 'POD [IP:][HOSTPORT:]CONTAINERPORT[/PROTOCOL]...',
  description:
    'Publishes ports of a pod, also while it runs: nothing is restarted. Prints each port as it is published.',
  examples: ['pod publish web 8443:443', 'pod publish web 127.0.0.1:5353:53/udp', 'pod publish web 9090'],
  flags: {},
  args: podAndPorts,
  async run(call) {
    const [pod, ...ports] = call.args as [string, ...string[]];
    const engine = await call.engine();
    for (const line of await engine.pods.publish(pod, ports)) call.stdout.line(line);
    return 0;
  },
});

export const podUnpublish = command({
  usage: 'POD [IP:][HOSTPORT:]CONTAINERPORT[/PROTOCOL]...',
  description:
    'Takes published ports of a pod back, also while it runs: established connections go on (but through pasta). A container port alone stands for all that lead to it. Prints each port that is no longer published.',
  examples: ['pod unpublish web 8443:443', 'pod unpublish web 53/udp'],
  flags: {},
  args: podAndPorts,
  async run(call) {
    const [pod, ...ports] = call.args as [string, ...string[]];
    const engine = await call.engine();
    for (const line of await engine.pods.unpublish(pod, ports)) call.stdout.line(line);
    return 0;
  },
});
