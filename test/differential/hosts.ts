import { type Dirent, existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage, dockerArchive } from '../fixtures/images.ts';
import { runContext } from '../support/run-context.ts';
import { makeHost, type TestHost } from '../support/test-host.ts';

export const tools = ['podman', 'peapod'] as const;
export type Tool = (typeof tools)[number];

const cgroupsBefore = new Set(podmanCgroups());

/** Two machines alike, one for each tool, so that neither meets the other's networks, ports and files. */
export type Pair = Readonly<Record<Tool, TestHost>>;

/** podman raises limits above the caller's, which containers and CI machines refuse: it gets the caller's own. */
const writeSettings = `
  mkdir -p /etc/containers
  cat >/etc/containers/containers.conf <<END
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=$(ulimit -Hu):$(ulimit -Hu)"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
END
  sed -i s/unlimited/-1/g /etc/containers/containers.conf`;

const applets = ['cut', 'date', 'dd', 'df', 'dirname', 'find', 'head', 'kill', 'ln', 'mktemp', 'mv', 'nproc'];
const moreApplets = ['printf', 'pwd', 'readlink', 'sort', 'tail', 'tar', 'tee', 'tr', 'uname', 'wc', 'which'];
const more = {
  files: [...applets, ...moreApplets].map((name) => ({
    path: `bin/${name}`,
    type: 'symlink' as const,
    link: 'busybox',
  })),
};

/** `box` is bare; `app` has everything that an image's configuration can say. */
function archive(): Buffer {
  const box = busyboxImage({}, [more]);
  const app = busyboxImage(
    {
      Entrypoint: ['echo', 'from'],
      Cmd: ['image'],
      Env: ['PATH=/bin', 'COLOUR=green', 'EMPTY='],
      WorkingDir: '/home/app',
      User: 'app',
      Labels: { maker: 'test', tier: 'front' },
      ExposedPorts: { '8080/tcp': {}, '53/udp': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGINT',
    },
    [more, { files: [{ path: 'data/seed', content: 'seed\n' }] }],
    '2024-02-03T04:05:06Z',
  );
  return dockerArchive(
    { image: box, names: ['localhost/box:latest'] },
    { image: app, names: ['localhost/app:1.0', 'localhost/app:latest'] },
  );
}

/** Images of a host's own: other tests load theirs meanwhile. */
export function imagesPath(host: TestHost): string {
  return join(host.dir, 'images.tar');
}

export async function makePair(as: 'root' | 'user'): Promise<Pair> {
  const content = archive();
  const [podman, peapod] = await Promise.all(
    tools.map(async (tool) => {
      const host = await makeHost(runContext(), as);
      try {
        if (tool === 'podman') await host.rootSh(writeSettings);
        const path = imagesPath(host);
        host.write(path, content);
        await host.sh(`${tool} load -q -i ${path}`);
      } catch (error) {
        await host.destroy();
        throw error;
      }
      return host;
    }),
  );
  return { podman, peapod } as Pair;
}

/**
 * Podman's cgroups are the machine's, which no namespace hides. It removes its containers itself, since a
 * process that it has paused could not even be killed; the empty directories that it leaves are ours to remove.
 */
export async function disposePair({ podman, peapod }: Pair): Promise<void> {
  const steps = ['unpause --all', 'pod rm --all --force --time 0', 'rm --all --force --time 0'];
  await podman.sh(steps.map((step) => `timeout 60 podman ${step} || :`).join('\n'));
  await podman.destroy();
  const made = podmanCgroups().filter((path) => !cgroupsBefore.has(path));
  // Those furthest down first. Another test's podman makes what it misses again.
  for (const path of made.toSorted((a, b) => b.length - a.length)) removeIfEmpty(path);
  await peapod.dispose();
}

/** `libpod_parent` of each hierarchy, what is in it, and `conmon` in that. */
function podmanCgroups(): string[] {
  const directories = (path: string) =>
    readdirOr(path).flatMap((entry) => (entry.isDirectory() ? [join(path, entry.name)] : []));
  const parents = directories('/sys/fs/cgroup').map((hierarchy) => join(hierarchy, 'libpod_parent'));
  return parents
    .filter((path) => existsSync(path))
    .flatMap((parent) => {
      const children = directories(parent);
      return [parent, ...children, ...children.flatMap(directories)];
    });
}

function readdirOr(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return []; // another test has removed it
  }
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // in use, or gone
  }
}
