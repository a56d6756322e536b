import type { ProcessIdentity } from '../host/processes.ts';
import type { Database } from './database.ts';
import type { HealthRecord, SupervisionRecord } from './records/supervision.ts';
import type { ContainerState } from './records.ts';

interface Row {
  container_id: string;
  restart_count: number;
  pause_ms: number;
  restarter: string | null;
  user_signal: number | null;
  health: string | null;
  health_timer: string | null;
}

interface WatchedRow {
  container_id: string;
  restarter: string | null;
  health_timer: string | null;
  policy: string | null;
  interval_ms: number | null;
  state: ContainerState;
  process: string | null;
  monitor: string | null;
}

export interface WatchedContainer {
  readonly containerId: string;
  /** It has a restart policy. */
  readonly restarts: boolean;
  /** Its health is checked at intervals. */
  readonly isChecked: boolean;
  readonly state: ContainerState;
  readonly restarter?: ProcessIdentity;
  readonly healthTimer?: ProcessIdentity;
  readonly process?: ProcessIdentity;
  readonly monitor?: ProcessIdentity;
}

/**
 * What is remembered of containers that something watches over: a restart policy, a health check. Others have no
 * row here; a row goes with its container.
 */
export class SupervisionTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): Map<string, SupervisionRecord> {
    const rows = this.#db.all<Row>('SELECT * FROM supervision');
    return new Map(rows.map((row) => [row.container_id, toRecord(row)]));
  }

  /** Containers of this boot with what tells whether somebody still attends to them. */
  watched(bootId: string): WatchedContainer[] {
    return this.#db
      .all<WatchedRow>(
        `SELECT container_id, restarter, health_timer, state, process, monitor,
         spec ->> '$.restart.policy' AS policy, spec ->> '$.healthcheck.intervalMs' AS interval_ms FROM supervision
         JOIN containers ON containers.id = container_id WHERE boot_id = ?`,
        bootId,
      )
      .map((row) => ({
        containerId: row.container_id,
        state: row.state,
        restarts: row.policy !== null,
        isChecked: (row.interval_ms ?? 0) > 0,
        ...(row.restarter ? { restarter: JSON.parse(row.restarter) } : {}),
        ...(row.health_timer ? { healthTimer: JSON.parse(row.health_timer) } : {}),
        ...(row.process ? { process: JSON.parse(row.process) } : {}),
        ...(row.monitor ? { monitor: JSON.parse(row.monitor) } : {}),
      }));
  }

  get(containerId: string): SupervisionRecord | undefined {
    const row = this.#db.get<Row>('SELECT * FROM supervision WHERE container_id = ?', containerId);
    return row && toRecord(row);
  }

  /** Watched over from now on, as if nothing had been before. */
  begin(containerId: string): void {
    this.#db.run(
      `INSERT INTO supervision (container_id) VALUES (?)
       ON CONFLICT DO UPDATE SET restarter = NULL, user_signal = NULL, restart_count = 0, pause_ms = 0`,
      containerId,
    );
  }

  /** It is to be started again after a pause, by that process. */
  restarting(
    containerId: string,
    next: { restartCount: number; pauseMs: number; restarter: ProcessIdentity },
  ): void {
    this.#db.run(
      `INSERT INTO supervision (container_id, restart_count, pause_ms, restarter) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT DO UPDATE SET restart_count = ?2, pause_ms = ?3, restarter = ?4`,
      containerId,
      next.restartCount,
      next.pauseMs,
      JSON.stringify(next.restarter),
    );
  }

  /** Another process looks after it; false where it is no longer as it was, since somebody else has done so. */
  handOver(from: WatchedContainer, to: ProcessIdentity): boolean {
    return (
      this.#db.run(
        `UPDATE supervision SET restarter = ? WHERE container_id = ? AND restarter IS ?
         AND EXISTS (SELECT 1 FROM containers WHERE id = container_id AND state = ?)`,
        JSON.stringify(to),
        from.containerId,
        from.restarter ? JSON.stringify(from.restarter) : null,
        from.state,
      ) === 1
    );
  }

  /** What was sent to the process that has ended says nothing about the next. */
  forgetSignal(containerId: string): void {
    this.#db.run('UPDATE supervision SET user_signal = NULL WHERE container_id = ?', containerId);
  }

  setUserSignal(containerId: string, signal: number): void {
    this.#db.run(
      `INSERT INTO supervision (container_id, user_signal) VALUES (?1, ?2)
       ON CONFLICT DO UPDATE SET user_signal = ?2`,
      containerId,
      signal,
    );
  }

  setHealth(containerId: string, health: HealthRecord): void {
    this.#db.run(
      `INSERT INTO supervision (container_id, health) VALUES (?1, ?2)
       ON CONFLICT DO UPDATE SET health = ?2`,
      containerId,
      JSON.stringify(health),
    );
  }

  /** False where somebody else has set another since `from`. */
  setHealthTimer(containerId: string, from: ProcessIdentity | undefined, timer: ProcessIdentity): boolean {
    return (
      this.#db.run(
        'UPDATE supervision SET health_timer = ? WHERE container_id = ? AND health_timer IS ?',
        JSON.stringify(timer),
        containerId,
        from ? JSON.stringify(from) : null,
      ) === 1
    );
  }

  forgetHealthTimer(containerId: string): void {
    this.#db.run('UPDATE supervision SET health_timer = NULL WHERE container_id = ?', containerId);
  }

  /** Nobody waits to start it: it runs, or stays as it is. */
  forgetRestart(containerId: string): void {
    this.#db.run('UPDATE supervision SET restarter = NULL WHERE container_id = ?', containerId);
  }
}

function toRecord(row: Row): SupervisionRecord {
  return {
    restartCount: row.restart_count,
    pauseMs: row.pause_ms,
    ...(row.restarter ? { restarter: JSON.parse(row.restarter) } : {}),
    ...(row.user_signal === null ? {} : { userSignal: row.user_signal }),
    ...(row.health ? { health: JSON.parse(row.health) } : {}),
    ...(row.health_timer ? { healthTimer: JSON.parse(row.health_timer) } : {}),
  };
}
