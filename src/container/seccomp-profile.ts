import { PeapodError } from '../errors.ts';

/** linux.seccomp of the OCI runtime specification. */
export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls: readonly OciSyscallRule[];
}

interface OciSyscallRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SyscallArgument[];
}

interface SyscallArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** A profile as containers-common ships it; a plain linux.seccomp object is one, too. */
interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[] | null;
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures?: readonly string[] | null;
  }[];
  readonly flags?: readonly string[] | null;
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly ProfileRule[] | null;
}

interface ProfileRule {
  readonly name?: string;
  readonly names?: readonly string[] | null;
  readonly action: string;
  readonly errnoRet?: number | null;
  readonly args?: readonly SyscallArgument[] | null;
  readonly includes?: Condition | null;
  readonly excludes?: Condition | null;
}

interface Condition {
  readonly arches?: readonly string[] | null;
  readonly caps?: readonly string[] | null;
  /** `4.8` */
  readonly minKernel?: string;
}

export interface SeccompTarget {
  /** The bounding set of the container, `CAP_…`. */
  readonly capabilities: readonly string[];
  /** As node spells it: `x64`, `arm64`, … */
  readonly architecture: string;
  /** `6.1.0-30-amd64` */
  readonly kernelRelease: string;
}

/** node's name of an architecture → the name in `includes.arches` (Go's), and libseccomp's. */
const architectureNames: Readonly<Record<string, readonly [go: string, scmp: string]>> = {
  x64: ['amd64', 'SCMP_ARCH_X86_64'],
  arm64: ['arm64', 'SCMP_ARCH_AARCH64'],
  riscv64: ['riscv64', 'SCMP_ARCH_RISCV64'],
  s390x: ['s390x', 'SCMP_ARCH_S390X'],
  ppc64: ['ppc64le', 'SCMP_ARCH_PPC64LE'],
  loong64: ['loong64', 'SCMP_ARCH_LOONGARCH64'],
};

/**
 * Turns the text of a profile into what an OCI runtime takes: conditions are decided for the container's
 * capabilities, the architecture and the kernel. `origin` names the profile in errors (INVALID_ARGUMENT).
 */
export function buildSeccomp(text: string, target: SeccompTarget, origin: string): OciSeccomp {
  const profile = parseProfile(text, origin);
  const [goName, scmpName] = architectureNames[target.architecture] ?? [target.architecture, ''];
  const holds = (rule: ProfileRule) => applies(rule, goName, target);
  const architectures = profile.architectures?.length
    ? profile.architectures
    : withSubArchitectures(profile, scmpName);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length ? { architectures } : {}),
    ...(profile.flags?.length ? { flags: profile.flags } : {}),
    ...(profile.listenerPath ? { listenerPath: profile.listenerPath } : {}),
    ...(profile.listenerMetadata ? { listenerMetadata: profile.listenerMetadata } : {}),
    syscalls: (profile.syscalls ?? []).filter(holds).map(toOciRule),
  };
}

function withSubArchitectures(profile: Profile, scmpName: string): readonly string[] {
  const entry = profile.archMap?.find(({ architecture }) => architecture === scmpName);
  return entry ? [entry.architecture, ...(entry.subArchitectures ?? [])] : [];
}

function applies(rule: ProfileRule, goName: string, target: SeccompTarget): boolean {
  const { includes, excludes } = rule;
  const has = (capability: string) => target.capabilities.includes(capability);
  if (excludes?.arches?.includes(goName)) return false;
  if (excludes?.caps?.some(has)) return false;
  if (excludes?.minKernel && isAtLeast(target.kernelRelease, excludes.minKernel)) return false;
  if (includes?.arches?.length && !includes.arches.includes(goName)) return false;
  if (includes?.caps && !includes.caps.every(has)) return false;
  if (includes?.minKernel && !isAtLeast(target.kernelRelease, includes.minKernel)) return false;
  return true;
}

function isAtLeast(release: string, minimum: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [minMajor = 0, minMinor = 0] = minimum.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return major > minMajor || (major === minMajor && minor >= minMinor);
}

function toOciRule(rule: ProfileRule): OciSyscallRule {
  return {
    names: rule.names?.length ? rule.names : [rule.name as string],
    action: rule.action,
    ...(rule.errnoRet === undefined || rule.errnoRet === null ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args?.length
      ? {
          args: rule.args.map(({ index, value, valueTwo, op }) => ({
            index,
            value,
            ...(valueTwo ? { valueTwo } : {}),
            op,
          })),
        }
      : {}),
  };
}

function parseProfile(text: string, origin: string): Profile {
  let profile: Profile;
  try {
    profile = JSON.parse(text) as Profile;
  } catch (error) {
    throw invalid(origin, 'it is not JSON', error);
  }
  if (typeof profile !== 'object' || profile === null) throw invalid(origin, 'it is not an object');
  if (typeof profile.defaultAction !== 'string') throw invalid(origin, 'defaultAction is missing');
  const rules = profile.syscalls ?? [];
  if (!Array.isArray(rules)) throw invalid(origin, 'syscalls is not a list');
  rules.forEach((rule: ProfileRule, index) => {
    const named = Array.isArray(rule?.names) ? rule.names.length > 0 : typeof rule?.name === 'string';
    if (!named) throw invalid(origin, `syscalls[${index}] names no system call`);
    if (typeof rule.action !== 'string') throw invalid(origin, `syscalls[${index}] has no action`);
  });
  return profile;
}

function invalid(origin: string, why: string, cause?: unknown): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', `decoding seccomp profile ${origin} failed: ${why}`, {
    hint: 'the format is that of /usr/share/containers/seccomp.json',
    cause,
  });
}
