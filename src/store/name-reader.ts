import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { migrations } from './schema.ts';

export type StoredKind = 'container' | 'pod' | 'image' | 'volume' | 'secret';

export interface NamedThing<Kind = StoredKind> {
  readonly kind: Kind;
  /** Empty where it has none. */
  readonly name: string;
  readonly id?: string;
  /** Of containers. */
  readonly state?: string;
}

const queries: Readonly<Record<StoredKind, string>> = {
  container: 'SELECT name, id, state FROM containers JOIN names USING (id) ORDER BY name',
  pod: 'SELECT name, id FROM pods JOIN names USING (id) ORDER BY name',
  image: `SELECT coalesce(name, '') AS name, id FROM images LEFT JOIN image_names ON image_id = id ORDER BY name`,
  volume: 'SELECT name FROM volumes ORDER BY name',
  secret: 'SELECT name, id FROM secrets ORDER BY name',
};

/**
 * What is called how, read without writing a byte: no database is made or brought up to date, no recovery is done.
 * Empty where there is no database, or not one of this version.
 */
export function readNames(database: string, kinds: readonly StoredKind[]): NamedThing[] {
  if (sizeOf(database) === 0) return [];
  const db = new DatabaseSync(locationOf(database), { readOnly: true });
  try {
    const { user_version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (user_version !== migrations.length) return [];
    return kinds.flatMap((kind) =>
      (db.prepare(queries[kind]).all() as Omit<NamedThing, 'kind'>[]).map((row) => ({ kind, ...row })),
    );
  } finally {
    db.close();
  }
}

/**
 * Even a reader makes a write-ahead log and its index where there are none, and leaves them behind. Without a log
 * the file itself is all there is, and nobody writes to it.
 */
function locationOf(database: string): string {
  if (sizeOf(`${database}-wal`) > 0) return database;
  return `${pathToFileURL(database).href}?immutable=1`;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
