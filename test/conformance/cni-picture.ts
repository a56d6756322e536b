import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Attachment, NetworkTarget } from '../../src/network/backend.ts';
import type { PublishedPort } from '../../src/network/types.ts';
import { host, outside } from './bridge-pods.ts';
import { sh } from './throwaway-host.ts';

const talk = fileURLToPath(new URL('talk.ts', import.meta.url));

/** What a network has made, flat, so that two of them can be compared line by line. */
export type Picture = Record<string, string>;

export interface PicturedPod {
  readonly target: NetworkTarget;
  readonly attachment: Attachment;
}

interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly address: string;
  readonly master?: string;
  readonly flags: readonly string[];
  readonly promiscuity?: number;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_slave_data?: { readonly hairpin?: boolean };
  };
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
  }[];
}

interface Route {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev: string;
  readonly prefsrc?: string;
}

/** The kernel's and the answer's side of the first pod, of its bridge, and the leases of the network. */
export function drawState([pod]: readonly PicturedPod[], bridge: string, leases: string): Picture {
  const { target, attachment } = pod as PicturedPod;
  const { ifname } = attachment;
  const inside = links(target.netnsPath);
  const own = inside.find((link) => link.ifname === ifname);
  const here = links();
  const ports = here.filter(({ master }) => master === bridge);
  const itself = here.find((link) => link.ifname === bridge);
  return {
    'answer: interface': ifname,
    'answer: addresses': attachment.addresses.join(' '),
    'answer: gateways': attachment.gateways.join(' '),
    'answer: name servers': attachment.dns.join(' '),
    'answer: mtu': `${attachment.mtuBytes}`,
    'answer: mac': `${attachment.macAddress === own?.address}`,
    'answer: bridge': `${attachment.opaque.bridge}`,
    'pod: interfaces': inside
      .map((link) => link.ifname)
      .sort()
      .join(' '),
    'pod: kind': `${own?.linkinfo?.info_kind}`,
    'pod: mtu': `${own?.mtu}`,
    'pod: mac': `${own?.address}`,
    'pod: up': `${own?.flags.includes('UP')}`,
    'pod: addresses': addresses(own),
    'pod: routes': routes(target.netnsPath),
    'bridge: there': `${itself?.linkinfo?.info_kind}`,
    'bridge: up': `${itself?.flags.includes('UP')}`,
    'bridge: mtu': `${itself?.mtu}`,
    'bridge: addresses': addresses(itself),
    'bridge: promiscuous': `${itself?.flags.includes('PROMISC')}`,
    'bridge: ports': `${ports.length}`,
    'ports: mtu': values(ports.map(({ mtu }) => `${mtu}`)),
    'ports: up': values(ports.map(({ flags }) => `${flags.includes('UP')}`)),
    'ports: hairpin': values(ports.map(({ linkinfo }) => `${linkinfo?.info_slave_data?.hairpin}`)),
    'host: routes to the network': sh('ip -json route show; ip -6 -json route show')
      .split('\n')
      .flatMap((line) => JSON.parse(line || '[]') as Route[])
      .filter(({ dev, dst }) => dev === bridge && !dst.startsWith('fe80:') && !dst.startsWith('ff00:'))
      .map(({ dst, prefsrc }) => `${dst} from ${prefsrc ?? '-'}`)
      .sort()
      .join(', '),
    'host: forwards IPv4': sh('cat /proc/sys/net/ipv4/ip_forward'),
    'host: forwards IPv6': sh('cat /proc/sys/net/ipv6/conf/all/forwarding'),
    leases: leaseText(leases),
  };
}

export interface Probe {
  readonly label: string;
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly from?: string;
}

/** Who can ask whom, for two pods that answer on 80, and someone outside who does too. */
export function probes(
  pods: readonly PicturedPod[],
  published: readonly PublishedPort[],
  known: { readonly v6: boolean },
): Probe[] {
  const [one, two] = pods as [PicturedPod, PicturedPod | undefined];
  const inOne = one.target.netnsPath;
  const list: Probe[] = one.attachment.addresses.map((cidr, index) => {
    return { label: `host asks address ${index}`, ...tcp(bare(cidr), 80) };
  });
  for (const [index, cidr] of (two?.attachment.addresses ?? []).entries()) {
    list.push({ label: `pod asks pod, address ${index}`, ...tcp(bare(cidr), 80), from: inOne });
  }
  list.push({ label: 'pod asks outside', ...tcp(outside.address, 80), from: inOne });
  if (known.v6) list.push({ label: 'pod asks outside by IPv6', ...tcp('2001:db8::2', 80), from: inOne });
  list.push({
    label: 'outside asks pod',
    ...tcp(bare(one.attachment.addresses[0] ?? ''), 80),
    from: outside.netnsPath,
  });
  for (const { protocol, hostPort: port, hostIp } of published) {
    if (protocol === 'sctp') continue;
    const name = `${hostIp ? `${hostIp}:` : ''}${port}/${protocol}`;
    const at = (label: string, address: string, from?: string) =>
      list.push({ label: `${name} ${label}`, protocol, address, port, ...(from ? { from } : {}) });
    at('from outside', host, outside.netnsPath);
    at('from the host', host);
    at('on 127.0.0.1', '127.0.0.1');
    at('from the pod itself', host, inOne);
    if (two) at('from a neighbour', host, two.target.netnsPath);
    if (known.v6) {
      at('from outside by IPv6', '2001:db8::1', outside.netnsPath);
      at('from the host by IPv6', '2001:db8::1');
    }
  }
  return list;
}

/** Asks all at once: who does not answer takes his time. The answer is the address that the asked one saw. */
export function drawReach(list: readonly Probe[]): Picture {
  const questions = list.map(({ protocol, address, port, from }, index) => {
    const enter = from ? `nsenter --net=${from} -- ` : '';
    return `(${enter}${process.execPath} ${talk} ask ${protocol} ${address} ${port} >/run/answer.${index} 2>&1 || :) &`;
  });
  sh(`${questions.join('\n')}\nwait`);
  return Object.fromEntries(
    list.map(({ label }, index) => {
      return [`reach: ${label}`, readFileSync(`/run/answer.${index}`, 'utf8') || 'no answer'];
    }),
  );
}

function tcp(address: string, port: number): { protocol: 'tcp'; address: string; port: number } {
  return { protocol: 'tcp', address, port };
}

function bare(cidr: string): string {
  return cidr.split('/')[0] as string;
}

function links(netns?: string): Link[] {
  return (JSON.parse(sh('ip -json -details address show', netns)) as Link[]).filter(({ ifname }) => ifname);
}

/** The kernel's own link-local addresses come and go as it likes. */
function addresses(link: Link | undefined): string {
  return (link?.addr_info ?? [])
    .filter(({ scope }) => scope !== 'link')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
    .sort()
    .join(' ');
}

function routes(netns: string): string {
  return sh('ip -json route show; ip -6 -json route show', netns)
    .split('\n')
    .flatMap((line) => JSON.parse(line || '[]') as Route[])
    .filter(({ dst }) => !dst.startsWith('fe80:') && !dst.startsWith('ff00:'))
    .map(({ dst, gateway, dev }) => `${dst} via ${gateway ?? '-'} dev ${dev}`)
    .sort()
    .join(', ');
}

function values(all: readonly string[]): string {
  return [...new Set(all)].join(' ');
}

function leaseText(directory: string): string {
  if (!existsSync(directory)) return '';
  return readdirSync(directory)
    .filter((name) => name !== 'lock')
    .sort()
    .map((name) => `${name}: ${readFileSync(join(directory, name), 'utf8').replace('\r\n', ' ').trim()}`)
    .join(', ');
}
