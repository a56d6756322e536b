import { mkdirSync, readFileSync, renameSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { installCommand } from '../host/tools.ts';
import { capabilityMask } from './capabilities.ts';
import { buildSeccomp, type OciSeccomp } from './seccomp-profile.ts';

export interface SeccompRequest {
  /** Path of a profile, `unconfined`, or empty for the host's default profile. */
  readonly profile: string;
  /** The container's bounding set. */
  readonly capabilities: readonly string[];
  /**
   * A directory that a reboot wipes: compiled filters depend on the kernel. Made where it is missing.
   */
  readonly cacheDir: string;
  /** The OCI runtime's executable: a filter compiled by another version of it is not used. */
  readonly runtimePath: string;
}

export interface SeccompFilter {
  /** linux.seccomp; absent where unconfined. */
  readonly seccomp?: OciSeccomp;
  /** For config.json: hands crun the compiled filter, where there is one. */
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * To be called once `crun create` succeeded: keeps the filter that crun compiled for the next container.
   * Does nothing where it was known; never throws.
   */
  remember(crunRoot: string, containerId: string): void;
}

/** In the order in which podman looks for it. */
const defaultProfiles = ['/etc/containers/seccomp.json', '/usr/share/containers/seccomp.json'];

/** crun(1): the raw program of seccomp(2), base64; linux.seccomp is then ignored. */
const filterAnnotation = 'run.oci.seccomp_bpf_data';

interface Cached {
  readonly seccomp: OciSeccomp;
  readonly filter: string;
}

/**
 * The seccomp part of a container's configuration. libseccomp takes 16 ms to compile the default profile,
 * two thirds of a whole `crun run`, so the compiled filter is kept and handed back to crun.
 * Throws HOST_UNFIT without a default profile, INVALID_ARGUMENT for a bad one.
 */
export function loadSeccomp(request: SeccompRequest): SeccompFilter {
  if (request.profile === 'unconfined') return { annotations: {}, remember: () => {} };
  const { path, stats } = locate(request.profile);
  const cacheFile = join(request.cacheDir, cacheKey(request, stats));
  const cached = readCache(cacheFile);
  if (cached) {
    return {
      seccomp: cached.seccomp,
      annotations: { [filterAnnotation]: cached.filter },
      remember: () => {},
    };
  }
  const target = {
    capabilities: request.capabilities,
    architecture: process.arch,
    kernelRelease: release(),
  };
  const seccomp = buildSeccomp(readFileSync(path, 'utf8'), target, path);
  return {
    seccomp,
    annotations: {},
    remember(crunRoot, containerId) {
      try {
        // crun keeps what it compiled beside its state, for `crun exec`.
        const filter = readFileSync(join(crunRoot, containerId, 'seccomp.bpf')).toString('base64');
        if (filter === '') return;
        mkdirSync(request.cacheDir, { recursive: true, mode: 0o700 });
        const unfinished = `${cacheFile}.${process.pid}`;
        writeFileSync(unfinished, JSON.stringify({ seccomp, filter } satisfies Cached), { mode: 0o600 });
        renameSync(unfinished, cacheFile);
      } catch {
        // The next container compiles its own again.
      }
    },
  };
}

function locate(profile: string): { path: string; stats: Stats } {
  for (const path of profile === '' ? defaultProfiles : [profile]) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats) return { path, stats };
  }
  if (profile === '') {
    throw new PeapodError('HOST_UNFIT', `the seccomp profile ${defaultProfiles[1]} is missing`, {
      hint: `install it with: ${installCommand('golang-github-containers-common')}`,
    });
  }
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `opening seccomp profile failed: open ${profile}: no such file or directory`,
    {
      hint: 'give --security-opt seccomp= the path of a profile, or unconfined',
    },
  );
}

/** Identities instead of contents: no file has to be read to know that nothing changed. */
function cacheKey(request: SeccompRequest, profile: Stats): string {
  const runtime = statSync(request.runtimePath, { throwIfNoEntry: false });
  const identity = (stats: Stats | undefined) =>
    stats
      ? [stats.dev, stats.ino, stats.size, Math.round(stats.ctimeMs * 1000)]
          .map((n) => n.toString(36))
          .join('.')
      : '';
  return `${identity(profile)}-${identity(runtime)}-${capabilityMask(request.capabilities)}.json`;
}

function readCache(file: string): Cached | undefined {
  try {
    const cached = JSON.parse(readFileSync(file, 'utf8')) as Cached;
    return cached.filter && cached.seccomp ? cached : undefined;
  } catch {
    return undefined;
  }
}
