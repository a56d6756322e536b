import type { Context } from './context.ts';
import type { Filters } from './filters.ts';
import type { SecretCreateRequest } from './storage-requests.ts';
import type { SecretView } from './views.ts';

/** Names stand for a name, an id, or an id's unambiguous beginning. */
export interface SecretOperations {
  /** Returns the id. Throws NAME_IN_USE. */
  create(request: SecretCreateRequest): Promise<string>;
  /** By name. */
  list(filters?: Filters): Promise<SecretView[]>;
  inspect(name: string): Promise<SecretView & { readonly driverOptions: Readonly<Record<string, string>> }>;
  /** What is secret. */
  reveal(name: string): Promise<string>;
  /** Returns the id. */
  remove(name: string): Promise<string>;
  exists(name: string): Promise<boolean>;
}

/** Loaded by the first command that asks. */
export function secretOperations(context: Context): SecretOperations {
  const load = async () => {
    const { Secrets } = await import('./secrets.ts');
    return new Secrets(context);
  };
  return {
    create: async (request) => (await load()).create(request),
    list: async (filters = {}) => (await load()).list(filters),
    inspect: async (name) => (await load()).inspect(name),
    reveal: async (name) => (await load()).reveal(name).toString('utf8'),
    remove: async (name) => (await load()).remove(name),
    exists: async (name) => (await load()).find(name) !== undefined,
  };
}
