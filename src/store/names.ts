import { PeapodError } from '../errors.ts';
import type { Database } from './database.ts';

export type Kind = 'pod' | 'container';

/** Names of pods and containers: one space for both, as podman has it. */
export class NameTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** As `claim`, and nothing is claimed. */
  check(name: string, kind: Kind): void {
    const holder = this.#db.get<{ kind: Kind; id: string }>(
      'SELECT kind, id FROM names WHERE name = ?',
      name,
    );
    if (holder) {
      throw new PeapodError(
        'NAME_IN_USE',
        `the ${kind} name "${name}" is already in use by ${holder.kind} ${holder.id.slice(0, 12)}`,
        { hint: 'choose another name, remove the holder, or use --replace' },
      );
    }
  }

  /** Throws NAME_IN_USE. */
  claim(name: string, kind: Kind, id: string): void {
    this.check(name, kind);
    this.#db.run('INSERT INTO names (name, kind, id) VALUES (?, ?, ?)', name, kind, id);
  }

  /** Throws NAME_IN_USE; the name that it has already is no error. */
  rename(id: string, kind: Kind, name: string): void {
    if (this.nameOf(id) === name) return;
    this.release(id);
    this.claim(name, kind, id);
  }

  release(id: string): void {
    this.#db.run('DELETE FROM names WHERE id = ?', id);
  }

  /** Only a query, so two processes may both see a name as free: `claim` decides. */
  isFree(name: string): boolean {
    return this.#db.get('SELECT 1 FROM names WHERE name = ?', name) === undefined;
  }

  /** The id behind a name, which is no id and no beginning of one. */
  idOf(kind: Kind, name: string): string | undefined {
    const sql = 'SELECT id FROM names WHERE kind = ? AND name = ?';
    return this.#db.get<{ id: string }>(sql, kind, name)?.id;
  }

  nameOf(id: string): string | undefined {
    return this.#db.get<{ name: string }>('SELECT name FROM names WHERE id = ?', id)?.name;
  }

  /**
   * The id behind a name, an id, or an id's unambiguous beginning; undefined where there is none.
   * Throws INVALID_ARGUMENT where several ids begin so.
   */
  resolve(kind: Kind, nameOrId: string): string | undefined {
    const exact = this.#db.get<{ id: string }>(
      'SELECT id FROM names WHERE kind = ? AND (name = ? OR id = ?)',
      kind,
      nameOrId,
      nameOrId,
    );
    if (exact) return exact.id;
    if (!/^[0-9a-f]+$/.test(nameOrId)) return undefined;
    const matches = this.#db.all<{ id: string }>(
      'SELECT id FROM names WHERE kind = ? AND id >= ? AND id < ? LIMIT 2',
      kind,
      nameOrId,
      `${nameOrId}g`,
    );
    if (matches.length > 1) {
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `more than one ${kind} has an id that begins with ${nameOrId}`,
        {
          hint: 'give more digits of the id, or its name',
        },
      );
    }
    return matches[0]?.id;
  }
}
