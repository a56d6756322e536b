import { PeapodError } from '../errors.ts';
import { type PlatformRequest, parsePlatform } from '../image/access.ts';
import type { ImageRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { ProgressSink } from './engine.ts';
import type { PullPolicy } from './pull-policy.ts';
import type { ContainerCreateRequest } from './requests.ts';

type ImageWanted = Pick<
  ContainerCreateRequest,
  'image' | 'rootfs' | 'arch' | 'os' | 'variant' | 'platform' | 'tlsVerify' | 'authFile'
>;

/** The image of a container to be made, pulled where the policy says so; undefined for the other roots. */
export async function imageFor(
  context: Context,
  request: ImageWanted,
  policy: PullPolicy,
  progress: ProgressSink,
): Promise<ImageRecord | undefined> {
  if (request.rootfs !== undefined || request.image === 'host') return undefined;
  if (!request.image) {
    throw new PeapodError('INVALID_ARGUMENT', 'an image, "host" or --rootfs is needed', {
      hint: 'peapod run IMAGE [COMMAND…]; "host" is a fresh root on this machine\'s /usr and /etc',
    });
  }
  const images = await context.images();
  if (policy === 'missing' || policy === 'never') {
    const present = images.find(request.image);
    if (present && isOfPlatform(present, request)) return present;
  }
  const { tlsVerify, authFile, arch, os, variant, platform } = request;
  const asked = { policy, quiet: false, tlsVerify, authFile, arch, os, variant, platform };
  const pull = images.pull(request.image, asked, progress);
  const id = await context.interrupt.blame(pull);
  context.events.image('pull', id, request.image);
  return images.require(id);
}

/** Where another platform was asked for than that of the image here, it is pulled. */
function isOfPlatform({ config }: ImageRecord, request: PlatformRequest): boolean {
  const platform = parsePlatform(request);
  return (
    !platform || (platform.architecture === config.architecture && platform.os === (config.os ?? 'linux'))
  );
}
