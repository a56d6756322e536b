import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { applyChanges, type Settings } from '../image/changes.ts';
import { createImage } from '../image/create.ts';
import { checkNewNames } from '../image/naming.ts';
import type { ContainerRecord, ImageRecord } from '../store/records.ts';
import { packLayer } from './commit-layer.ts';
import { withRoot } from './files-place.ts';
import type { ProgressSink } from './image-api.ts';
import type { EngineParts } from './parts.ts';
import { requireFreezer } from './pause.ts';

export interface CommitRequest {
  readonly name?: string | undefined;
  readonly author?: string | undefined;
  readonly changes: readonly string[];
  /** `oci` or `docker`. */
  readonly format?: string | undefined;
  readonly message?: string | undefined;
  readonly pause: boolean;
  readonly squash: boolean;
  readonly includeVolumes: boolean;
  /** Gets the id. */
  readonly idFile?: string | undefined;
}

/** An image of what a container is now, volumes apart. Returns the image's id. */
export async function commitContainer(
  parts: EngineParts,
  id: string,
  request: CommitRequest,
  progress: ProgressSink,
): Promise<string> {
  const { context } = parts;
  const { format = 'oci', message, name } = request;
  if (format !== 'oci' && format !== 'docker') {
    throw new PeapodError('INVALID_ARGUMENT', `unrecognized image format "${format}"`, {
      hint: 'choose oci or docker',
    });
  }
  if (message !== undefined && format === 'oci') {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      'messages are only compatible with the docker image format (-f docker)',
    );
  }
  const names = name === undefined ? [] : checkNewNames([name]);
  const base = await baseOf(parts, id);
  const images = await context.images();
  const transfers = await images.transfers();
  const imageId = await withRoot(parts, id, (access, record) => {
    const settings = settingsOf(record, base, request);
    return paused(parts, record, request.pause, () =>
      transfers.run(async (workDirectory) => {
        const file = join(workDirectory, 'layer');
        const packed = await packLayer(context, transfers, access, record, { squash: request.squash, file });
        for (const diffId of request.squash ? [] : base.diffIds) progress(`Copying blob ${diffId}`);
        progress(`Copying blob ${packed.diffId}`);
        const image = {
          base: request.squash ? undefined : base,
          layer: { ...packed, file, compression: 'gzip' },
          format,
          settings,
          author: request.author,
          comment: message,
          step: { createdBy: '/bin/sh', comment: `FROM ${record.spec.imageName}` },
          platform: platformOf(base),
          names,
        } as const;
        return createImage(transfers, image, workDirectory, progress);
      }),
    );
  });
  context.events.container('commit', context.store.containers.get(id) as ContainerRecord);
  if (request.idFile !== undefined) writeFileSync(request.idFile, imageId);
  return imageId;
}

async function baseOf({ context }: EngineParts, id: string): Promise<ImageRecord> {
  const { spec, name } = context.store.containers.get(id) as ContainerRecord;
  if (spec.rootfs.kind === 'image') return (await context.images()).require(spec.rootfs.imageId);
  throw new PeapodError('INVALID_ARGUMENT', `container ${name} is not made of an image`, {
    hint: `peapod export ${name} | peapod import - NAME makes one of all its files`,
  });
}

function platformOf({ config }: ImageRecord) {
  const { os = 'linux', architecture, variant } = config;
  return architecture === undefined ? undefined : { os, architecture, variant };
}

/** Frozen while it is read, where asked for. */
async function paused<T>(
  { context, lifecycle, operations }: EngineParts,
  record: ContainerRecord,
  wanted: boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (!wanted || record.state !== 'running' || !lifecycle.isRunning(record)) return work();
  requireFreezer(lifecycle);
  const inside = await context.inside();
  return operations.during(record.id, 'pause', async () => {
    await lifecycle.crun.pause(inside, record.id);
    try {
      return await work();
    } finally {
      await lifecycle.crun.resume(inside, record.id);
    }
  });
}

/** Set in every container, and of none in particular. */
const everywhere = new Set(['HOME', 'HOSTNAME', 'TERM', 'container']);

function settingsOf(record: ContainerRecord, base: ImageRecord, request: CommitRequest): Settings {
  const { spec } = record;
  const own = base.config.config ?? {};
  const inImage = new Set((own.Env ?? []).map((entry) => entry.split('=')[0]));
  const env = Object.entries(spec.env).filter(([key]) => inImage.has(key) || !everywhere.has(key));
  const volumes = request.includeVolumes ? spec.mounts.map(({ destination }) => [destination, {}]) : [];
  const settings: Settings = {
    ...own,
    Env: env.map(([key, value]) => `${key}=${value}`),
    Cmd: [...spec.command],
    ...(spec.entrypoint.length > 0 ? { Entrypoint: [...spec.entrypoint] } : { Entrypoint: null }),
    Labels: { ...own.Labels, ...spec.labels },
    WorkingDir: spec.workdir,
    User: spec.user,
    ...(volumes.length > 0 ? { Volumes: { ...own.Volumes, ...Object.fromEntries(volumes) } } : {}),
  };
  applyChanges(settings, request.changes);
  const entries = Object.entries(settings).filter(
    ([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(entries) as Settings;
}
