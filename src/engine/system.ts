import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, freemem, hostname, release, totalmem, uptime } from 'node:os';
import { which } from '../host/exec.ts';
import { version as peapodVersion } from '../version.ts';
import type { Context } from './context.ts';
import type { Views } from './views-of.ts';

export async function version(): Promise<Record<string, unknown>> {
  return {
    Client: {
      Version: peapodVersion,
      APIVersion: peapodVersion,
      Runtime: `bun ${Bun.version}`,
      OsArch: `linux/${architecture()}`,
      Os: 'linux',
    },
  };
}

/** The parts of `podman info` that are true of peapod, under podman's names. */
export async function info(context: Context, views: Views): Promise<Record<string, unknown>> {
  const { facts, paths, store } = context;
  const containers = views.containers();
  const count = (state: string) => containers.filter((view) => view.state === state).length;
  const [runtime, monitor, network] = await Promise.all(
    ['crun', 'conmon', facts.rootless ? 'slirp4netns' : 'nft'].map((tool) => toolInfo(context, tool)),
  );
  return {
    host: {
      arch: architecture(),
      cpus: cpus().length,
      hostname: hostname(),
      kernel: release(),
      os: 'linux',
      memTotal: totalmem(),
      memFree: freemem(),
      uptimeSeconds: Math.round(uptime()),
      cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : 'v1',
      distribution: distribution(),
      ociRuntime: { name: 'crun', ...runtime },
      conmon: monitor,
      [facts.rootless ? 'slirp4netns' : 'nftables']: network,
      networkBackends: ['bridge', 'slirp4netns', 'pasta'],
      defaultNetworkBackend: facts.rootless ? 'slirp4netns' : 'bridge',
      security: { rootless: facts.rootless, seccompEnabled: true },
    },
    store: {
      graphRoot: paths.root,
      runRoot: paths.runRoot,
      database: paths.database,
      graphDriverName: 'overlay',
      containerStore: {
        number: containers.length,
        running: count('running'),
        paused: count('paused'),
        stopped: containers.length - count('running') - count('paused'),
      },
      podStore: { number: store.pods.all().length },
      imageStore: { number: store.images.all().length },
    },
    version: (await version()).Client,
  };
}

async function toolInfo(context: Context, tool: string): Promise<{ path: string; version: string }> {
  try {
    const path = which(tool, context.facts.env.PATH);
    const { stdout } = await context.host.run([path, '--version'], { accept: 'any' });
    return { path, version: stdout.split('\n')[0] ?? '' };
  } catch {
    return { path: '', version: 'not installed' };
  }
}

function architecture(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}

function distribution(): { distribution: string; version: string } {
  const text = readFileSync('/etc/os-release', 'utf8');
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { distribution: value('ID'), version: value('VERSION_ID') };
}
