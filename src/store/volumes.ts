import type { Database } from './database.ts';
import type { VolumeRecord } from './records.ts';

export const volumeSchema = `
CREATE TABLE volumes (
  name          TEXT PRIMARY KEY,
  created_at_ms INTEGER NOT NULL,
  labels        TEXT NOT NULL DEFAULT '{}',
  options       TEXT NOT NULL DEFAULT '{}',
  anonymous     INTEGER NOT NULL DEFAULT 0,
  needs_copy_up INTEGER NOT NULL DEFAULT 1,
  needs_chown   INTEGER NOT NULL DEFAULT 1
) STRICT;

-- A volume that a container has cannot be deleted.
CREATE TABLE volume_users (
  container_id TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
  volume       TEXT NOT NULL REFERENCES volumes(name),
  PRIMARY KEY (container_id, volume)
) STRICT;
CREATE INDEX volume_users_volume ON volume_users(volume);
`;

interface Row {
  name: string;
  created_at_ms: number;
  labels: string;
  options: string;
  anonymous: number;
  needs_copy_up: number;
  needs_chown: number;
}

/** Volumes and the containers that have them, running or not. */
export class VolumeTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): VolumeRecord[] {
    return this.#db.all<Row>('SELECT * FROM volumes ORDER BY name').map(toRecord);
  }

  get(name: string): VolumeRecord | undefined {
    const row = this.#db.get<Row>('SELECT * FROM volumes WHERE name = ?', name);
    return row && toRecord(row);
  }

  /** Names that begin so; two at the most. */
  namesFrom(prefix: string): string[] {
    return this.#db
      .all<{ name: string }>(
        'SELECT name FROM volumes WHERE substr(name, 1, ?) = ? LIMIT 2',
        prefix.length,
        prefix,
      )
      .map(({ name }) => name);
  }

  /** False where one of that name exists. */
  insert(volume: VolumeRecord): boolean {
    return (
      this.#db.run(
        `INSERT OR IGNORE INTO volumes (name, created_at_ms, labels, options, anonymous, needs_copy_up, needs_chown)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        volume.name,
        volume.createdAtMs,
        JSON.stringify(volume.labels),
        JSON.stringify(volume.options),
        volume.anonymous ? 1 : 0,
        volume.needsCopyUp ? 1 : 0,
        volume.needsChown ? 1 : 0,
      ) === 1
    );
  }

  /** What is left out stays as it is. */
  setNeeds(name: string, needs: { copyUp?: boolean; chown?: boolean }): void {
    const bit = (value: boolean | undefined) => (value === undefined ? null : value ? 1 : 0);
    this.#db.run(
      `UPDATE volumes SET needs_copy_up = coalesce(?, needs_copy_up), needs_chown = coalesce(?, needs_chown)
       WHERE name = ?`,
      bit(needs.copyUp),
      bit(needs.chown),
      name,
    );
  }

  /** Within the transaction that writes the container. */
  use(containerId: string, name: string): void {
    this.#db.run(
      'INSERT OR IGNORE INTO volume_users (container_id, volume) VALUES (?, ?)',
      containerId,
      name,
    );
  }

  /** Ids of the containers that have it, oldest first. */
  usersOf(name: string): string[] {
    return this.#db
      .all<{ id: string }>(
        'SELECT container_id AS id FROM volume_users WHERE volume = ? ORDER BY rowid',
        name,
      )
      .map(({ id }) => id);
  }

  usedBy(containerId: string): string[] {
    return this.#db
      .all<{ name: string }>('SELECT volume AS name FROM volume_users WHERE container_id = ?', containerId)
      .map(({ name }) => name);
  }

  /** Container ids by volume; volumes without any are left out. */
  users(): Map<string, string[]> {
    const rows = this.#db.all<{ volume: string; id: string }>(
      'SELECT volume, container_id AS id FROM volume_users ORDER BY rowid',
    );
    const byVolume = Map.groupBy(rows, ({ volume }) => volume);
    return new Map([...byVolume].map(([volume, its]) => [volume, its.map(({ id }) => id)]));
  }

  /** False where it is gone already. Throws what SQLite says where a container has it. */
  delete(name: string): boolean {
    return this.#db.run('DELETE FROM volumes WHERE name = ?', name) === 1;
  }
}

function toRecord(row: Row): VolumeRecord {
  return {
    name: row.name,
    createdAtMs: row.created_at_ms,
    labels: JSON.parse(row.labels),
    options: JSON.parse(row.options),
    anonymous: row.anonymous === 1,
    needsCopyUp: row.needs_copy_up === 1,
    needsChown: row.needs_chown === 1,
  };
}
