import { existsSync } from 'node:fs';
import { arch, cpus, hostname, release, uptime } from 'node:os';
import { defaultCapabilities } from '../container/capabilities.ts';
import {
  isAppArmorEnabled,
  isSelinuxEnabled,
  parseIdMap,
  readCgroupControllers,
  readCpuUse,
  readDistribution,
  readMemory,
  readSpace,
  uptimeText,
} from '../host/machine.ts';
import { networkSearchPath } from '../host/search-path.ts';
import { which } from '../host/tools.ts';
import { builtSeconds, commit, version as peapodVersion } from '../version.ts';
import { cgroupPlace } from './container-cgroup.ts';
import type { Context } from './context.ts';
import type { Views } from './views-of.ts';

/** podman's keys; what runs peapod stands where podman has Go. */
export async function version(): Promise<Record<string, unknown>> {
  return {
    Client: {
      APIVersion: peapodVersion,
      Version: peapodVersion,
      GoVersion: `bun ${Bun.version}`,
      GitCommit: commit,
      BuiltTime: ansiC(new Date(builtSeconds * 1000)),
      Built: builtSeconds,
      OsArch: `linux/${architecture()}`,
      Os: 'linux',
    },
  };
}

/** `Thu Jan  1 00:00:00 1970`, in the caller's time zone. */
function ansiC(date: Date): string {
  const [weekday, month, day, year, time] = date.toString().split(' ') as [
    string,
    string,
    string,
    string,
    string,
  ];
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}

/** The parts of `podman info` that are true of peapod, under podman's names, and some of its own. */
export async function info(context: Context, views: Views): Promise<Record<string, unknown>> {
  const { facts, paths, store } = context;
  const containers = views.containers();
  const count = (state: string) => containers.filter((view) => view.state === state).length;
  const [runtime, monitor, slirp, nft, idMappings, missing] = await Promise.all([
    toolInfo(context, 'crun'),
    toolInfo(context, 'conmon'),
    toolInfo(context, 'slirp4netns'),
    toolInfo(context, 'nft'),
    readIdMappings(context),
    context.doctor(),
  ]);
  const memory = readMemory();
  const space = readSpace(paths.root);
  return {
    host: {
      arch: architecture(),
      cgroupControllers: readCgroupControllers(),
      cgroupManager: cgroupPlace(context).manager,
      cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : 'v1',
      conmon: monitor,
      cpuUtilization: readCpuUse(),
      cpus: cpus().length,
      defaultNetworkBackend: facts.rootless ? 'slirp4netns' : 'bridge',
      distribution: readDistribution(),
      eventLogger: 'file',
      hostname: hostname(),
      idMappings,
      kernel: release(),
      logDriver: 'k8s-file',
      memFree: memory.memFreeBytes,
      memTotal: memory.memTotalBytes,
      missing,
      networkBackend: 'cni',
      networkBackends: ['bridge', 'slirp4netns', 'pasta'],
      nftables: nft,
      ociRuntime: { name: 'crun', ...runtime },
      os: 'linux',
      security: {
        apparmorEnabled: isAppArmorEnabled(),
        capabilities: defaultCapabilities.join(','),
        rootless: facts.rootless,
        seccompEnabled: true,
        selinuxEnabled: isSelinuxEnabled(),
      },
      serviceIsRemote: false,
      slirp4netns: { executable: slirp.path, version: slirp.version },
      swapFree: memory.swapFreeBytes,
      swapTotal: memory.swapTotalBytes,
      uptime: uptimeText(uptime()),
    },
    store: {
      containerStore: {
        number: containers.length,
        paused: count('paused'),
        running: count('running'),
        stopped: containers.length - count('running') - count('paused'),
      },
      database: paths.database,
      graphDriverName: 'overlay',
      graphRoot: paths.root,
      graphRootAllocated: space.allocatedBytes,
      graphRootUsed: space.usedBytes,
      imageStore: { number: store.images.all().length },
      podStore: { number: store.pods.all().length },
      runRoot: paths.runRoot,
      volumePath: paths.volumes,
    },
    plugins: {
      log: ['k8s-file', 'journald', 'none', 'passthrough'],
      network: ['bridge', 'macvlan', 'ipvlan'],
      volume: ['local'],
    },
    version: (await version()).Client,
  };
}

/** Of the namespace that containers live in, where there is one already; null for root, as in podman. */
/** Null also where the host is not fit for any: `missing` tells why. */
async function readIdMappings(context: Context): Promise<Record<string, unknown>> {
  const none = { gidmap: null, uidmap: null };
  if (!context.facts.rootless) return none;
  const inside = await context.inside().catch(() => undefined);
  if (!inside) return none;
  const { stdout } = await inside.run(['cat', '/proc/self/gid_map', '/proc/self/uid_map']);
  const maps = parseIdMap(stdout);
  // Both have as many lines as the user has ranges, and one for the user.
  const second = maps.findIndex(({ container_id }, index) => index > 0 && container_id === 0);
  return { gidmap: maps.slice(0, second), uidmap: maps.slice(second) };
}

async function toolInfo(context: Context, tool: string): Promise<{ path: string; version: string }> {
  try {
    const path = which(tool, networkSearchPath(context.facts.env.PATH));
    const { stdout } = await context.host.run([path, '--version'], { accept: 'any' });
    return { path, version: stdout.trim() };
  } catch {
    return { path: '', version: 'not installed' };
  }
}

function architecture(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}
