import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OciConfig } from '../container/oci-config.ts';
import { PeapodError } from '../errors.ts';
import { processGroup } from '../host/processes.ts';
import type { HealthcheckSpec, HealthResult } from '../store/records/supervision.ts';
import type { ContainerRecord } from '../store/records.ts';
import { insideCgroups } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { sendSignal } from './end-process.ts';
import { nextHealth } from './health.ts';
import type { Lifecycle } from './lifecycle.ts';
import { newId } from './names.ts';
import { forgetOomKills } from './oom-kills.ts';

/** As much output as podman keeps of a check. */
const maxOutputLength = 500;

/**
 * Checks the health of a running container once, writes down the result, and does what is to be done where it has
 * become unhealthy. True where the check has passed. Throws WRONG_STATE, INVALID_ARGUMENT.
 */
export async function checkHealth(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
): Promise<boolean> {
  const { store, events } = context;
  const { id, spec } = record;
  const { healthcheck } = spec;
  if (!healthcheck)
    throw new PeapodError('INVALID_ARGUMENT', `container ${id} has no defined healthcheck`, {
      hint: 'make it anew with --health-cmd',
    });
  if (!lifecycle.isRunning(record) || record.state === 'paused') {
    throw new PeapodError('WRONG_STATE', `container ${id} is not running`);
  }
  const result = await runCheck(context, lifecycle, record, healthcheck);
  const now = store.db.transaction(() => {
    const current = store.containers.get(id);
    // It has ended or was started anew meanwhile: the result is about another.
    if (!current || current.startedAtMs !== record.startedAtMs || !lifecycle.isRunning(current)) return;
    const next = nextHealth(healthcheck, store.supervision.get(id)?.health, result, record.startedAtMs ?? 0);
    store.supervision.setHealth(id, next);
    return next;
  });
  if (!now) return result.exitCode === 0;
  events.container('health_status', record, { HealthStatus: now.status });
  if (now.status === 'unhealthy') await act(context, lifecycle, record, healthcheck);
  return result.exitCode === 0;
}

/** `kill` is no user's: a restart policy goes on from there. */
async function act(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
  spec: HealthcheckSpec,
): Promise<void> {
  if (spec.onFailure === 'kill' && record.process) {
    context.events.container('kill', record);
    forgetOomKills(context, record.id);
    await sendSignal(context, record.process, 9);
  }
  if (spec.onFailure === 'stop' || spec.onFailure === 'restart') await lifecycle.stop(record.id);
  if (spec.onFailure === 'restart') await lifecycle.start(record.id);
}

/** In the container, as its first process is, without its terminal. */
async function runCheck(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
  spec: HealthcheckSpec,
): Promise<HealthResult> {
  const runtimeDir = context.paths.containerRuntime(record.id);
  const base = join(runtimeDir, `health-${newId().slice(0, 8)}`);
  const [processFile, pidFile] = [`${base}.json`, `${base}.pid`];
  const config = JSON.parse(readFileSync(join(runtimeDir, 'config.json'), 'utf8')) as OciConfig;
  const [kind, ...words] = spec.test;
  const args = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words;
  writeFileSync(processFile, JSON.stringify({ ...config.process, terminal: false, args }), { mode: 0o600 });
  const startMs = Date.now();
  try {
    const command = lifecycle.crun.command(
      'exec',
      `--process=${processFile}`,
      `--pid-file=${pidFile}`,
      record.id,
    );
    const runner = await insideCgroups(context);
    const child = runner.start(command, ['ignore', 'pipe', 'pipe']);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        if (output.length < maxOutputLength) output += chunk;
      });
    }
    const ended = Promise.withResolvers<number>();
    child.on('error', ended.reject);
    child.on('exit', (code) => ended.resolve(code ?? 1));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void endCheck(context, pidFile).finally(() => child.kill('SIGKILL'));
    }, spec.timeoutMs);
    const exitCode = await ended.promise.finally(() => clearTimeout(timer));
    const said = late ? `Health check exceeded timeout (${spec.timeoutMs / 1000}s)` : output;
    return {
      startMs,
      endMs: Date.now(),
      exitCode: late ? -1 : exitCode,
      output: said.trimEnd().slice(0, maxOutputLength),
    };
  } finally {
    rmSync(processFile, { force: true });
    rmSync(pidFile, { force: true });
  }
}

/** The command with what it has started: it does not end with the program that waits for it. */
async function endCheck(context: Context, pidFile: string): Promise<void> {
  const group = processGroup(Number(readFileSync(pidFile, 'utf8')));
  // 0 and 1 are no groups of anything that we started.
  if (group === undefined || group < 2) return;
  const inside = await context.inside();
  await inside.run(['kill', '-KILL', '--', `-${group}`], { accept: 'any' });
}
