import { readFileSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import type { SecretRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { namePattern } from './filter-views.ts';
import { type Filters, selectBy } from './filters.ts';
import { parseLabels } from './parse-options.ts';
import {
  driverOptions,
  parseDriverOptions,
  removeSecretFile,
  secretFile,
  secretFileNames,
  writeSecretFile,
} from './secret-files.ts';
import type { SecretCreateRequest } from './storage-requests.ts';
import type { SecretView } from './views.ts';

/** podman's, which is docker's. */
const maxBytes = 512_000;
const namePatternOfPodman = /^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])?$/;

/** Secrets: a row each, and a file that holds nothing but what is secret. */
export class Secrets {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Returns the id. Throws NAME_IN_USE, INVALID_ARGUMENT, NOT_FOUND for a source that is missing. */
  create(request: SecretCreateRequest): string {
    const { name, driver = 'file' } = request;
    if (!namePatternOfPodman.test(name)) {
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]: ${name}: invalid secret name`,
      );
    }
    if (driver !== 'file')
      throw new PeapodError('INVALID_ARGUMENT', `invalid driver "${driver}"`, {
        hint: 'only "file" is there',
      });
    const directory = parseDriverOptions(request.driverOptions, process.cwd());
    const labels = parseLabels(request.labels, []);
    const data = this.#read(request);
    if (data.length === 0 || data.length >= maxBytes) {
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `secret data must be larger than 0 and less than ${maxBytes} bytes`,
        { hint: 'the data is all that the file, standard input or the variable holds' },
      );
    }
    const { secrets, db } = this.#context.store;
    const id = crypto.getRandomValues(new Uint8Array(13)).toHex().slice(0, 25);
    db.transaction(() => {
      const existing = secrets.get(name);
      if (existing && !request.replace) {
        throw new PeapodError('NAME_IN_USE', `${name}: secret name in use`, {
          hint: 'choose another name, or use --replace',
        });
      }
      if (existing) this.#delete(existing.id);
      this.#sweep();
      secrets.insert({ id, name, labels, createdAtMs: Date.now() });
      writeSecretFile(this.#context, id, data, directory);
    });
    return id;
  }

  list(filters: Filters): SecretView[] {
    const byPattern = (of: (view: SecretView) => string) => (view: SecretView, value: string) =>
      namePattern(value).test(of(view));
    return selectBy(
      this.#context.store.secrets.all(),
      filters,
      { name: byPattern(({ name }) => name), id: (view, value) => view.id.startsWith(value) },
      { unknown: (key) => `invalid filter "${key}"` },
    );
  }

  inspect(name: string): SecretView & { readonly driverOptions: Readonly<Record<string, string>> } {
    const record = this.require(name);
    return { ...record, driverOptions: { ...driverOptions(this.#context, record.id) } };
  }

  /** What is secret. */
  reveal(name: string): Buffer {
    return readFileSync(secretFile(this.#context, this.require(name).id));
  }

  find(nameOrId: string): SecretRecord | undefined {
    return findSecret(this.#context, nameOrId);
  }

  require(nameOrId: string): SecretRecord {
    return requireSecret(this.#context, nameOrId);
  }

  /** Returns the id. Containers keep what they were created with; variables are read at each start. */
  remove(nameOrId: string): string {
    const { id } = this.require(nameOrId);
    this.#context.store.db.transaction(() => {
      this.#delete(id);
      this.#sweep();
    });
    return id;
  }

  #delete(id: string): void {
    this.#context.store.secrets.delete(id);
    removeSecretFile(this.#context, id);
  }

  /** Files of commands that were killed; under the write lock, so that nobody is about to write their row. */
  #sweep(): void {
    const known = new Set(this.#context.store.secrets.all().map(({ id }) => id));
    for (const name of secretFileNames(this.#context))
      if (!known.has(name)) removeSecretFile(this.#context, name);
  }

  #read({ source, fromEnvironment }: SecretCreateRequest): Uint8Array {
    if (fromEnvironment) {
      const value = this.#context.facts.env[source];
      if (value !== undefined) return Buffer.from(value);
      throw new PeapodError(
        'NOT_FOUND',
        `cannot create store secret data: environment variable ${source} is not set`,
      );
    }
    try {
      return readFileSync(source === '-' ? 0 : source);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const why = missing ? 'no such file or directory' : (error as Error).message;
      throw new PeapodError('NOT_FOUND', `open ${source}: ${why}`, { cause: error });
    }
  }
}

function findSecret({ store }: Context, nameOrId: string): SecretRecord | undefined {
  const exact = store.secrets.get(nameOrId);
  if (exact || !/^[0-9a-f]+$/.test(nameOrId)) return exact;
  const [first, second] = store.secrets.from(nameOrId);
  if (second) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `more than one result secret with prefix ${nameOrId}: secret is ambiguous`,
      { hint: 'give more digits of the id, or its name' },
    );
  }
  return first;
}

/** By name, id, or an id's unambiguous beginning. Throws NOT_FOUND. */
export function requireSecret(context: Context, nameOrId: string): SecretRecord {
  const found = findSecret(context, nameOrId);
  if (found) return found;
  throw new PeapodError('NOT_FOUND', `no secret with name or id "${nameOrId}": no such secret`, {
    hint: 'peapod secret ls lists those there are',
  });
}
