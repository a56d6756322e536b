import { closeSync, openSync } from 'node:fs';
import type { LayerRequest, PackedLayer } from '../files/layer-process.ts';
import { failureOf } from '../files/report.ts';
import { pipe, widenPipe } from '../host/libc.ts';
import { endsWithParent } from '../host/processes.ts';
import type { Transfers } from '../image/transfers.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Access } from './files-place.ts';
import { planRootfs } from './rootfs.ts';

/**
 * The container's writable layer, or with `squash` all of its root, compressed into a file; and unpacked meanwhile by
 * a second process, which the image needs next. Where that fails, whoever records the image will say why.
 */
export async function packLayer(
  context: Context,
  { stores: { layers } }: Transfers,
  { place, runner }: Access,
  record: ContainerRecord,
  { squash, file }: { squash: boolean; file: string },
): Promise<PackedLayer> {
  const { places } = await planRootfs(context, record);
  const mountPoints = record.spec.mounts.map(({ destination }) => destination.replace(/^\/+/, ''));
  const made = [
    'dev',
    'proc',
    'sys',
    'run/.containerenv',
    'run/secrets',
    'etc/hosts',
    'etc/hostname',
    'etc/resolv.conf',
  ];
  const request: LayerRequest = {
    from: squash ? place.root : (places[0]?.dir as string),
    mounts: squash ? place.mounts : [],
    overlay: !squash,
    copied: true,
    mappings: record.spec.userns,
    // Mount points that only this container needed, and what is written into every container.
    without: squash ? [] : [...mountPoints, ...made],
  };
  const words = [
    ...endsWithParent,
    ...context.facts.self,
    'internal',
    'files-layer',
    JSON.stringify(request),
  ];
  const copy = pipe();
  widenPipe(copy.writeFd);
  const receiving = layers.receive(copy.readFd).catch(() => undefined);
  const fd = openSync(file, 'w');
  let packed: PackedLayer | undefined;
  try {
    const options = {
      accept: 'any',
      stdout: fd,
      fds: [copy.writeFd],
      signal: context.interrupt.signal,
    } as const;
    const result = await context.interrupt.blame(runner.run(words, options));
    const failure = failureOf(result);
    if (failure) throw failure;
    packed = JSON.parse(result.stderr.trim().split('\n').at(-1) as string) as PackedLayer;
    return packed;
  } finally {
    for (const each of [fd, copy.writeFd]) closeSync(each);
    const received = await receiving;
    if (received) await (received.diffId === packed?.diffId ? received.keep() : received.discard());
  }
}
