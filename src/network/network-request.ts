import { PeapodError } from '../errors.ts';
import type { NetworkRequest } from './types.ts';

/** `--network` as podman has it: podman-run(1), --network. */

/** Options of a network on a bridge, with podman's other spellings of the same. */
const bridgeOptions = new Map([
  ['alias', 'alias'],
  ['ip', 'ip'],
  ['ip6', 'ip6'],
  ['mac', 'mac'],
  ['mac_address', 'mac'],
  ['mac-address', 'mac'],
  ['interface_name', 'interface_name'],
  // Of networks with a plugin that shapes traffic.
  ...['ingress_rate', 'ingress_burst', 'egress_rate', 'egress_burst'].map((key) => [key, key] as const),
]);

/** A network's name: the same alphabet as names of pods. */
const networkName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** All `--network` of a command line; without options, several names may stand in one. Throws INVALID_ARGUMENT. */
export function parseNetworkRequests(values: readonly string[]): NetworkRequest[] {
  return values
    .flatMap((value) => (value.includes(':') ? [value] : value.split(',')))
    .map(parseNetworkRequest);
}

/** Throws INVALID_ARGUMENT. */
export function parseNetworkRequest(value: string): NetworkRequest {
  const colon = value.indexOf(':');
  const mode = colon < 0 ? value : value.slice(0, colon);
  const rest = colon < 0 ? undefined : value.slice(colon + 1);
  switch (mode) {
    case '':
      if (rest !== undefined) throw invalid(value, 'the name of the network is missing');
      return { kind: 'default', options: {} };
    case 'default':
    case 'private':
      return { kind: 'default', options: bareOnly(value, rest) };
    case 'none':
    case 'host':
      bareOnly(value, rest);
      return { kind: mode };
    case 'ns':
      if (!rest?.startsWith('/')) throw invalid(value, 'ns: takes the absolute path of a network namespace');
      return { kind: 'netns', path: rest };
    case 'container':
      if (!rest) throw invalid(value, 'container: takes the name or id of a container');
      return { kind: 'container', container: rest };
    case 'slirp4netns':
      return { kind: 'network', name: mode, options: parseOptions(value, rest, (key) => key) };
    case 'pasta':
      return { kind: 'network', name: mode, options: parseFlags(value, rest) };
    default: {
      if (mode.includes(','))
        throw invalid(value, 'options belong to one network', 'give --network once for each network');
      if (!networkName.test(mode)) throw invalid(value, `"${mode}" is not a name that a network can have`);
      const options = parseOptions(value, rest, (key) => bridgeOptions.get(key) ?? unknownOption(value, key));
      return { kind: 'network', name: mode, options };
    }
  }
}

/** Values of a repeated key (`ip=10.0.0.5,ip=fd00::5`) are joined with commas, which no value can hold. */
function parseOptions(
  value: string,
  text: string | undefined,
  keyOf: (key: string) => string,
): Record<string, string> {
  const options = new Map<string, string>();
  for (const word of text?.split(',') ?? []) {
    const at = word.indexOf('=');
    if (at < 1) throw invalid(value, `option "${word}" is not of the form key=value`);
    const key = keyOf(word.slice(0, at));
    const its = word.slice(at + 1);
    if (its === '') throw invalid(value, `option "${key}" has no value`);
    options.set(key, options.has(key) ? `${options.get(key)},${its}` : its);
  }
  return Object.fromEntries(options);
}

/** `-T,none,--mtu=1500`: a word that begins with a dash is a flag, one that does not is the value of the one before. */
function parseFlags(value: string, text: string | undefined): Record<string, string> {
  const flags = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const word of text?.split(',') ?? []) {
    const [, flag, attached] = /^(--[^=]+|-[^-=])=?(.*)$/.exec(word) ?? [];
    if (flag !== undefined) {
      values = flags.get(flag) ?? [];
      flags.set(flag, values);
      if (attached) values.push(attached);
    } else if (values && word !== '') values.push(word);
    else
      throw invalid(
        value,
        `"${word}" is no flag of pasta`,
        'write flags and values as pasta:--mtu,1500,-T,none',
      );
  }
  return Object.fromEntries([...flags].map(([flag, all]) => [flag, all.join(',')]));
}

function bareOnly(value: string, rest: string | undefined): Record<string, never> {
  if (rest !== undefined) throw invalid(value, 'it takes no options');
  return {};
}

function unknownOption(value: string, key: string): never {
  throw invalid(value, `unknown option "${key}"`, 'ip, ip6, mac, interface_name and alias exist');
}

function invalid(value: string, what: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', `invalid --network ${value}: ${what}`, {
    hint:
      hint ??
      'none, host, private, bridge, slirp4netns, pasta, container:NAME, ns:PATH or the name of a network',
  });
}
