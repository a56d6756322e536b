import { busyboxImage, dockerArchive } from '../fixtures/images.ts';
import type { TestHost } from './test-host.ts';

const applets = ['chown', 'ip', 'nc', 'readlink', 'stat', 'tar', 'touch'];
const box = busyboxImage({}, [
  {
    files: [
      ...applets.map((name) => ({ path: `bin/${name}`, type: 'symlink' as const, link: 'busybox' })),
      { path: 'home/app/', type: 'directory' as const, uid: 1000, gid: 1000 },
      { path: 'home/app/file', content: 'from the image\n', uid: 1000, gid: 1000 },
    ],
  },
]);

/** The first id outside that `auto` gives: of root's account `containers`, or of the user's own namespace. */
export const firstId = (host: TestHost) => (host.rootless ? 1 : 200_000);

export async function prepare(host: TestHost, ids = 65_536): Promise<void> {
  await host.rootSh(`for file in subuid subgid; do echo containers:200000:${ids} >> /etc/$file; done`);
  host.write('/images.tar', dockerArchive({ image: box, names: ['localhost/box:latest'] }));
  await host.ok('load', '-q', '-i', '/images.tar');
}

export const alone = ['--network', 'none'];
export const map = 'cat /proc/self/uid_map';
export const words = (text: string) => text.trim().split(/\s+/).join(' ');
export const owners = (paths: string) => `stat -c %u:%g ${paths}`;
