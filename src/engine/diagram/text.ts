import type { DiagramLink, DiagramNetwork, DiagramPort, DiagramUnit } from './model.ts';

/** The words of a picture, the same in every format; what each format must escape is its own affair. */

/**
 * Without what moves a cursor, changes the direction of text, or is no character of XML 1.0: control and
 * format characters, separators of lines, halves of surrogate pairs.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/gu, '\uFFFD');
}

export function networkTitle({ kind, name }: DiagramNetwork): string {
  const titles = {
    bridge: `network ${name}`,
    helper: name,
    host: "the host's network",
    joined: `network of ${name}`,
    none: 'no network',
  };
  return printable(titles[kind]);
}

/** That it has no way out, its bridge, subnets, gateways: one line each. */
export function networkDetails(network: DiagramNetwork): string[] {
  if (network.kind !== 'bridge') return [];
  const { interface: bridge, subnets, gateways, internal } = network;
  const marks = internal ? ['internal'] : [];
  if (!network.up) return [...marks, 'not up'];
  return [
    ...marks,
    // Other kinds of networks, macvlan for one, have none.
    ...(bridge === '' ? [] : [`bridge ${bridge}`]),
    ...subnets.map((subnet) => `subnet ${subnet}`),
    ...gateways.map((gateway) => `gateway ${gateway}`),
  ].map(printable);
}

export function unitTitle(unit: DiagramUnit): string {
  return printable(`${unit.kind} ${unit.name}`);
}

/** `Running`, `Running (no slirp4netns)`. */
export function unitStatus({ status, missing }: DiagramUnit): string {
  return printable(missing.length === 0 ? status : `${status} (no ${missing.join(', ')})`);
}

/** A network that it has been promised, and that it gets when it starts. */
export function isDown({ network, interface: name }: DiagramLink): boolean {
  return name === '' && (network.kind === 'bridge' || network.kind === 'helper');
}

/** `eth0 10.88.0.2/16`, or what stands in the place of an interface. */
export function linkText(link: DiagramLink): string {
  if (link.interface !== '') return printable([link.interface, ...link.addresses].join(' '));
  return isDown(link) ? printable(`${link.network.name}, not connected`) : networkTitle(link.network);
}

/** `relay`, or that nothing listens. */
export function portWay({ via }: DiagramPort): string {
  return printable(via === '' ? 'reserved' : via);
}

export const userNamespaceTitle = "the user's network namespace";

export function uplinkText(uplink: 'running' | 'missing'): string {
  return uplink === 'running' ? 'uplink slirp4netns' : 'uplink slirp4netns (not running)';
}
