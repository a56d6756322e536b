import { PeapodError } from '../errors.ts';
import { canonicalIp } from './ip-address.ts';
import { type AddressWithPrefix, parseCidr } from './subnet.ts';

/**
 * Reads a JSON document field by field, and says in every error which file and which place in it is wrong:
 * `/etc/cni/net.d/10-web.conflist: plugins[0].ipam.subnet: …`. All throw NETWORK_CONFIG.
 */
export class ConfigReader {
  readonly file: string;
  /** `plugins[0].ipam`; empty for the document. */
  readonly path: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  private constructor(file: string, path: string, value: unknown) {
    this.file = file;
    this.path = path;
    if (!isRecord(value)) throw this.error('', `must be an object, not ${kindOf(value)}`);
    this.#fields = value;
  }

  static parse(file: string, text: string): ConfigReader {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new PeapodError('NETWORK_CONFIG', `${file}: is not JSON: ${(error as Error).message}`, {
        hint: 'mend the file, or move it away',
        cause: error,
      });
    }
    return new ConfigReader(file, '', value);
  }

  error(key: string, what: string): PeapodError {
    const at = key ? this.at(key) : this.path;
    return new PeapodError('NETWORK_CONFIG', `${this.file}: ${at ? `${at}: ` : ''}${what}`, {
      hint: 'mend the file, or move it away',
    });
  }

  at(key: string): string {
    return this.path ? `${this.path}.${key}` : key;
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  /** Whether the key holds anything but Go's zero values. */
  isSet(key: string): boolean {
    const value = this.#value(key);
    if (typeof value === 'object') return Object.keys(value as object).length > 0;
    return Boolean(value);
  }

  optionalString(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.error(key, `must be a string, not ${kindOf(value)}`);
    return value;
  }

  string(key: string): string {
    const value = this.optionalString(key);
    if (!value) throw this.error(key, 'is missing');
    return value;
  }

  boolean(key: string, otherwise: boolean): boolean {
    const value = this.#value(key) ?? otherwise;
    if (typeof value !== 'boolean') throw this.error(key, `must be true or false, not ${kindOf(value)}`);
    return value;
  }

  /** A whole number within bounds; undefined where the key is missing. */
  number(key: string, least: number, most: number): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw this.error(key, `must be a whole number from ${least} to ${most}`);
    }
    return value;
  }

  /** A canonical address. */
  address(key: string): string | undefined {
    const text = this.optionalString(key);
    if (text === undefined) return undefined;
    const address = canonicalIp(text);
    if (!address) throw this.error(key, `"${text}" is not an IP address`);
    return address;
  }

  cidr(key: string): AddressWithPrefix {
    const text = this.string(key);
    const cidr = parseCidr(text);
    if (!cidr) throw this.error(key, `"${text}" is not an address with a prefix length`);
    return cidr;
  }

  strings(key: string): string[] {
    return this.#list(key).map((value, index) => {
      if (typeof value !== 'string')
        throw this.error(`${key}[${index}]`, `must be a string, not ${kindOf(value)}`);
      return value;
    });
  }

  /** An object whose values are all strings; empty where the key is missing. */
  stringMap(key: string): Record<string, string> {
    const inner = this.optionalObject(key);
    if (!inner) return {};
    const names = Object.keys(inner.#fields);
    return Object.fromEntries(names.map((name) => [name, inner.optionalString(name) ?? '']));
  }

  /** Undefined where the key is missing. */
  optionalObject(key: string): ConfigReader | undefined {
    const value = this.#value(key);
    return value === undefined ? undefined : new ConfigReader(this.file, this.at(key), value);
  }

  objects(key: string): ConfigReader[] {
    return this.#list(key).map(
      (value, index) => new ConfigReader(this.file, this.at(`${key}[${index}]`), value),
    );
  }

  /** A list of lists of objects, as host-local's `ranges`. */
  objectLists(key: string): ConfigReader[][] {
    return this.#list(key).map((inner, outerIndex) => {
      const at = `${key}[${outerIndex}]`;
      if (!Array.isArray(inner)) throw this.error(at, `must be a list, not ${kindOf(inner)}`);
      return inner.map((value, index) => new ConfigReader(this.file, this.at(`${at}[${index}]`), value));
    });
  }

  #list(key: string): unknown[] {
    const value = this.#value(key) ?? [];
    if (!Array.isArray(value)) throw this.error(key, `must be a list, not ${kindOf(value)}`);
    return value;
  }

  /** null counts as missing, as Go's encoding/json has it. */
  #value(key: string): unknown {
    return Object.hasOwn(this.#fields, key) ? (this.#fields[key] ?? undefined) : undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
