import type { Database } from './database.ts';
import type { ContainerRecord, ContainerSpec, ContainerState } from './records.ts';

interface ContainerRow {
  id: string;
  name: string;
  pod_id: string | null;
  sandbox_id: string;
  created_at_ms: number;
  spec: string;
  create_command: string;
  state: ContainerState;
  boot_id: string;
  process: string | null;
  monitor: string | null;
  started_at_ms: number | null;
  finished_at_ms: number | null;
  exit_code: number | null;
  oom_killed: number;
  error: string | null;
}

/** As long as podman remembers the exit code of a container that is gone. */
const exitCodeKeptMs = 5 * 60_000;

const select = 'SELECT containers.*, names.name FROM containers JOIN names ON names.id = containers.id';

export class ContainerTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Oldest first. */
  all(): ContainerRecord[] {
    return this.#db.all<ContainerRow>(`${select} ORDER BY containers.rowid`).map(toRecord);
  }

  get(id: string): ContainerRecord | undefined {
    const row = this.#db.get<ContainerRow>(`${select} WHERE containers.id = ?`, id);
    return row && toRecord(row);
  }

  ofPod(podId: string): ContainerRecord[] {
    return this.#db
      .all<ContainerRow>(`${select} WHERE pod_id = ? ORDER BY containers.rowid`, podId)
      .map(toRecord);
  }

  /** Those that run it or have it mounted. */
  idsOfImage(imageId: string): string[] {
    return this.#db
      .all<{ id: string }>(
        `SELECT id FROM containers WHERE image_id = ?1 OR EXISTS
         (SELECT 1 FROM json_each(spec, '$.mounts') WHERE json_extract(value, '$.imageId') = ?1)`,
        imageId,
      )
      .map((row) => row.id);
  }

  /** Those on its network (`--network container:`), oldest first. */
  dependentsOf(id: string): ContainerRecord[] {
    return this.#db
      .all<ContainerRow>(
        `${select} JOIN sandboxes ON sandboxes.id = sandbox_id
         WHERE json_extract(sandboxes.spec, '$.network.containerId') = ?1
         OR json_extract(containers.spec, '$.userns.mode') = 'container:' || ?1
         OR EXISTS (SELECT 1 FROM json_each(containers.spec, '$.requires') WHERE value = ?1)
         ORDER BY containers.rowid`,
        id,
      )
      .map(toRecord);
  }

  insert(container: ContainerRecord): void {
    const { spec } = container;
    this.#db.run(
      `INSERT INTO containers (id, pod_id, sandbox_id, image_id, created_at_ms, spec, create_command, state, boot_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      container.id,
      container.podId ?? null,
      container.sandboxId,
      spec.rootfs.kind === 'image' ? spec.rootfs.imageId : null,
      container.createdAtMs,
      JSON.stringify(spec),
      JSON.stringify(container.createCommand),
      container.state,
      container.bootId,
    );
  }

  setRunning(
    id: string,
    now: Required<Pick<ContainerRecord, 'process' | 'monitor' | 'startedAtMs' | 'bootId'>>,
  ): void {
    this.#db.run(
      `UPDATE containers SET state = 'running', process = ?, monitor = ?, started_at_ms = ?, boot_id = ?,
       finished_at_ms = NULL, exit_code = NULL, oom_killed = 0, error = NULL WHERE id = ?`,
      JSON.stringify(now.process),
      JSON.stringify(now.monitor),
      now.startedAtMs,
      now.bootId,
      id,
    );
  }

  /** Created in the runtime: what runs at the start is there. */
  setInitialized(id: string, now: Required<Pick<ContainerRecord, 'process' | 'monitor' | 'bootId'>>): void {
    this.#db.run(
      `UPDATE containers SET state = 'created', process = ?, monitor = ?, boot_id = ?, exit_code = NULL WHERE id = ?`,
      JSON.stringify(now.process),
      JSON.stringify(now.monitor),
      now.bootId,
      id,
    );
  }

  setExited(
    id: string,
    now: { finishedAtMs: number; exitCode: number; oomKilled: boolean; error?: string },
  ): void {
    this.#db.run(
      `UPDATE containers SET state = 'exited', process = NULL, monitor = NULL, finished_at_ms = ?,
       exit_code = ?, oom_killed = ?, error = ? WHERE id = ?`,
      now.finishedAtMs,
      now.exitCode,
      now.oomKilled ? 1 : 0,
      now.error ?? null,
      id,
    );
  }

  /** What its next start is to be like. */
  setSpec(id: string, spec: ContainerSpec): void {
    this.#db.run('UPDATE containers SET spec = ? WHERE id = ?', JSON.stringify(spec), id);
  }

  /** A start that failed before the first process ran: the container is what it was. */
  setError(id: string, error: string): void {
    this.#db.run('UPDATE containers SET error = ? WHERE id = ?', error, id);
  }

  setPaused(id: string, paused: boolean): void {
    this.#db.run(
      "UPDATE containers SET state = ? WHERE id = ? AND state IN ('running', 'paused')",
      paused ? 'paused' : 'running',
      id,
    );
  }

  /** Its exit code stays known for a while. */
  delete(id: string): void {
    const now = Date.now();
    this.#db.run('DELETE FROM exit_codes WHERE removed_at_ms < ?', now - exitCodeKeptMs);
    this.#db.run(
      `INSERT OR REPLACE INTO exit_codes
       SELECT id, exit_code, ? FROM containers WHERE id = ? AND exit_code IS NOT NULL`,
      now,
      id,
    );
    this.#db.run('DELETE FROM containers WHERE id = ?', id);
  }

  /** Of the last run, also of a container that was removed minutes ago; undefined where none is known. */
  exitCodeOf(id: string): number | undefined {
    const row = this.#db.get<{ exit_code: number | null }>(
      'SELECT exit_code FROM containers WHERE id = ?1 UNION ALL SELECT exit_code FROM exit_codes WHERE id = ?1',
      id,
    );
    return row?.exit_code ?? undefined;
  }
}

function toRecord(row: ContainerRow): ContainerRecord {
  return {
    id: row.id,
    name: row.name,
    ...(row.pod_id ? { podId: row.pod_id } : {}),
    sandboxId: row.sandbox_id,
    createdAtMs: row.created_at_ms,
    spec: JSON.parse(row.spec),
    createCommand: JSON.parse(row.create_command),
    state: row.state,
    bootId: row.boot_id,
    ...(row.process ? { process: JSON.parse(row.process) } : {}),
    ...(row.monitor ? { monitor: JSON.parse(row.monitor) } : {}),
    ...(row.started_at_ms === null ? {} : { startedAtMs: row.started_at_ms }),
    ...(row.finished_at_ms === null ? {} : { finishedAtMs: row.finished_at_ms }),
    ...(row.exit_code === null ? {} : { exitCode: row.exit_code }),
    oomKilled: row.oom_killed === 1,
    ...(row.error ? { error: row.error } : {}),
  };
}
