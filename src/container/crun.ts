import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runner } from '../host/exec.ts';

export type CgroupManager = 'cgroupfs' | 'disabled';

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

  /** What crun wrote about a container, undefined where it knows none. */
  status(id: string): { pid: number; cgroupPath: string } | undefined {
    try {
      const status = JSON.parse(readFileSync(join(this.root, id, 'status'), 'utf8'));
      return { pid: status.pid, cgroupPath: status['cgroup-path'] ?? '' };
    } catch {
      return undefined;
    }
  }
}
