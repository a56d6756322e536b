import { readFileSync } from 'node:fs';
import { listProcesses } from '../container/process-table.ts';
import { cells, headings, type IdNames, parseDescriptors } from '../container/top-columns.ts';
import { parseDatabase } from '../container/user.ts';
import { PeapodError } from '../errors.ts';
import { CommandFailed } from '../host/exec.ts';
import type { ContainerRecord } from '../store/records.ts';
import { insideCgroups } from './container-cgroup.ts';
import type { Processes } from './engine.ts';
import type { EngineParts } from './parts.ts';
import { planRootfs, readDatabases } from './rootfs.ts';

/**
 * The processes of a container, with the columns that `words` name; words that are no such names are for a ps(1)
 * in the container. Throws WRONG_STATE where it does not run.
 */
export async function containerProcesses(
  parts: EngineParts,
  record: ContainerRecord,
  words: readonly string[],
): Promise<Processes> {
  if (!parts.lifecycle.isRunning(record)) {
    throw new PeapodError('WRONG_STATE', 'top can only be used on running containers', {
      hint: `${record.name} is ${record.state}; start it with: peapod start ${record.name}`,
    });
  }
  const wanted = parseDescriptors(words);
  if (wanted === undefined) return { lines: await runPs(parts, record, words) };
  return { table: [headings(wanted), ...(await rowsOf(parts, record, wanted))] };
}

/** Of all members that run, one after the other. Throws INVALID_ARGUMENT for what is no descriptor. */
export async function podProcesses(
  parts: EngineParts,
  podId: string,
  words: readonly string[],
): Promise<Processes> {
  const members = parts.context.store.containers.ofPod(podId).filter((one) => parts.lifecycle.isRunning(one));
  const wanted = parseDescriptors(words);
  if (wanted === undefined) {
    const outputs = await Promise.all(members.map((member) => runPs(parts, member, words)));
    return { lines: outputs.flatMap((lines, index) => (index === 0 ? lines : lines.slice(1))) };
  }
  if (members.length === 0) return { lines: [] };
  const rows = await Promise.all(members.map((member) => rowsOf(parts, member, wanted)));
  return { table: [headings(wanted), ...rows.flat()] };
}

async function rowsOf(
  { context }: EngineParts,
  record: ContainerRecord,
  wanted: readonly string[],
): Promise<string[][]> {
  const [processes, names] = await Promise.all([
    context.inside().then((inside) => listProcesses(inside, record.process?.pid ?? 0)),
    idNames(context, record),
  ]);
  const nowMs = Date.now();
  return processes.map((process) => cells(process, wanted, names, nowMs));
}

async function idNames(context: EngineParts['context'], record: ContainerRecord): Promise<IdNames> {
  const [passwd, group] = await readDatabases(context, await planRootfs(context, record));
  return {
    user: namesIn(passwd),
    group: namesIn(group),
    hostUser: namesIn(readFileSync('/etc/passwd', 'utf8')),
    hostGroup: namesIn(readFileSync('/etc/group', 'utf8')),
  };
}

/** Of passwd(5) or group(5). */
function namesIn(database: string | undefined): (id: number) => string {
  const names = new Map(parseDatabase(database).map(([name = '', , id]) => [Number(id), name]));
  return (id) => names.get(id) ?? String(id);
}

/** What ps(1) prints in the container, without its own line. */
async function runPs(
  { context, lifecycle }: EngineParts,
  record: ContainerRecord,
  words: readonly string[],
): Promise<string[]> {
  const ps = ['ps', ...words.flatMap((word) => word.trim().split(/\s+/))];
  const inside = await insideCgroups(context);
  try {
    const { stdout } = await inside.run(lifecycle.crun.command('exec', record.id, ...ps));
    const lines = stdout.trimEnd().split('\n');
    return lines.filter((line) => !line.trimEnd().endsWith(ps.join(' ')));
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new PeapodError('COMMAND_FAILED', `executing ps(1) in the container failed: ${error.message}`, {
      hint: `format descriptors need no ps there: ${words[0]} is none of them`,
      cause: error,
    });
  }
}
