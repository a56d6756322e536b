import { PeapodError } from '../errors.ts';
import { isInterfaceName } from '../network/interface-name.ts';

/** `--opt` and `--interface-name` of `network create`, in podman's words. All throw INVALID_ARGUMENT. */

export interface DriverOptions {
  /** The bridge, or the host's interface below a macvlan or ipvlan. */
  readonly networkInterface: string | undefined;
  /** What podman keeps as `podman_options`. */
  readonly options: Readonly<Record<string, string>>;
}

const modes: Readonly<Record<string, readonly string[]>> = {
  macvlan: ['bridge', 'private', 'vepa', 'passthru'],
  ipvlan: ['l2', 'l3', 'l3s'],
};

const mtuKeys = ['mtu', 'com.docker.network.driver.mtu'];
const bridgeName = 'com.docker.network.bridge.name';
/** Option words that each driver takes. */
const known: Readonly<Record<string, readonly string[]>> = {
  bridge: [...mtuKeys, 'vlan', 'isolate', 'no_default_route', bridgeName],
  macvlan: [...mtuKeys, 'parent', 'mode', 'no_default_route'],
  ipvlan: [...mtuKeys, 'parent', 'mode', 'no_default_route'],
};

/** A bridge is isolated unless it is said otherwise. */
export function parseDriverOptions(
  driver: string,
  words: readonly string[],
  interfaceName: string | undefined,
): DriverOptions {
  const options: Record<string, string> = driver === 'bridge' ? { isolate: 'true' } : {};
  let named = interfaceName;
  for (const word of words) {
    const at = word.indexOf('=');
    const [key, value] = at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
    refuseUnknown(driver, key);
    switch (key) {
      case 'vlan':
        options.vlan = wholeNumber(word, value, 1, 4094);
        break;
      case 'isolate':
      case 'no_default_route':
        if (isTrue(word, value)) options[key] = 'true';
        else delete options[key];
        break;
      case 'mode':
        if (!modes[driver]?.includes(value))
          throw invalid(`unknown ${driver} mode "${value}"`, `it is one of ${modes[driver]?.join(', ')}`);
        options.mode = value;
        break;
      case 'parent':
      case bridgeName:
        if (named !== undefined && named !== value)
          throw invalid(`--interface-name ${named} and --opt ${word} contradict`);
        named = value;
        break;
      default:
        options.mtu = wholeNumber(word, value, 68, 65535);
    }
  }
  return { options, networkInterface: named === undefined ? undefined : interfaceOf(driver, named) };
}

function refuseUnknown(driver: string, key: string): void {
  if (known[driver]?.includes(key)) return;
  if (key === 'isolate') throw invalid('isolate option is only supported with the bridge driver');
  throw invalid(`unsupported ${driver} network option ${key}`, `${known[driver]?.join(', ')} exist`);
}

function interfaceOf(driver: string, name: string): string {
  const isOurs = driver === 'bridge' && (name === 'lo' || /^pea[0-9a-f]{12}$/.test(name));
  if (isInterfaceName(name) && !isOurs) return name;
  throw invalid(
    `"${name}" is not a name that ${driver === 'bridge' ? 'a bridge' : 'an interface'} can have`,
    'at most 15 letters, digits, dots, dashes and underscores',
  );
}

function isTrue(word: string, value: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw invalid(`--opt ${word}: must be true or false`);
}

function wholeNumber(word: string, value: string, least: number, most: number): string {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return String(number);
  throw invalid(`--opt ${word}: must be a whole number from ${least} to ${most}`);
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}
