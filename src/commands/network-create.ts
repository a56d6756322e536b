import { atMost } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, list, string } from './flags.ts';

export const networkCreate = command({
  usage: '[options] [NAME]',
  description: `Makes a network: a CNI configuration list, which other CNI runtimes of the same user can use too.
Prints its name. A bridge appears with the first pod on it and goes with the last; macvlan and ipvlan put pods on the
link of an interface of the host, and need root and the CNI plugins.`,
  examples: [
    'network create web',
    'network create --subnet 10.90.0.0/24 --gateway 10.90.0.254 --ip-range 10.90.0.128/25 back',
    'network create --opt isolate=false open',
    'network create --driver macvlan --opt parent=eth0 --subnet 192.168.1.0/24 --ip-range 192.168.1.192/27 lan',
    'network create --ipv6 --internal --opt mtu=1400 --label tier=back',
  ],
  flags: {
    'disable-dns': bool('Serve no names on this network'),
    dns: list('Name servers to ask for what is not on this network'),
    driver: string('Driver of the network: bridge, macvlan or ipvlan', { short: 'd', default: 'bridge' }),
    gateway: list('Gateway of the subnet; the n-th is for the n-th subnet'),
    ignore: bool('A network of that name is no error'),
    'interface-name': string('Name of the bridge; the parent of macvlan and ipvlan'),
    internal: bool('No way out of this network'),
    'ip-range': array('Give pods addresses of this part of the subnet: a CIDR, or FIRST-LAST'),
    'ipam-driver': string(
      'What gives the addresses: host-local, dhcp (macvlan, where no subnet is given) or none',
    ),
    ipv6: bool('Add an IPv6 subnet'),
    label: array('Set a label (key=value)'),
    opt: array(
      'Set an option: mtu=BYTES, isolate=false (true), vlan=ID, no_default_route=true, com.docker.network.bridge.name=NAME, com.docker.network.driver.mtu=BYTES; of macvlan and ipvlan parent=INTERFACE, mode=bridge|private|vepa|passthru or l2|l3|l3s',
      { short: 'o' },
    ),
    route: array('A route of the pods: DESTINATION,GATEWAY; may be given several times'),
    subnet: array('A subnet in CIDR form; may be given several times'),
  },
  args: atMost(1),
  async run(call) {
    const { values, args } = call;
    const engine = await call.engine();
    const name = await engine.networks.create({
      name: args[0],
      driver: values.driver ?? 'bridge',
      ipamDriver: values['ipam-driver'],
      subnets: values.subnet,
      gateways: values.gateway,
      ipRanges: values['ip-range'],
      routes: values.route,
      ipv6: values.ipv6,
      internal: values.internal,
      disableDns: values['disable-dns'],
      dnsServers: values.dns,
      labels: values.label,
      options: values.opt,
      interfaceName: values['interface-name'],
      ignore: values.ignore,
    });
    call.stdout.line(name);
    return 0;
  },
});
