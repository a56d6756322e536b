import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { PeapodError } from '../errors.ts';
import { makeStateDirectory } from '../host/paths.ts';
import { migrations } from './schema.ts';

/**
 * The one door to SQLite. Transactions are short and never span a process spawn; writers queue for
 * `busyTimeoutMs` at the most.
 */
export class Database {
  readonly raw: DatabaseSync;
  readonly #busyTimeoutMs: number;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, busyTimeoutMs = 10_000) {
    makeStateDirectory(dirname(path), '--root');
    this.raw = new DatabaseSync(path);
    this.#busyTimeoutMs = busyTimeoutMs;
    this.raw.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    this.#patiently(() =>
      this.raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON'),
    );
    this.#migrate(path);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#patiently(() => this.#prepare(sql).all(...values)) as Row[];
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return (this.#patiently(() => this.#prepare(sql).get(...values)) as Row | null) ?? undefined;
  }

  /** Returns the number of changed rows. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#patiently(() => this.#prepare(sql).run(...values)).changes);
  }

  /** Takes the write lock first, so that what `work` has read is still true when it writes. */
  transaction<T>(work: () => T): T {
    this.#patiently(() => this.raw.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      this.raw.exec('COMMIT');
      return result;
    } catch (error) {
      this.raw.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.raw.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.raw.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #version(): number {
    return (this.raw.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
  }

  #migrate(path: string): void {
    const found = this.#version();
    if (found === migrations.length) return;
    if (found > migrations.length) {
      throw new PeapodError('HOST_UNFIT', `${path} was written by a newer peapod (schema ${found})`, {
        hint: 'use that version, or another --root',
      });
    }
    this.transaction(() => {
      // Another process may have been first while this one waited for the lock.
      for (let version = this.#version(); version < migrations.length; version++) {
        const migration = migrations[version];
        if (typeof migration === 'function') migration(this.raw, dirname(path));
        else this.raw.exec(migration as string);
        this.raw.exec(`PRAGMA user_version = ${version + 1}`);
      }
    });
  }

  /**
   * SQLite waits for other writers, but answers "database is locked" at once where waiting could be for ever: while
   * a new database is switched to WAL, while the last connection cleans up behind itself. A statement that was
   * answered so has done nothing.
   */
  #patiently<T>(work: () => T): T {
    const deadline = performance.now() + this.#busyTimeoutMs;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!/database is (locked|busy)/.test((error as Error).message) || performance.now() > deadline)
          throw error;
        Bun.sleepSync(2);
      }
    }
  }
}
