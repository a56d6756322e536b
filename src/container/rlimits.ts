import { readFileSync } from 'node:fs';

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

function hardLimit(text: string, name: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(name));
  const hard = line?.slice(name.length).trim().split(/\s+/)[1];
  return hard === undefined || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

export function defaultRlimits(limits: HardLimits): readonly OciRlimit[] {
  const clamped = (type: string, hardLimitOfCaller: number): OciRlimit => {
    const value = Math.min(wanted, hardLimitOfCaller);
    return { type, hard: value, soft: value };
  };
  return [clamped('RLIMIT_NOFILE', limits.openFiles), clamped('RLIMIT_NPROC', limits.processes)];
}
