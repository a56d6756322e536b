import { resolve } from 'node:path';
import { parseDatabase } from '../container/user.ts';
import { overflowId } from '../host/id-mappings.ts';
import type { ImageRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { ContainerCreateRequest } from './requests.ts';
import { readDatabases } from './rootfs.ts';

/** As many ids as podman gives at the least. */
const leastIds = 1024;

/** A pod's members are not known yet: as many as images are made for. */
export const podIds = 65_536;

/**
 * How many ids a container with `--userns auto` needs: for the users and groups of its /etc, for its own user, and
 * for whoever owns a file of its image. Nobody, 65534, is what an id shows that is not mapped, and needs none.
 */
export async function autoSize(
  context: Context,
  request: ContainerCreateRequest,
  image: ImageRecord | undefined,
): Promise<number> {
  const layers = image ? await (await context.images()).layerDirectories(image) : [];
  const root = request.rootfs === undefined ? '/' : resolve(request.rootfs.replace(/:O$/, ''));
  const places = (image ? layers.toReversed() : [root]).map((dir) => ({ dir, at: '' }));
  const [passwd, group] = await readDatabases(context, { places });
  const user = request.user ?? image?.config.config?.User ?? '';
  const ids = [
    ...parseDatabase(passwd).flatMap(([, , uid, gid]) => [Number(uid), Number(gid)]),
    ...parseDatabase(group).map(([, , gid]) => Number(gid)),
    ...user.split(':').map(Number),
    ...(await ownersOf(context, layers)),
  ].filter((id) => id >= 0 && id !== overflowId && id !== overflowId + 1);
  return Math.max(leastIds, ...ids.map((id) => id + 1));
}

async function ownersOf(context: Context, layers: readonly string[]): Promise<number[]> {
  if (layers.length === 0) return [];
  const inside = await context.inside();
  const script = 'find "$@" -printf "%U\\n%G\\n" | sort -nu';
  const { stdout } = await inside.run(['sh', '-c', script, 'sh', ...layers]);
  return stdout.trim().split('\n').map(Number);
}
