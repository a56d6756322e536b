import type { NetworkFlags } from '../engine/requests.ts';
import { array, bool, type FlagValues, list, string } from './flags.ts';

/** What `run`, `create` and `pod create` have in common. */
export const networkFlags = {
  'add-host': list('Add a line to /etc/hosts (host:ip)'),
  dns: list("Set the DNS servers; 'none' leaves resolv.conf as it is"),
  'dns-option': list('Set DNS options', { aliases: ['dns-opt'] }),
  'dns-search': list('Set DNS search domains'),
  hostname: string('Set the host name', { short: 'h' }),
  ip: string('Ask for this IPv4 address'),
  ip6: string('Ask for this IPv6 address'),
  label: array('Set a label (key=value)', { short: 'l' }),
  'label-file': list('Read labels from a file, one a line'),
  'mac-address': string('Ask for this MAC address (for example 92:d0:c6:0a:29:33)'),
  network: array(
    "How to be connected: bridge, slirp4netns, pasta, none, host, ns:PATH, container:NAME or a network's name; options behind a colon",
    { aliases: ['net'] },
  ),
  'network-alias': array('Answer to this name, too, on the networks that serve names'),
  publish: list(
    'Publish a port or a range of ports to the host ([[ip:][hostPort]:]containerPort[/protocol])',
    {
      short: 'p',
    },
  ),
  replace: bool('Remove what has the same name first'),
  share: string(
    "Namespaces that a pod's containers share: net, ipc, uts, pid, or none; +pid adds to the default",
    {
      default: 'ipc,net,uts',
    },
  ),
} as const;

export function networkRequest(values: FlagValues<typeof networkFlags>): NetworkFlags {
  return {
    dnsServers: values.dns,
    dnsSearch: values['dns-search'],
    dnsOptions: values['dns-option'],
    addHosts: values['add-host'],
    networks: values.network,
    networkAliases: values['network-alias'],
    ports: values.publish,
    ip: values.ip,
    ip6: values.ip6,
    macAddress: values['mac-address'],
  };
}
