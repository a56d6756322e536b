import { networkInterfaces } from 'node:os';
import { PeapodError } from '../src/errors.ts';
import type { Cidr } from '../src/network/types.ts';

/** The options behind `--network slirp4netns:`, as podman-run(1) spells them. */
export interface SlirpOptions {
  /** Network address with its prefix length. */
  readonly cidr: Cidr;
  readonly mtuBytes: number;
  readonly enableIpv6: boolean;
  readonly allowHostLoopback: boolean;
  /** An interface's name or an IPv4 address. */
  readonly outboundAddr?: string;
  /** An interface's name or an IPv6 address. */
  readonly outboundAddr6?: string;
  readonly portHandler: PortHandler;
}

/** `relay` is ours; podman's `rootlesskit` names the same thing, and is taken for it. */
export type PortHandler = 'relay' | 'slirp4netns';

/** slirp4netns(1): hosts .2, .3 and .100 of its network are its own, so that /25 is the narrowest. */
export interface SlirpAddresses {
  readonly address: Cidr;
  readonly gateway: string;
  readonly dns: string;
}

const defaultCidr = '10.0.2.0/24';
const defaultMtuBytes = 65_520;
const maxMtuBytes = 65_521;
const minPrefix = 1;
const maxPrefix = 25;

type Reader = (value: string, key: string) => Partial<SlirpOptions>;

const readers: Readonly<Record<string, Reader>> = {
  allow_host_loopback: (value, key) => ({ allowHostLoopback: flag(value, key) }),
  cidr: (value) => ({ cidr: networkOf(value) }),
  enable_ipv6: (value, key) => ({ enableIpv6: flag(value, key) }),
  mtu: (value) => ({ mtuBytes: mtu(value) }),
  outbound_addr: (value, key) => ({ outboundAddr: source(value, key, isIPv4) }),
  outbound_addr6: (value, key) => ({ outboundAddr6: source(value, key, isIPv6) }),
  port_handler: (value) => ({ portHandler: portHandler(value) }),
};

/** Throws INVALID_ARGUMENT naming the option. */
export function parseSlirpOptions(options: Readonly<Record<string, string>>): SlirpOptions {
  let parsed: SlirpOptions = {
    cidr: defaultCidr,
    mtuBytes: defaultMtuBytes,
    enableIpv6: false,
    allowHostLoopback: false,
    portHandler: 'relay',
  };
  for (const [key, value] of Object.entries(options)) {
    const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (!read) {
      throw new PeapodError('INVALID_ARGUMENT', `unknown option "${key}" of the network slirp4netns`, {
        hint: `it takes ${Object.keys(readers).join(', ')}`,
      });
    }
    parsed = { ...parsed, ...read(value, key) };
  }
  if (parsed.outboundAddr6 !== undefined && !parsed.enableIpv6) {
    throw new PeapodError('INVALID_ARGUMENT', 'outbound_addr6 needs enable_ipv6=true');
  }
  return parsed;
}

/** As `parseSlirpOptions`, of options that are to be used on this host. */
export function checkSlirpOptions(words: Readonly<Record<string, string>>): SlirpOptions {
  const options = parseSlirpOptions(words);
  refuseMissingInterface(options);
  return options;
}

/** slirp4netns looks for the address when it starts, and names neither option nor interface then. Throws INVALID_ARGUMENT. */
function refuseMissingInterface({ outboundAddr, outboundAddr6 }: SlirpOptions): void {
  const asked = [
    { key: 'outbound_addr', value: outboundAddr, family: 'IPv4', isAddress: isIPv4 },
    { key: 'outbound_addr6', value: outboundAddr6, family: 'IPv6', isAddress: isIPv6 },
  ].filter(({ value, isAddress }) => value !== undefined && !isAddress(value));
  if (asked.length === 0) return;
  const interfaces = networkInterfaces();
  for (const { key, value = '', family } of asked) {
    if (interfaces[value]?.some((address) => address.family === family)) continue;
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `${key}: no interface ${value} of this host has an ${family} address`,
      {
        hint: 'ip -brief address shows interfaces with their addresses',
      },
    );
  }
}

export function slirpAddresses(cidr: Cidr): SlirpAddresses {
  const { network, prefix } = split(cidr);
  return {
    address: `${dotted(network + 100)}/${prefix}`,
    gateway: dotted(network + 2),
    dns: dotted(network + 3),
  };
}

/** `10.0.2.17/24` → `10.0.2.0/24`: slirp4netns wants the network itself. */
function networkOf(value: string): Cidr {
  const { network, prefix } = split(value);
  return `${dotted(network)}/${prefix}`;
}

function split(cidr: string): { network: number; prefix: number } {
  const [ip = '', length = '', ...rest] = cidr.split('/');
  const prefix = /^\d{1,2}$/.test(length) ? Number(length) : -1;
  if (rest.length > 0 || !isIPv4(ip) || prefix < minPrefix || prefix > maxPrefix) {
    throw new PeapodError('INVALID_ARGUMENT', `"${cidr}" is not an IPv4 network for slirp4netns`, {
      hint: `write it like ${defaultCidr}, with a prefix length from ${minPrefix} to ${maxPrefix}`,
    });
  }
  const address = ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { network: address - (address % 2 ** (32 - prefix)), prefix };
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

function isIPv4(text: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((byte) => Number(byte) <= 255);
}

/** node:net would say it, too, but costs 4 ms to load. */
function isIPv6(text: string): boolean {
  return text.includes(':') && URL.canParse(`http://[${text}]/`);
}

function flag(value: string, key: string): boolean {
  if (value !== 'true' && value !== 'false') {
    throw new PeapodError('INVALID_ARGUMENT', `${key} is true or false, not "${value}"`);
  }
  return value === 'true';
}

function mtu(value: string): number {
  const bytes = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (bytes < 68 || bytes > maxMtuBytes) {
    throw new PeapodError('INVALID_ARGUMENT', `mtu is a number from 68 to ${maxMtuBytes}, not "${value}"`);
  }
  return bytes;
}

/** An address, or the name of an interface: never a word that slirp4netns could take for an option. */
function source(value: string, key: string, isAddress: (text: string) => boolean): string {
  if (!isAddress(value) && !/^[A-Za-z][\w.-]{0,14}$/.test(value)) {
    throw new PeapodError('INVALID_ARGUMENT', `${key} is an address or an interface, not "${value}"`);
  }
  return value;
}

function portHandler(value: string): PortHandler {
  if (value === 'relay' || value === 'rootlesskit') return 'relay';
  if (value === 'slirp4netns') return value;
  throw new PeapodError('INVALID_ARGUMENT', `unknown port_handler "${value}"`, {
    hint: 'it is relay (also called rootlesskit) or slirp4netns',
  });
}
