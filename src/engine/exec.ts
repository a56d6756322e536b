import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableCapabilities } from '../container/capabilities.ts';
import { createFailure } from '../container/exit-status.ts';
import type { OciConfig } from '../container/oci-config.ts';
import type { OciProcess } from '../container/oci-process.ts';
import { PeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import { newId } from './names.ts';
import { parseEnvironment } from './parse-options.ts';
import type { ExecRequest } from './requests.ts';
import { planRootfs, userOf } from './rootfs.ts';

/**
 * Runs a further process in a running container, with this process' stdio and without a monitor of its own.
 * Returns its exit code. Throws WRONG_STATE, COMMAND_NOT_FOUND (127), COMMAND_NOT_EXECUTABLE (126).
 */
export async function execIn(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
  request: ExecRequest,
): Promise<number> {
  if (!lifecycle.isRunning(record) || record.state === 'paused') {
    throw new PeapodError(
      'WRONG_STATE',
      `can only create exec sessions on running containers: container state improper`,
      {
        hint: `${record.name} is ${record.state}; peapod ${record.state === 'paused' ? 'unpause' : 'start'} ${record.name} mends that`,
      },
    );
  }
  const runtimeDir = context.paths.containerRuntime(record.id);
  const token = newId().slice(0, 8);
  const processFile = join(runtimeDir, `exec-${token}.json`);
  const logFile = join(runtimeDir, `exec-${token}.log`);
  const config = JSON.parse(readFileSync(join(runtimeDir, 'config.json'), 'utf8')) as OciConfig;
  const process = await execProcess(context, record, config.process, request);
  writeFileSync(processFile, JSON.stringify(process), { mode: 0o600 });
  try {
    const runner = await context.inside();
    const words = lifecycle.crun.command(
      '--log-format=json',
      `--log=${logFile}`,
      'exec',
      ...(request.detach ? ['--detach'] : []),
      `--process=${processFile}`,
      record.id,
    );
    context.events.container('exec', record);
    const stdio = request.detach ? 'none' : request.interactive ? 'all' : 'output';
    const exitCode = await context.interrupt.forwarding(
      () => {}, // the terminal has sent it to the command, too
      () => runner.foreground(words, { stdio }),
    );
    if (!request.detach) context.events.container('exec_died', record, { ContainerExitCode: exitCode });
    const said = exitCode === 0 ? '' : lastMessage(logFile);
    if (said !== '') throw createFailure(said, request.command[0] ?? '');
    return exitCode;
  } finally {
    rmSync(processFile, { force: true });
    rmSync(logFile, { force: true });
  }
}

/** The container's own process with what the request changes. */
async function execProcess(
  context: Context,
  record: ContainerRecord,
  first: OciProcess,
  request: ExecRequest,
): Promise<OciProcess> {
  const env = parseEnvironment(request.env, request.envFiles, context.facts.env);
  const kept = first.env.filter((entry) => !Object.hasOwn(env, entry.split('=')[0] as string));
  const all = request.privileged ? availableCapabilities(context.facts.rootless) : undefined;
  const capabilities = all ? { bounding: all, effective: all, permitted: all } : first.capabilities;
  let user = first.user;
  if (request.user !== undefined) {
    const plan = await planRootfs(context, record);
    const { uid, gid, additionalGids } = await userOf(context, { user: request.user }, plan);
    user = { uid, gid, umask: first.user.umask, ...(additionalGids.length > 0 ? { additionalGids } : {}) };
  }
  return {
    ...first,
    terminal: request.tty,
    args: request.command,
    env: [...kept, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
    cwd: request.workdir ?? first.cwd,
    capabilities: user.uid === 0 || all ? capabilities : withoutEffective(capabilities),
    user,
  };
}

/** Only root has capabilities in effect; others keep the bounding set, as for the first process. */
function withoutEffective(sets: OciProcess['capabilities']): OciProcess['capabilities'] {
  return { ...sets, effective: [], permitted: [] };
}

/** What crun itself said, in its JSON log; empty where the command ran. */
function lastMessage(logFile: string): string {
  try {
    const line = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
    return line === '' ? '' : ((JSON.parse(line) as { msg?: string }).msg ?? '');
  } catch {
    return '';
  }
}
