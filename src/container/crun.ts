import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Runner } from '../host/exec.ts';

export type CgroupManager = 'cgroupfs' | 'systemd' | 'disabled';

/** The OCI runtime, see crun(1). Container ids are peapod's own. */
export class Crun {
  /** Absolute path of the executable. */
  readonly path: string;
  readonly root: string;
  readonly cgroupManager: CgroupManager;

  constructor(path: string, root: string, cgroupManager: CgroupManager) {
    this.path = path;
    this.root = root;
    this.cgroupManager = cgroupManager;
  }

  /** The same for containers that stay in the cgroup of whoever starts them. */
  withoutCgroups(): Crun {
    return new Crun(this.path, this.root, 'disabled');
  }

  /** Words before the verb; conmon gets them as `--runtime-arg`. */
  get globalArguments(): string[] {
    return [`--root=${this.root}`, `--cgroup-manager=${this.cgroupManager}`];
  }

  command(...words: string[]): string[] {
    return [this.path, ...this.globalArguments, ...words];
  }

  /** Lets the created process run. */
  async start(runner: Runner, id: string): Promise<void> {
    await runner.run(this.command('start', id));
  }

  /** Kills what is left in it and forgets it. Idempotent. */
  async delete(runner: Runner, id: string): Promise<void> {
    await runner.run(this.command('delete', '--force', id), { accept: 'any' });
  }

  async signal(runner: Runner, id: string, signal: number | 'all'): Promise<void> {
    const words = signal === 'all' ? ['--all', id, 'KILL'] : [id, String(signal)];
    await runner.run(this.command('kill', ...words));
  }

  /** Freezes all processes of its cgroup. */
  async pause(runner: Runner, id: string): Promise<void> {
    await runner.run(this.command('pause', id));
  }

  async resume(runner: Runner, id: string): Promise<void> {
    await runner.run(this.command('resume', id));
  }

  /** Whether the kernel has frozen it; false where crun does not know it. */
  async isPaused(runner: Runner, id: string): Promise<boolean> {
    const { exitCode, stdout } = await runner.run(this.command('state', id), { accept: 'any' });
    return exitCode === 0 && (JSON.parse(stdout) as { status?: string }).status === 'paused';
  }

  /**
   * What `delete` does, without starting a program, for a container whose processes have all ended: removes its
   * cgroups and crun's directory. Where that directory is gone, the cgroup is the one given, as linux.cgroupsPath has
   * it. True where nothing of it is left, also where there never was anything.
   */
  forgetDead(id: string, cgroupsPath = ''): boolean {
    const dir = join(this.root, id);
    const isGone = !existsSync(dir);
    const status = isGone ? { pid: 0, cgroupPath: cgroupsPath } : readStatus(dir);
    if (!status) return false;
    if (existsSync(`/proc/${status.pid}`)) return false;
    try {
      for (const cgroup of cgroupDirectories(status.cgroupPath)) removeIfThere(cgroup);
    } catch {
      return false; // something lives on in there
    }
    rmSync(dir, { recursive: true, force: true });
    return true;
  }
}

function readStatus(dir: string): { pid: number; cgroupPath: string } | undefined {
  try {
    const status = JSON.parse(readFileSync(join(dir, 'status'), 'utf8'));
    return { pid: status.pid, cgroupPath: status['cgroup-path'] ?? '' };
  } catch {
    return undefined;
  }
}

const cgroupRoot = '/sys/fs/cgroup';

/** One directory on cgroup v2, one in each hierarchy on v1. See cgroups(7). */
function cgroupDirectories(path: string): string[] {
  // systemd removes its own.
  if (!path.startsWith('/') || path === '/') return [];
  if (existsSync(join(cgroupRoot, 'cgroup.controllers'))) return [join(cgroupRoot, path)];
  return readdirSync(cgroupRoot).map((hierarchy) => join(cgroupRoot, hierarchy, path));
}

function removeIfThere(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
