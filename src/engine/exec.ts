import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pumpAttach } from '../container/attach.ts';
import { availableCapabilities } from '../container/capabilities.ts';
import { parseDetachKeys } from '../container/detach-keys.ts';
import { createFailure, lastMessage } from '../container/exit-status.ts';
import { HeldStderr } from '../container/held-stderr.ts';
import { isSurelyInvocable } from '../container/invocable.ts';
import type { OciConfig } from '../container/oci-config.ts';
import type { OciProcess } from '../container/oci-process.ts';
import { isPeapodError, PeapodError } from '../errors.ts';
import { inheritedFds } from '../host/inherited.ts';
import type { ContainerRecord } from '../store/records.ts';
import { isOutOfReach } from './alive.ts';
import { insideCgroups } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { makeSessionDirectory, sessionFiles } from './exec-sessions.ts';
import type { Lifecycle } from './lifecycle.ts';
import { newId } from './names.ts';
import { parseEnvironment } from './parse-options.ts';
import type { ExecRequest } from './requests.ts';
import { planRootfs, userOf } from './rootfs.ts';

/**
 * Runs a further process in a running container, with this process' stdio; returns its exit code, 0 where it was
 * left running, whose id `onDetached` gets where that was asked for. Throws WRONG_STATE, COMMAND_NOT_FOUND (127),
 * COMMAND_NOT_EXECUTABLE (126); the exit code of any other failure is 255, and of all where it was to be left running 125.
 */
export async function execIn(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
  request: ExecRequest,
  onDetached: (sessionId: string) => void = () => {},
): Promise<number> {
  const env = parseEnvironment(request.env, request.envFiles, context.facts.env);
  try {
    return await execWith(context, lifecycle, record, { ...request, env }, onDetached);
  } catch (error) {
    throw sessionFailure(error, request.detach);
  }
}

/** With podman's exit code. */
function sessionFailure(error: unknown, detach: boolean): unknown {
  if (!isPeapodError(error) || error.code === 'INTERRUPTED') return error;
  const isOfCommand = error.code === 'COMMAND_NOT_FOUND' || error.code === 'COMMAND_NOT_EXECUTABLE';
  if (isOfCommand && !detach) return error;
  const { code, message, hint, cause } = error;
  const exitCode = detach ? 125 : 255;
  return new PeapodError(code, message, { ...(hint ? { hint } : {}), cause, exitCode });
}

type ParsedExec = Omit<ExecRequest, 'env'> & { readonly env: Readonly<Record<string, string>> };

async function execWith(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
  request: ParsedExec,
  onDetached: (sessionId: string) => void,
): Promise<number> {
  if (request.command.length === 0) {
    const message = 'must provide a non-empty command to start an exec session: invalid argument';
    throw new PeapodError('INVALID_ARGUMENT', message, { hint: "See 'peapod exec --help'" });
  }
  if (!lifecycle.isRunning(record) || record.state === 'paused') {
    throw new PeapodError(
      'WRONG_STATE',
      `can only create exec sessions on running containers: container state improper`,
      {
        hint: `${record.name} is ${record.state}; peapod ${record.state === 'paused' ? 'unpause' : 'start'} ${record.name} mends that`,
      },
    );
  }
  if (isOutOfReach(context, record)) {
    throw new PeapodError('WRONG_STATE', `the runtime directory of ${record.name} is gone`, {
      hint: `peapod restart ${record.name} makes it anew`,
    });
  }
  if (request.detachKeys !== undefined) parseDetachKeys(request.detachKeys);
  const runtimeDir = context.paths.containerRuntime(record.id);
  const sessionId = newId();
  const config = JSON.parse(readFileSync(join(runtimeDir, 'config.json'), 'utf8')) as OciConfig;
  const process = await execProcess(context, record, config.process, request);
  const dir = makeSessionDirectory(context, record.id, sessionId);
  const { processFile, logFile } = sessionFiles(dir);
  writeFileSync(processFile, JSON.stringify(process), { mode: 0o600 });
  try {
    context.events.container('exec', record);
    const session = { context, lifecycle, record, request, process, sessionId, dir, processFile, logFile };
    if (request.detach) {
      await runDetached(session);
      onDetached(sessionId);
      return 0;
    }
    const exitCode = request.tty ? await runOnTerminal(session) : await runInForeground(session);
    context.events.container('exec_died', record, { ContainerExitCode: exitCode });
    return exitCode;
  } finally {
    // One under a monitor may go on, and its directory with it.
    const own = request.detach || request.tty ? [] : [dir];
    for (const path of [processFile, logFile, ...own]) rmSync(path, { recursive: true, force: true });
  }
}

interface Session {
  readonly context: Context;
  readonly lifecycle: Lifecycle;
  readonly record: ContainerRecord;
  readonly request: ParsedExec;
  readonly process: OciProcess;
  readonly sessionId: string;
  readonly dir: string;
  readonly processFile: string;
  readonly logFile: string;
}

/** By crun alone: the standard streams are the caller's own, byte for byte. */
async function runInForeground(session: Session): Promise<number> {
  const { context, lifecycle, record, request, dir, processFile, logFile } = session;
  const { preserveFds } = request;
  // crun complains on the command's own standard error, which is what it gets where nothing is wrong.
  const isSure = isSurelyInvocable(`/proc/${record.process?.pid}/root`, session.process);
  const held = isSure ? undefined : new HeldStderr(logFile);
  const fds = inheritedFds(preserveFds, context.paths.root);
  const runner = await insideCgroups(context);
  const words = lifecycle.crun.command(
    '--log-format=json',
    `--log=${logFile}`,
    'exec',
    ...(preserveFds > 0 ? [`--preserve-fds=${preserveFds}`] : []),
    `--process=${processFile}`,
    `--pid-file=${join(dir, 'pidfile')}`,
    record.id,
  );
  let signal = (_: NodeJS.Signals) => {};
  const exitCode = await context.interrupt.forwarding(
    // A ^C the terminal has sent to the command, too.
    (received) => received !== 'SIGINT' && signal(received),
    () =>
      runner.foreground(words, {
        stdio: request.interactive ? 'all' : 'output',
        fds,
        onStart: (send) => {
          signal = send;
        },
        ...(held ? { onStderr: (bytes) => held.receive(bytes) } : {}),
      }),
  );
  await held?.end();
  const said = exitCode === 0 ? '' : lastMessage(logFile);
  if (said !== '') throw createFailure(said, request.command[0] ?? '');
  return exitCode;
}

/** Under a conmon of its own, which holds the terminal when its user detaches: then 0. */
async function runOnTerminal(session: Session): Promise<number> {
  const { context, request } = session;
  const { startCoupled } = await import('../container/exec-monitor.ts');
  const monitored = await startCoupled(await insideCgroups(context), monitorRequest(session));
  try {
    const { ended } = await pumpAttach(monitored.connection, {
      ctlPath: monitored.ctlPath,
      stdin: request.interactive,
      tty: true,
      detachKeys: request.detachKeys,
      signal: context.interrupt.signal,
    });
    context.interrupt.check();
    return ended === 'detached' ? 0 : await monitored.exitCode();
  } finally {
    monitored.close();
  }
}

async function runDetached(session: Session): Promise<void> {
  const { startDetached } = await import('../container/exec-monitor.ts');
  await startDetached(await insideCgroups(session.context), monitorRequest(session));
}

function monitorRequest(session: Session) {
  const { lifecycle, record, request, sessionId, dir, processFile, logFile } = session;
  return {
    containerId: record.id,
    sessionId,
    dir,
    crun: lifecycle.crun,
    processFile,
    logFile,
    terminal: request.tty,
    stdin: request.interactive,
    command: request.command[0] ?? '',
  };
}

/** The container's own process with what the request changes. */
async function execProcess(
  context: Context,
  record: ContainerRecord,
  first: OciProcess,
  request: ParsedExec,
): Promise<OciProcess> {
  const { env } = request;
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
