import { PeapodError } from '../errors.ts';
import { canonicalIp } from './ip-address.ts';
import { portsOverlap } from './ports-overlap.ts';
import { type PortRequest, type Protocol, portKey } from './types.ts';

/**
 * `-p` as podman has it: `[[hostIp:][hostPort]:]containerPort[/protocol]`, ports alone or as ranges
 * (podman-run(1), --publish).
 */

const form =
  '[[hostIP:][hostPort]:]containerPort[/protocol], e.g. 8080:80, 127.0.0.1:53:53/udp, 8000-8010:80-90';

/** 131070 mappings of one flag would be a slip of the hand, and a firewall nobody can load. */
const maxPortsPerSpec = 10_000;

/**
 * Parses all `-p` values of one command. Each may hold several, separated by commas. Equal ones count once.
 * Throws INVALID_ARGUMENT for malformed ones and for two that want the same host port.
 */
export function parsePorts(specs: readonly string[]): PortRequest[] {
  const requests = new Map<string, PortRequest>();
  for (const spec of specs.flatMap((value) => value.split(','))) {
    for (const request of parsePortSpec(spec)) requests.set(portKey(request), request);
  }
  const all = [...requests.values()];
  refuseOverlaps(all);
  return all;
}

/** Parses one mapping; a range becomes one request a port. Throws INVALID_ARGUMENT. */
export function parsePortSpec(spec: string): PortRequest[] {
  const fail = (what: string): never => {
    throw new PeapodError('INVALID_ARGUMENT', `invalid port "${spec}": ${what}`, {
      hint: `write it as ${form}`,
    });
  };
  const [ports = '', protocolText, ...rest] = spec.split('/');
  if (rest.length > 0) fail('the protocol can be given only once');
  const protocol = parseProtocol(protocolText, fail);
  const { hostIp, hostPort, containerPort } = splitPorts(ports, fail);
  if (containerPort === '') fail('the container port is missing');
  const inside = parseRange(containerPort, 'container port', fail);
  const outside = hostPort === '' ? undefined : parseRange(hostPort, 'host port', fail);
  if (outside && outside.length !== inside.length) {
    fail(`host and container port ranges have different lengths: ${outside.length} and ${inside.length}`);
  }
  if (inside.length > maxPortsPerSpec) fail(`more than ${maxPortsPerSpec} ports in one range`);
  return Array.from({ length: inside.length }, (_, index) => ({
    protocol,
    hostIp,
    hostPort: outside && outside.start + index,
    containerPort: inside.start + index,
  }));
}

/** `80/tcp`, `53/udp`, `8000-8010`, `80`: what EXPOSE and `--expose` say. Throws INVALID_ARGUMENT. */
export function parseExposedPorts(text: string): { protocol: Protocol; containerPort: number }[] {
  if (text.includes(':')) {
    throw new PeapodError('INVALID_ARGUMENT', `invalid exposed port "${text}": it takes no host port`, {
      hint: 'write it as PORT[-PORT][/PROTOCOL]',
    });
  }
  return parsePortSpec(text).map(({ protocol, containerPort }) => ({ protocol, containerPort }));
}

function refuseOverlaps(requests: readonly PortRequest[]): void {
  const claimed = new Map<string, PortRequest[]>();
  for (const request of requests) {
    if (request.hostPort === undefined) continue;
    const slot = `${request.protocol}/${request.hostPort}`;
    const others = claimed.get(slot) ?? [];
    const rival = others.find((other) => portsOverlap(other, request));
    if (rival) {
      const where = (port: PortRequest) => `${port.hostIp || 'all addresses'} -> ${port.containerPort}`;
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `conflicting port mappings for host port ${request.hostPort}/${request.protocol}: ${where(rival)} and ${where(request)}`,
        { hint: 'give each mapping a host port, or a host address, of its own' },
      );
    }
    claimed.set(slot, [...others, request]);
  }
}

type Fail = (what: string) => never;

function parseProtocol(text: string | undefined, fail: Fail): Protocol {
  if (text === undefined) return 'tcp';
  const protocol = text.toLowerCase();
  if (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp') return protocol;
  return fail(
    text === '' ? 'the protocol after / is missing' : `unknown protocol ${text}; tcp, udp and sctp exist`,
  );
}

function splitPorts(text: string, fail: Fail): { hostIp: string; hostPort: string; containerPort: string } {
  if (text.includes('[') || text.includes(']')) {
    const match = /^\[([^[\]]*)\](.*)$/.exec(text);
    if (!match) return fail('an IPv6 address must be the first part, enclosed by [ and ]');
    const [, address = '', after = ''] = match;
    if (!after.startsWith(':')) return fail('an IPv6 address must be followed by a colon');
    const parts = after.slice(1).split(':');
    if (parts.length !== 2)
      return fail('after an IPv6 address a host port (may be empty) and a container port follow');
    return {
      hostIp: parseHostIp(address, fail),
      hostPort: parts[0] as string,
      containerPort: parts[1] as string,
    };
  }
  const parts = text.split(':');
  if (parts.length > 3) return fail('too many colons; an IPv6 address needs brackets, e.g. [::1]:8080:80');
  const containerPort = parts.pop() as string;
  const hostPort = parts.pop() ?? '';
  const address = parts.pop();
  if (address === undefined && hostPort.includes('.')) {
    return fail('a host address needs a host port part as well, which may be empty: 127.0.0.1::80');
  }
  return { hostIp: address === undefined ? '' : parseHostIp(address, fail), hostPort, containerPort };
}

function parseHostIp(text: string, fail: Fail): string {
  if (text === '') return fail('the host address before the first colon is missing');
  return canonicalIp(text) ?? fail(`${text} is not an IP address`);
}

function parseRange(text: string, what: string, fail: Fail): { start: number; length: number } {
  const ends = text.split('-');
  if (ends.length > 2) return fail(`a ${what} range is written START-END`);
  if (ends[0] === '') return fail(`the ${what} cannot be negative`);
  if (ends[1] === '') return fail(`the end of the ${what} range is missing`);
  const [start = 0, end] = ends.map((end) => parsePort(end, what, fail));
  if (end === undefined) return { start, length: 1 };
  if (end <= start)
    return fail(`the end of the ${what} range must be higher than its start, and ${end} is not`);
  return { start, length: end - start + 1 };
}

function parsePort(text: string, what: string, fail: Fail): number {
  if (!/^\d+$/.test(text)) return fail(`the ${what} "${text}" is not a number`);
  const port = Number(text);
  return port >= 1 && port <= 65535
    ? port
    : fail(`the ${what} must be between 1 and 65535, and ${text} is not`);
}
