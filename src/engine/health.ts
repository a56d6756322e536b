import { join } from 'node:path';
import { isAlive, processGroup } from '../host/processes.ts';
import type { HealthcheckSpec, HealthRecord, HealthResult } from '../store/records/supervision.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { startGated } from './gated.ts';

/** As many as podman keeps. */
const maxResults = 5;
const starting: HealthRecord = { status: 'starting', failingStreak: 0, log: [] };

/**
 * A shell that has the health of one container checked for as long as there is its bundle: between two checks it
 * needs a twentieth of the memory that a sleeping peapod would.
 */
const timerScript =
  'interval=$1 bundle=$2; shift 2; while [ -e "$bundle" ]; do "$@"; sleep "$interval"; done';

/** A container has started: its health is not known yet, and who checks it is on the way. */
export function beginHealth(context: Context, record: ContainerRecord): void {
  const { healthcheck } = record.spec;
  if (!healthcheck) return;
  context.store.supervision.setHealth(record.id, starting);
  startHealthTimer(context, record);
}

/** In place of one that was killed, too. */
export function startHealthTimer(context: Context, record: ContainerRecord): void {
  const { supervision } = context.store;
  const intervalMs = record.spec.healthcheck?.intervalMs ?? 0;
  if (intervalMs === 0) return;
  const bundle = join(context.paths.containerRuntime(record.id), 'config.json');
  const words = ['sh', '-c', timerScript, 'sh', String(intervalMs / 1000), bundle];
  const from = supervision.get(record.id)?.healthTimer;
  startGated(context, [...words, ...context.self, 'healthcheck', 'run', record.id], (timer) =>
    supervision.setHealthTimer(record.id, from, timer),
  );
}

/** The container has ended. A check under way ends with its timer, except where it is this very process. Idempotent. */
export function endHealth(context: Context, record: ContainerRecord): void {
  if (!record.spec.healthcheck) return;
  const { supervision } = context.store;
  const timer = supervision.get(record.id)?.healthTimer;
  if (!timer) return;
  supervision.forgetHealthTimer(record.id);
  if (record.bootId !== context.facts.bootId || !isAlive(timer)) return;
  const whom = processGroup(process.pid) === timer.pid ? timer.pid : -timer.pid;
  try {
    process.kill(whom, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What a result makes of the health; `startedAtMs` is the container's. */
export function nextHealth(
  spec: HealthcheckSpec,
  before: HealthRecord = starting,
  result: HealthResult,
  startedAtMs: number,
): HealthRecord {
  const log = [...before.log, result].slice(-maxResults);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  // Until then a failure says only that it is not up yet.
  if (result.startMs < startedAtMs + spec.startPeriodMs) return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= spec.retries ? 'unhealthy' : before.status, failingStreak, log };
}
