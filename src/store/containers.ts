import type { Database } from './database.ts';
import type { ContainerRecord, ContainerState } from './records.ts';

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

const select = 'SELECT containers.*, names.name FROM containers JOIN names USING (id)';

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
    const row = this.#db.get<ContainerRow>(`${select} WHERE id = ?`, id);
    return row && toRecord(row);
  }

  ofPod(podId: string): ContainerRecord[] {
    return this.#db
      .all<ContainerRow>(`${select} WHERE pod_id = ? ORDER BY containers.rowid`, podId)
      .map(toRecord);
  }

  idsOfImage(imageId: string): string[] {
    return this.#db
      .all<{ id: string }>('SELECT id FROM containers WHERE image_id = ?', imageId)
      .map((row) => row.id);
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

  /** A start that failed before the first process ran: the container is what it was. */
  setError(id: string, error: string): void {
    this.#db.run('UPDATE containers SET error = ? WHERE id = ?', error, id);
  }

  delete(id: string): void {
    this.#db.run('DELETE FROM containers WHERE id = ?', id);
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
