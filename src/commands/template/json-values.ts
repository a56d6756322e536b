import { GoTime, type Value } from './values.ts';

/**
 * Keys of podman's inspect data whose objects are maps in Go: any entry may be asked of them, and one that is
 * missing is `<no value>`. All other objects are structs, where a missing field is an error.
 */
const maps = new Set([
  'Annotations',
  'ExposedPorts',
  'GraphOptions',
  'Labels',
  'NetworkOptions',
  'Networks',
  'Options',
  'PortBindings',
  'Ports',
  'Sysctls',
  'Tmpfs',
  'Volumes',
]);

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/;
const timeKey = /^(Created|.*At)$/;

/** Gives JSON the types that a template sees in podman: maps and times. */
export function toGoValues(value: unknown, key = ''): Value {
  if (Array.isArray(value)) return value.map((element) => toGoValues(element));
  if (typeof value === 'string') return timeKey.test(key) && time.test(value) ? new GoTime(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, toGoValues(member, name)] as const);
  // A pod's own `Networks` and a volume's `Options` may be lists: only objects come here.
  return maps.has(key) ? new Map(entries) : Object.fromEntries(entries);
}
