import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type CommandOptions,
  eventually,
  expectSuccess,
  type Outcome,
  runCommand,
  Started,
} from './command.ts';
import { hostScript } from './host-script.ts';
import { type Internet, makeInternet } from './internet.ts';
import { findLeftovers, type HostState, readHostState } from './leftovers.ts';
import type { RunContext, TestUser } from './run-context.ts';
import { getPage } from './servers.ts';
import { Terminal } from './terminal.ts';

export interface HostOptions {
  /** True for an internet of the host's own, or one that it shares with other hosts. */
  readonly internet?: boolean | Internet;
}

const sbin = '/usr/local/sbin:/usr/sbin:/sbin';
const bin = '/usr/local/bin:/usr/bin:/bin';
let made = 0;

/** Makes a throw-away machine; `as` says who runs peapod on it. */
export async function makeHost(
  run: RunContext,
  as: 'root' | 'user',
  options: HostOptions = {},
): Promise<TestHost> {
  made += 1;
  const id = `${process.pid.toString(36)}-${made}`;
  const dir = join(run.dir, id);
  mkdirSync(dir, { mode: 0o755 });
  if (!run.root) return plainHost(run, dir, as, options);
  const namespaces = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--mount-proc'];
  const { name, uid, gid, home } = run.user;
  const words = ['catatonit', '--', 'sh', '-c', hostScript, 'sh', dir, `host-${id}`, name, uid, gid, home];
  const keeper = spawn('unshare', [...namespaces, ...words.map(String)], { stdio: 'pipe' });
  keeper.stdin.on('error', () => {});
  const initPid = await firstProcess(keeper).catch((error: unknown) => {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  });
  const ownInternet = options.internet === true ? await makeInternet() : undefined;
  const internet = typeof options.internet === 'object' ? options.internet : ownInternet;
  const host = new TestHost({ run, dir, as, keeper, initPid, ownInternet });
  try {
    if (internet) await internet.connect(host);
    host.baseline = await readHostState(host);
    return host;
  } catch (error) {
    await host.destroy();
    throw error;
  }
}

/** Waits until the host's script is ready. */
function firstProcess(keeper: ChildProcessWithoutNullStreams): Promise<number> {
  const ready = Promise.withResolvers<number>();
  let said = '';
  for (const stream of [keeper.stdout, keeper.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
      if (!said.includes('ready\n')) return;
      ready.resolve(Number(readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8')));
    });
  }
  keeper.on('error', ready.reject);
  keeper.on('close', () => ready.reject(new Error(`no test host: ${said}`)));
  return ready.promise;
}

/** Without root there is no network namespace to give: the user's own directories, on the machine itself. */
function plainHost(run: RunContext, dir: string, as: 'root' | 'user', options: HostOptions): TestHost {
  if (as === 'root' || options.internet) throw new Error('this test host needs root');
  mkdirSync(join(dir, 'home'), { mode: 0o700 });
  mkdirSync(join(dir, 'run'), { mode: 0o700 });
  return new TestHost({ run, dir, as, keeper: undefined, initPid: undefined, ownInternet: undefined });
}

interface HostParts {
  readonly run: RunContext;
  readonly dir: string;
  readonly as: 'root' | 'user';
  readonly keeper: ChildProcessWithoutNullStreams | undefined;
  readonly initPid: number | undefined;
  readonly ownInternet: Internet | undefined;
}

export class TestHost {
  /** A directory at the same path inside and outside of the host. */
  readonly dir: string;
  /** Whether peapod runs unprivileged here. */
  readonly rootless: boolean;
  readonly user: TestUser;
  /** The host's first process as the machine sees it; undefined without namespaces. */
  readonly initPid: number | undefined;
  baseline: HostState | undefined;
  #parts: HostParts;
  #spawned: Started[] = [];
  #disposed = false;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.dir = parts.dir;
    this.rootless = parts.as === 'user';
    this.user = parts.run.user;
    this.initPid = parts.initPid;
  }

  /** The environment of a fresh login: nothing of the caller's. */
  get env(): Record<string, string> {
    const { run, dir } = this.#parts;
    const common = { LANG: 'C.UTF-8', TERM: 'xterm', PEAPOD_TEST_RUN: run.dir };
    if (!this.rootless) {
      return {
        ...common,
        HOME: '/root',
        USER: 'root',
        LOGNAME: 'root',
        PATH: `${run.binDir}:${sbin}:${bin}`,
      };
    }
    const { name, uid, home } = this.user;
    // Like on Debian, the directories of administrators' programs are not on a user's PATH.
    const user = { ...common, USER: name, LOGNAME: name, PATH: `${run.binDir}:${bin}` };
    if (this.initPid === undefined) {
      return { ...user, HOME: join(dir, 'home'), XDG_RUNTIME_DIR: join(dir, 'run') };
    }
    return { ...user, HOME: home, XDG_RUNTIME_DIR: `/run/user/${uid}` };
  }

  /** peapod's default runtime directory. */
  get runRoot(): string {
    return this.rootless ? `${this.env.XDG_RUNTIME_DIR}/peapod` : '/run/peapod';
  }

  /** The argv that runs a command in this host, as peapod's user or as root. */
  argv(command: readonly string[], as: 'user' | 'root' = 'user'): string[] {
    if (this.initPid === undefined) return [...command];
    const enter = ['nsenter', '-t', String(this.initPid), '--net', '--mount', '--uts', '--ipc', '--pid'];
    if (!this.rootless || as === 'root') return [...enter, '--', ...command];
    const { uid, gid } = this.user;
    const become = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--inh-caps=-all', '--'];
    return [...enter, '--', ...become, ...command];
  }

  /** Runs a command as peapod's user. Never throws for a failure of the command. */
  exec(command: readonly string[], options?: CommandOptions): Promise<Outcome> {
    return runCommand(this.argv(command), this.env, options, this.initPid !== undefined);
  }

  /** Runs peapod. Never throws for a failure of the command. */
  peapod(...args: string[]): Promise<Outcome> {
    return this.exec(['peapod', ...args]);
  }

  /** Runs peapod, throws where it fails, returns standard output without the last newline. */
  async ok(...args: string[]): Promise<string> {
    return expectSuccess(['peapod', ...args], await this.peapod(...args)).stdout.replace(/\n$/, '');
  }

  /** As `ok`, with the output parsed. */
  async json<T = unknown>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args)) as T;
  }

  /** A script as peapod's user; throws where it fails, returns standard output without the last newline. */
  async sh(script: string, options?: CommandOptions): Promise<string> {
    return expectSuccess([script], await this.exec(['bash', '-ec', script], options)).stdout.replace(
      /\n$/,
      '',
    );
  }

  /** As `sh`, as root of this host: for what the test arranges and inspects. */
  async rootSh(script: string): Promise<string> {
    const env = { ...this.env, HOME: '/root', PATH: `${this.#parts.run.binDir}:${sbin}:${bin}` };
    const argv = this.argv(['bash', '-ec', script], 'root');
    const outcome = await runCommand(argv, env, {}, this.initPid !== undefined);
    return expectSuccess([script], outcome).stdout.replace(/\n$/, '');
  }

  /** Starts a command as peapod's user and leaves it running; dispose ends it. */
  spawn(command: readonly string[]): Started {
    const started = new Started(this.argv(command), this.env, this.initPid !== undefined);
    this.#spawned.push(started);
    return started;
  }

  /** Runs a command as peapod's user on a terminal of its own. */
  terminal(command: readonly string[], size?: { columns: number; rows: number }): Promise<Terminal> {
    return Terminal.open(this, command, size);
  }

  /** The body of a page. A bare port means this host's 127.0.0.1. Retries until `timeoutMs` have passed. */
  fetch(where: number | string, timeoutMs = 5_000): Promise<string> {
    return eventually(async () => pageOf(await this.#get(where), where), timeoutMs);
  }

  /** The body of a page as a container gets it. Retries. */
  fetchFrom(container: string, address: string, port = 80): Promise<string> {
    return eventually(async () =>
      pageOf(await this.peapod('exec', container, ...getPage(address, port)), address),
    );
  }

  /** Whether one attempt reaches a web server. */
  async reachable(where: number | string): Promise<boolean> {
    return (await this.#get(where)).stdout.startsWith('HTTP/');
  }

  /** bash is the one HTTP client that every machine has. */
  #get(where: number | string): Promise<Outcome> {
    const url = new URL(typeof where === 'number' ? `http://127.0.0.1:${where}/` : where);
    const address = url.hostname.replace(/^\[|\]$/g, '');
    return this.exec(getPage(address, Number(url.port || 80)));
  }

  /** A path of this host as the test process can open it. */
  path(inside: string): string {
    return this.initPid === undefined ? inside : `/proc/${this.initPid}/root${inside}`;
  }

  /** Writes a file as root of this host, with the directories it needs. */
  write(inside: string, content: string | Uint8Array, mode = 0o644): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    writeFileSync(this.path(inside), content, { mode });
  }

  /** What is there that a fresh host has not: processes, mounts, interfaces, rules, leases, runtime files. */
  async leftovers(): Promise<string[]> {
    return findLeftovers(this);
  }

  /** Removes every pod and container as a user would, and throws where anything is left afterwards. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const problems: string[] = [];
    try {
      await Promise.all(this.#spawned.map((started) => started.stop()));
      problems.push(...(await this.#removeAll()));
      problems.push(...(await this.leftovers()));
    } finally {
      await this.destroy();
    }
    if (problems.length > 0) throw new Error(`left behind on the test host:\n  ${problems.join('\n  ')}`);
  }

  async #removeAll(): Promise<string[]> {
    const home = this.rootless ? join(this.env.HOME as string, '.local', 'share') : '/var/lib';
    if (!existsSync(this.path(join(home, 'peapod')))) return [];
    const commands = [
      ['pod', 'rm', '--all', '--force', '--time', '0'],
      ['rm', '--all', '--force', '--time', '0'],
      // The user's keeper outlives pods on purpose; this ends it.
      ...(this.rootless ? [['system', 'migrate']] : []),
    ];
    const problems: string[] = [];
    for (const command of commands) {
      const outcome = await this.peapod(...command);
      if (outcome.exitCode !== 0) problems.push(`peapod ${command.join(' ')}: ${outcome.stderr.trim()}`);
    }
    return problems;
  }

  /** Ends the host and whatever runs in it, unchecked: a test of broken states ends so. */
  async destroy(): Promise<void> {
    this.#disposed = true;
    const { keeper, ownInternet } = this.#parts;
    if (keeper && keeper.exitCode === null) {
      const ended = new Promise((resolve) => keeper.once('exit', resolve));
      keeper.stdin.end();
      process.kill(this.initPid as number, 'SIGKILL');
      await ended;
    }
    await ownInternet?.dispose();
    if (keeper) rmSync(this.dir, { recursive: true, force: true });
    else await runCommand(['sh', '-c', `rm -rf '${this.dir}' || unshare -r rm -rf '${this.dir}'`], this.env);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function pageOf(outcome: Outcome, where: number | string): string {
  const [head = '', ...body] = outcome.stdout.replaceAll('\r\n', '\n').split('\n\n');
  if (/^HTTP\/1\.\d 200 /.test(head)) return body.join('\n\n').trimEnd();
  throw new Error(`${where} gave no page: ${head || outcome.stderr || `exit code ${outcome.exitCode}`}`);
}
