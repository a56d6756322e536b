import { PeapodError } from '../src/errors.ts';
import type { Element } from './nftables.ts';

/** What `nft -j list table inet peapod` says, see libnftables-json(5). */
export interface TableListing {
  /** False where there is no table. */
  readonly exists: boolean;
  readonly elements: readonly Element[];
  /** How many rules each chain has. */
  readonly ruleCounts: ReadonlyMap<string, number>;
}

export const emptyListing: TableListing = { exists: false, elements: [], ruleCounts: new Map() };

/** Their keys are names of interfaces, which stand in quotes. */
const interfaceSets = new Set(['localnet', 'admitted', 'bridges', 'isolated', 'within']);

interface ListedSet {
  readonly name: string;
  readonly elem?: readonly unknown[];
}

export function parseListing(json: string): TableListing {
  const elements: Element[] = [];
  const ruleCounts = new Map<string, number>();
  const { nftables } = JSON.parse(json) as { nftables: Record<string, unknown>[] };
  for (const entry of nftables) {
    const set = (entry.set ?? entry.map) as ListedSet | undefined;
    for (const element of set?.elem ?? []) elements.push(readElement(set?.name ?? '', element));
    const chain = entry.chain as { name: string } | undefined;
    if (chain) ruleCounts.set(chain.name, 0);
    const rule = entry.rule as { chain: string } | undefined;
    if (rule) ruleCounts.set(rule.chain, (ruleCounts.get(rule.chain) ?? 0) + 1);
  }
  return { exists: true, elements, ruleCounts };
}

/** `key`, `{elem: {val: key, comment}}`, or for maps a pair of one of those and a value. */
function readElement(set: string, listed: unknown): Element {
  const [left, right] = Array.isArray(listed) ? listed : [listed, undefined];
  const wrapped = (left as { elem?: { val: unknown; comment?: string } } | null)?.elem;
  const value = right === undefined ? {} : { value: text(right) };
  const key = text(wrapped?.val ?? left);
  const names = interfaceSets.has(set) ? key.split(' . ').map((name) => `"${name}"`) : [key];
  return { set, key: names.join(' . '), ...value, owner: wrapped?.comment ?? '' };
}

function text(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const { concat, prefix } = value as { concat?: unknown[]; prefix?: { addr: string; len: number } };
  if (concat) return concat.map(text).join(' . ');
  if (prefix) return `${prefix.addr}/${prefix.len}`;
  throw new PeapodError(
    'INTERNAL',
    `nft listed an element that peapod did not write: ${JSON.stringify(value)}`,
  );
}
