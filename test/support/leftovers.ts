import { readdirSync, readFileSync } from 'node:fs';
import { pause } from './command.ts';
import type { TestHost } from './test-host.ts';

/** What of a host's state must be the same after everything was removed. */
export interface HostState {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly ruleset: readonly string[];
}

/** Needs root. */
export async function readHostState(host: TestHost): Promise<HostState> {
  const separator = '=== rules';
  const output = await host.rootSh(`ip -oneline link show; echo '${separator}'; nft list ruleset`);
  const [links = '', ruleset = ''] = output.split(separator);
  return {
    mounts: mountsOf(host.initPid as number),
    links: lines(links).map((line) => line.split(':')[1]?.trim() ?? line),
    ruleset: lines(ruleset).filter((line) => line.trim() !== '}'),
  };
}

/** The kernel ends processes, and frees what they held, a moment after it was told to. */
const settleMs = 2_000;

/** One line for each thing that a host has and had not when it was made, and that does not go by itself. */
export async function findLeftovers(host: TestHost): Promise<string[]> {
  const deadline = performance.now() + settleMs;
  for (;;) {
    const left = await lookForLeftovers(host);
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(50);
  }
}

async function lookForLeftovers(host: TestHost): Promise<string[]> {
  if (!host.baseline) return strayProcesses(host.dir);
  const now = await readHostState(host);
  const { baseline } = host;
  return [
    ...added(baseline.mounts, now.mounts).map((mount) => `mount ${mount}`),
    ...added(baseline.links, now.links).map((link) => `interface ${link}`),
    ...added(baseline.ruleset, now.ruleset).map((rule) => `rule ${rule}`),
    ...processesIn(host).map((process) => `process ${process}`),
    ...leases(host).map((lease) => `lease ${lease}`),
    ...runtimeFiles(host).map((file) => `runtime file ${file}`),
  ];
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function added(before: readonly string[], after: readonly string[]): string[] {
  const known = new Set(before);
  return after.filter((entry) => !known.has(entry));
}

/** Mount point and type of each mount that a process sees. */
function mountsOf(pid: number): string[] {
  return lines(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).map((line) => {
    const [left = '', right = ''] = line.split(' - ');
    return `${left.split(' ')[4]} (${right.split(' ')[0]})`;
  });
}

/** Processes of the host's pid namespace besides its first and the shell that holds it. */
function processesIn(host: TestHost): string[] {
  const proc = host.path('/proc');
  const found: string[] = [];
  for (const pid of numbers(proc)) {
    const stat = readText(`${proc}/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent] = fields;
    if (stat === '' || state === 'Z' || state === 'X' || pid === 1) continue;
    const words = readText(`${proc}/${pid}/cmdline`).split('\0').join(' ').trim();
    if (parent === '1' && words.includes('until its standard input closes')) continue;
    found.push(`${pid} ${words.slice(0, 160) || stat.slice(0, 60)}`);
  }
  return found;
}

/** Processes of a plain host: those that carry its directory in their environment. */
function strayProcesses(dir: string): string[] {
  return numbers('/proc')
    .filter((pid) => readText(`/proc/${pid}/environ`).includes(`${dir}/`))
    .map((pid) => `process ${pid} ${readText(`/proc/${pid}/cmdline`).split('\0').join(' ').slice(0, 160)}`);
}

/** host-local's files are named after the addresses that they hold. */
function leases(host: TestHost): string[] {
  const top = host.path('/var/lib/cni/networks');
  return names(top).flatMap((network) =>
    names(`${top}/${network}`)
      .filter((name) => /^[\d.]+$|:/.test(name))
      .map((address) => `${network}/${address}`),
  );
}

/** Directories of single pods and containers below the runtime directory. */
function runtimeFiles(host: TestHost): string[] {
  const run = host.runRoot;
  return ['sandboxes', 'containers', 'exits', 'crun'].flatMap((kind) =>
    names(host.path(`${run}/${kind}`)).map((name) => `${run}/${kind}/${name}`),
  );
}

function numbers(dir: string): number[] {
  return names(dir)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function names(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
