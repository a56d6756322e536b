import { readFileSync } from 'node:fs';
import type { RlimitSpec } from '../store/records/resources.ts';

/** Hard limits of the caller: without CAP_SYS_RESOURCE a container cannot have more. */
export interface HardLimits {
  readonly openFiles: number;
  readonly processes: number;
}

/** process.rlimits of the OCI runtime specification. */
export interface OciRlimit {
  readonly type: string;
  readonly hard: number;
  readonly soft: number;
}

/** podman's default for both, where the kernel and the caller allow it. */
const wanted = 1048576;

/** Reads the hard limits of this process from /proc/self/limits; `Infinity` for unlimited. */
export function readHardLimits(text = readFileSync('/proc/self/limits', 'utf8')): HardLimits {
  return { openFiles: hardLimit(text, 'Max open files'), processes: hardLimit(text, 'Max processes') };
}

/** How the lines of /proc/PID/limits begin, by the names of setrlimit(2). */
const lineOf: Readonly<Record<string, string>> = {
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  locks: 'Max file locks',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rss: 'Max resident set',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
};

/** The first of `asked` that is above what this caller may give, with that ceiling. */
export function aboveCeiling(
  asked: readonly RlimitSpec[],
  limitsText: string,
): { readonly limit: RlimitSpec; readonly ceiling: number } | undefined {
  for (const limit of asked) {
    const ceiling = hardLimit(limitsText, lineOf[limit.name] as string);
    const hard = limit.hard === -1 ? Number.POSITIVE_INFINITY : limit.hard;
    if (hard > ceiling) return { limit, ceiling };
  }
  return undefined;
}

function hardLimit(text: string, name: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(name));
  const hard = line?.slice(name.length).trim().split(/\s+/)[1];
  return hard === undefined || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

function defaultRlimits(limits: HardLimits): readonly OciRlimit[] {
  const clamped = (type: string, hardLimitOfCaller: number): OciRlimit => {
    const value = Math.min(wanted, hardLimitOfCaller);
    return { type, hard: value, soft: value };
  };
  return [clamped('RLIMIT_NOFILE', limits.openFiles), clamped('RLIMIT_NPROC', limits.processes)];
}

/** The defaults with what was asked for in their place; nothing at all where the caller's are to be kept. */
export function rlimits(
  limits: HardLimits,
  asked: readonly RlimitSpec[] | 'host' | undefined,
): readonly OciRlimit[] {
  if (asked === 'host') return [];
  const own = (asked ?? []).map(
    ({ name, soft, hard }): OciRlimit => ({ type: `RLIMIT_${name.toUpperCase()}`, hard, soft }),
  );
  const types = new Set(own.map(({ type }) => type));
  return [...own, ...defaultRlimits(limits).filter(({ type }) => !types.has(type))];
}
