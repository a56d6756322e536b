/** What the relay's starter and the relay agree on. Small: both sides load it. */

/** A channel of pass-fds.ts that the first ports come by: the text is a `FirstPorts` as JSON. */
export const firstPortsFd = 0;
/** The relay writes a byte here once every listener accepts. */
export const readyFd = 3;

export interface RelayPort {
  /** `portKey` of the mapping: how a request names it. */
  readonly key: string;
  readonly protocol: string;
  /** Empty for all addresses. */
  readonly hostIp: string;
  readonly containerPort: number;
}

export interface FirstPorts {
  /** In the order of their descriptors. */
  readonly keys: readonly string[];
  /** Of the pod. The first is where connections go; others only from clients of their family. */
  readonly addresses: readonly string[];
}

/** The key holds all that the relay must know. */
export function relayPort(key: string): RelayPort {
  const [protocol = '', hostIp = '', , containerPort] = key.split('/');
  return { key, protocol, hostIp, containerPort: Number(containerPort) };
}

/** What a relay is asked for on its socket, as JSON; it answers with the list of the keys that it serves then. */
export interface RelayRequest {
  /** Ports to take back. */
  readonly close?: readonly string[];
  /** Ports whose listeners are in the inbox: a message's text is the JSON list of the keys of its descriptors. */
  readonly open?: readonly string[];
  /** Where the opened ones lead to; a relay to elsewhere opens none. */
  readonly addresses?: readonly string[];
}

/** The identity of a relay, as identity-file.ts writes it. */
export function relayFile(pid: number): string {
  return `relay-${pid}`;
}

export function relaySocket(pid: number): string {
  return `relay-${pid}.sock`;
}

/** A socket for descriptors, see pass-fds.ts. */
export function relayInbox(pid: number): string {
  return `relay-${pid}.inbox`;
}
