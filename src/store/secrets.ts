import type { Database } from './database.ts';
import type { SecretRecord } from './records.ts';

/** What is secret lies in files of their own, which only their owner can read. */
export const secretSchema = `
CREATE TABLE secrets (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  labels        TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
`;

interface Row {
  id: string;
  name: string;
  labels: string;
  created_at_ms: number;
}

export class SecretTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** By name. */
  all(): SecretRecord[] {
    return this.#db.all<Row>('SELECT * FROM secrets ORDER BY name').map(toRecord);
  }

  get(nameOrId: string): SecretRecord | undefined {
    const row = this.#db.get<Row>('SELECT * FROM secrets WHERE name = ? OR id = ?', nameOrId, nameOrId);
    return row && toRecord(row);
  }

  /** Those whose ids begin so; two at the most. */
  from(prefix: string): SecretRecord[] {
    return this.#db
      .all<Row>('SELECT * FROM secrets WHERE substr(id, 1, ?) = ? LIMIT 2', prefix.length, prefix)
      .map(toRecord);
  }

  insert(secret: SecretRecord): void {
    this.#db.run(
      'INSERT INTO secrets (id, name, labels, created_at_ms) VALUES (?, ?, ?, ?)',
      secret.id,
      secret.name,
      JSON.stringify(secret.labels),
      secret.createdAtMs,
    );
  }

  delete(id: string): void {
    this.#db.run('DELETE FROM secrets WHERE id = ?', id);
  }
}

function toRecord(row: Row): SecretRecord {
  return { id: row.id, name: row.name, labels: JSON.parse(row.labels), createdAtMs: row.created_at_ms };
}
