import { readFileSync } from 'node:fs';
import { PeapodError } from '../errors.ts';

/** Linux capabilities, ordered by their number in <linux/capability.h>. */
const allCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
];

/** The names of a mask of /proc/PID/status; undefined where it has all that there are. */
export function capabilityNames(mask: bigint): string[] | undefined {
  const has = (index: number) => ((mask >> BigInt(index)) & 1n) === 1n;
  return allCapabilities.every((_, index) => has(index))
    ? undefined
    : allCapabilities.filter((_, index) => has(index));
}

/** podman's default_capabilities, see containers.conf(5). */
export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** The sets of process.capabilities of the OCI runtime specification; a set that is left out is empty. */
export interface CapabilitySets {
  readonly bounding: readonly string[];
  readonly effective?: readonly string[];
  readonly permitted?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
}

export interface CapabilityRequest {
  /** `--cap-add`, with or without `CAP_`, any case, or `ALL`. */
  readonly add: readonly string[];
  /** `--cap-drop`, likewise. */
  readonly drop: readonly string[];
  readonly privileged: boolean;
  /** Whether the first process runs as uid 0. */
  readonly isRoot: boolean;
  /** What the caller itself may hand out, as `availableCapabilities` gives it. */
  readonly available: readonly string[];
}

/**
 * What this process may give to a container: its bounding set, from the CapBnd line of /proc/PID/status, or
 * every capability of the kernel inside of a user namespace of the caller's own (`owned`).
 */
export function availableCapabilities(owned: boolean): readonly string[] {
  if (owned) {
    const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
    return allCapabilities.slice(0, last + 1);
  }
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const mask = BigInt(`0x${bounding}`);
  return allCapabilities.filter((_, number) => (mask >> BigInt(number)) & 1n);
}

/** Checks words of the command line without a host at hand. Throws INVALID_ARGUMENT in podman's words. */
export function checkCapabilities(add: readonly string[], drop: readonly string[]): void {
  const adds = normalise(add);
  const drops = normalise(drop);
  if (adds.has('ALL') && drops.has('ALL')) {
    throw new PeapodError('INVALID_ARGUMENT', 'adding all caps and removing all caps not allowed');
  }
  for (const name of adds) {
    if (name !== 'ALL' && drops.has(name)) {
      throw new PeapodError('INVALID_ARGUMENT', `capability "${name}" cannot be dropped and added`, {
        hint: `leave out --cap-add or --cap-drop of ${name}`,
      });
    }
  }
}

/**
 * The capability sets of a container as podman gives them: root gets its bounding set effective, any other
 * user only what was added by name, as ambient capabilities.
 * Throws INVALID_ARGUMENT for unknown or contradicting names, HOST_UNFIT where the caller lacks what is asked for.
 */
export function capabilitySets(request: CapabilityRequest): CapabilitySets {
  checkCapabilities(request.add, request.drop);
  const { available } = request;
  if (request.privileged) return forUser(request.isRoot, available, []);
  const adds = normalise(request.add);
  const drops = normalise(request.drop);
  const added = adds.has('ALL') ? available : [...adds];
  const missing = added.find((name) => !available.includes(name));
  if (missing !== undefined) {
    throw new PeapodError('HOST_UNFIT', `capability "${missing}" is not peapod's own to give`, {
      hint: `run without --cap-add ${missing}, or give it to the process that runs peapod`,
    });
  }
  const base = adds.has('ALL') ? available : defaultCapabilities.filter((name) => available.includes(name));
  const kept = drops.has('ALL') ? [] : base;
  const bounding = [...new Set([...kept, ...added])].filter((name) => !drops.has(name)).sort();
  return forUser(
    request.isRoot,
    bounding,
    added.filter((name) => !drops.has(name)),
  );
}

/** A set as the kernel writes it: hexadecimal, one bit a capability. */
export function capabilityMask(names: readonly string[]): string {
  return names.reduce((mask, name) => mask | (1n << BigInt(allCapabilities.indexOf(name))), 0n).toString(16);
}

function forUser(isRoot: boolean, bounding: readonly string[], added: readonly string[]): CapabilitySets {
  if (isRoot) return { bounding, effective: bounding, permitted: bounding };
  if (added.length === 0) return { bounding };
  return { bounding, effective: added, permitted: added, inheritable: added, ambient: added };
}

function normalise(names: readonly string[]): Set<string> {
  const result = new Set<string>();
  for (const name of names.flatMap((word) => word.split(','))) {
    const upper = name.trim().toUpperCase();
    if (upper === 'ALL' || upper === 'CAP_ALL') {
      result.add('ALL');
      continue;
    }
    const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!allCapabilities.includes(full)) {
      throw new PeapodError('INVALID_ARGUMENT', `"${full}": unknown capability`, {
        hint: 'capabilities(7) lists the names',
      });
    }
    result.add(full);
  }
  return result;
}
