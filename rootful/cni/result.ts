import { isPeapodError } from '../../src/errors.ts';
import { ConfigReader } from '../../src/network/config-reader.ts';
import { ipFamily } from '../../src/network/ip-family.ts';
import { type AddressWithPrefix, subnetText } from '../../src/network/subnet.ts';
import { isAtLeast, isSpecVersion, type SpecVersion } from './versions.ts';

/**
 * What an ADD answers, in the shape of 1.1.0 (https://www.cni.dev/docs/spec/#section-5-result-types). Older
 * versions are read into it and written from it: 0.3.0 to 0.4.0 give each address a `version`, 0.1.0 and
 * 0.2.0 know one address a family and no interfaces.
 */
export interface CniResult {
  readonly interfaces: readonly CniInterface[];
  readonly ips: readonly CniAddress[];
  readonly routes: readonly CniRoute[];
  readonly dns: CniDns;
}

export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  /** The path of the namespace; absent for interfaces of the host. */
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

export interface CniAddress {
  /** With prefix length. */
  readonly address: string;
  readonly gateway?: string;
  /** Index into `interfaces`. */
  readonly interface?: number;
}

export interface CniRoute {
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

export interface CniDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** Thrown for an answer that is no result; the message says where it is wrong. */
export class NotAResult extends Error {}

const mostUint32 = 0xffffffff;

/** `asked` is the version of the request, which an answer without one has. Throws NotAResult. */
export function parseResult(text: string, asked: SpecVersion): CniResult {
  try {
    const document = ConfigReader.parse('its answer', text);
    const version = document.optionalString('cniVersion') || asked;
    if (!isSpecVersion(version)) throw document.error('cniVersion', `"${version}" is not known`);
    return isAtLeast(version, '0.3.0') ? readResult(document) : readOldResult(document);
  } catch (error) {
    if (isPeapodError(error, 'NETWORK_CONFIG')) throw new NotAResult(error.message, { cause: error });
    throw error;
  }
}

/** As plugins of that version expect it. Throws NotAResult where the version cannot say it. */
export function formatResult(result: CniResult, version: SpecVersion): Record<string, unknown> {
  if (!isAtLeast(version, '0.3.0')) return formatOldResult(result, version);
  const isOld = !isAtLeast(version, '1.0.0');
  const isNew = isAtLeast(version, '1.1.0');
  return {
    cniVersion: version,
    ...(result.interfaces.length > 0
      ? {
          interfaces: result.interfaces.map(({ name, mac, sandbox, ...more }) =>
            isNew ? { name, mac, sandbox, ...more } : { name, mac, sandbox },
          ),
        }
      : {}),
    ...(result.ips.length > 0
      ? {
          ips: result.ips.map((ip) => (isOld ? { version: String(familyOf(ip.address)), ...ip } : ip)),
        }
      : {}),
    ...(result.routes.length > 0
      ? { routes: result.routes.map(({ dst, gw, ...more }) => (isNew ? { dst, gw, ...more } : { dst, gw })) }
      : {}),
    dns: result.dns,
  };
}

function readResult(document: ConfigReader): CniResult {
  const interfaces = document.objects('interfaces').map((one) => ({
    name: one.string('name'),
    ...texts(one, ['mac', 'sandbox', 'socketPath', 'pciID']),
    ...numbers(one, ['mtu']),
  }));
  const ips = document.objects('ips').map((one) => {
    const index = one.number('interface', -1, interfaces.length - 1);
    return {
      address: cidrText(one.cidr('address')),
      ...gateway(one, 'gateway', 'gateway'),
      // Go writes its zero value where a plugin gave none.
      ...(index === undefined || index < 0 ? {} : { interface: index }),
    };
  });
  return { interfaces, ips, routes: readRoutes(document), dns: readDns(document) };
}

function readRoutes(document: ConfigReader): CniRoute[] {
  return document.objects('routes').map((one) => ({
    dst: subnetText(one.cidr('dst').subnet),
    ...gateway(one, 'gw', 'gw'),
    ...numbers(one, ['mtu', 'advmss', 'priority', 'table', 'scope']),
  }));
}

function readDns(document: ConfigReader): CniDns {
  const dns = document.optionalObject('dns');
  if (!dns) return {};
  const lists = (['nameservers', 'search', 'options'] as const).filter((key) => dns.isSet(key));
  return {
    ...Object.fromEntries(lists.map((key) => [key, dns.strings(key)])),
    ...texts(dns, ['domain']),
  };
}

function readOldResult(document: ConfigReader): CniResult {
  const families = ['ip4', 'ip6'].flatMap((key) => document.optionalObject(key) ?? []);
  return {
    interfaces: [],
    ips: families.map((one) => ({
      address: cidrText(one.cidr('ip')),
      ...gateway(one, 'gateway', 'gateway'),
    })),
    routes: families.flatMap(readRoutes),
    dns: readDns(document),
  };
}

function formatOldResult(result: CniResult, version: SpecVersion): Record<string, unknown> {
  const families = ([4, 6] as const).flatMap((family) => {
    const ip = result.ips.find(({ address }) => familyOf(address) === family);
    if (!ip) return [];
    const routes = result.routes.filter(({ dst }) => familyOf(dst) === family);
    const plain = routes.map(({ dst, gw }) => ({ dst, gw }));
    return [[`ip${family}`, { ip: ip.address, gateway: ip.gateway, routes: plain }] as const];
  });
  if (families.length === 0) throw new NotAResult(`without an address it cannot be written in ${version}`);
  return { cniVersion: version, ...Object.fromEntries(families), dns: result.dns };
}

function gateway<Key extends string>(one: ConfigReader, from: string, to: Key): { [K in Key]?: string } {
  // net.IP's zero value is the empty string.
  const address = one.isSet(from) ? one.address(from) : undefined;
  return (address === undefined ? {} : { [to]: address }) as { [K in Key]?: string };
}

function texts<Key extends string>(one: ConfigReader, keys: readonly Key[]): { [K in Key]?: string } {
  const found = keys.flatMap((key) => {
    const text = one.optionalString(key);
    return text ? [[key, text]] : [];
  });
  return Object.fromEntries(found);
}

function numbers<Key extends string>(one: ConfigReader, keys: readonly Key[]): { [K in Key]?: number } {
  const found = keys.flatMap((key) => {
    const number = one.number(key, 0, mostUint32);
    return number === undefined ? [] : [[key, number]];
  });
  return Object.fromEntries(found);
}

function cidrText({ address, subnet }: AddressWithPrefix): string {
  return `${address}/${subnet.prefixLength}`;
}

function familyOf(cidr: string): 4 | 6 {
  return ipFamily(cidr.split('/')[0] as string);
}
