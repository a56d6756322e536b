import { PeapodError } from '../errors.ts';
import type { Change } from '../files/changes.ts';
import type { ChangesRequest } from '../files/changes-process.ts';
import { failureOf } from '../files/report.ts';
import type { ContainerRecord, ImageRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { EngineParts } from './parts.ts';
import { planRootfs } from './rootfs.ts';

/** Made in every container: podman does not tell them either. */
const madeByUs = new Set([
  '/dev',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/proc',
  '/run',
  '/run/.containerenv',
  '/run/notify',
  '/run/secrets',
  '/sys',
]);

/** What a container has changed of its image, or the top layer of an image of those below. */
export async function diffOf(
  { context, containers }: EngineParts,
  name: string,
  kind: 'all' | 'container' | 'image' = 'all',
): Promise<Change[]> {
  const record = kind === 'image' ? undefined : containers.find(name);
  if (record) return diffContainer(context, record);
  if (kind === 'container') containers.require(name);
  const images = await context.images();
  const image = images.find(name);
  if (image) return diffImage(context, image);
  throw new PeapodError('NOT_FOUND', `${name} not found: layer not known`, {
    hint: "'peapod ps -a' and 'peapod images' list what there is",
  });
}

async function diffContainer(context: Context, record: ContainerRecord): Promise<Change[]> {
  const { places } = await planRootfs(context, record);
  const [upper, ...lower] = places;
  if (record.spec.rootfs.kind !== 'image' || !upper) {
    throw new PeapodError('INVALID_ARGUMENT', `container ${record.name} has no image to compare with`, {
      hint: `peapod export ${record.name} writes all its files`,
    });
  }
  const found = await findChanges(context, { upper: upper.dir, lower: lower.map(({ dir }) => dir) });
  const mounted = new Set(record.spec.mounts.map(({ destination }) => destination));
  return found.filter(({ path }) => !mounted.has(path));
}

async function diffImage(context: Context, image: ImageRecord): Promise<Change[]> {
  const images = await context.images();
  const [upper, ...lower] = (await images.layerDirectories(image)).reverse();
  return upper === undefined ? [] : findChanges(context, { upper, lower });
}

async function findChanges(context: Context, request: ChangesRequest): Promise<Change[]> {
  const inside = await context.inside();
  const words = [...context.facts.self, 'internal', 'files-changes', JSON.stringify(request)];
  const result = await inside.run(words, { accept: 'any' });
  const failure = failureOf(result);
  if (failure) throw failure;
  const found = JSON.parse(result.stdout) as Change[];
  return found.filter(({ path }) => !madeByUs.has(path));
}
