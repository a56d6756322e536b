import { existsSync, readFileSync } from 'node:fs';
import type { Context } from './context.ts';

/** Something that a killed command or a defect has left, and that nothing in the store accounts for. */
export interface Leak {
  readonly kind:
    | 'container'
    | 'network'
    | 'process'
    | 'mount'
    | 'directory'
    | 'file'
    | 'address'
    | 'rule'
    | 'cgroup';
  /** A pid, a path, an address, … */
  readonly what: string;
  readonly why: string;
  /** Whether `--repair` has taken it away. */
  readonly repaired: boolean;
}

export interface FoundLeak extends Omit<Leak, 'repaired'> {
  /** Left out where it may be somebody else's. */
  readonly repair?: (() => Promise<void> | void) | undefined;
}

/** Whose things are looked for. */
export interface Owners {
  /** Containers, pods and the sandboxes of both: what is theirs is no leak. */
  readonly known: ReadonlySet<string>;
  /**
   * Whether this store has made it, as its event log tells. Rules and addresses are shared with other stores and
   * runtimes of the machine, and two stores may have one runtime directory: what is theirs must stay.
   */
  isOurs(id: string): boolean;
  /** The same of a network. */
  hasMadeNetwork(name: string): boolean;
}

export function readOwners({ store, events }: Context): Owners {
  const sandboxes = store.sandboxes.all().map(({ id }) => id);
  const text = [events.olderPath, events.path]
    .map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
    .join('');
  const made = new Set(text.match(/(?<="ID":")[0-9a-f]{64}(?=")/g) ?? []);
  return {
    known: new Set([...sandboxes, ...store.containers.all().map(({ id }) => id)]),
    isOurs: (id) => made.has(id),
    hasMadeNetwork: (name) => text.includes(`"Network":${JSON.stringify(name)},"Status":"create"`),
  };
}

/** A leak of a pod or container that the store does not know. */
export function leakOf(
  owners: Owners,
  id: string,
  leak: Pick<FoundLeak, 'kind' | 'what'>,
  repair: () => Promise<void> | void,
): FoundLeak {
  const why = `no pod or container ${id.slice(0, 12)} is in the store`;
  if (owners.isOurs(id)) return { ...leak, why, repair };
  return { ...leak, why: `${why}, nor in its event log: another store may use this directory` };
}

export function isId(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
