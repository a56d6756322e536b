import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/engine/context.ts';
import { inspectGraphDriver } from '../../src/engine/inspect-storage.ts';
import type { ContainerRecord, ImageRecord, RootfsSpec } from '../../src/store/records.ts';

const context = { paths: { layers: '/l', container: (id: string) => `/c/${id}` } } as unknown as Context;
const image = { diffIds: ['sha256:a', 'sha256:b', 'sha256:a'] } as unknown as ImageRecord;
const inspect = (rootfs: RootfsSpec, isRunning: boolean) =>
  inspectGraphDriver(context, { id: 'x', spec: { rootfs } } as ContainerRecord, {
    image: rootfs.kind === 'image' ? image : undefined,
    isRunning,
  });

describe('GraphDriver of inspect (B1)', () => {
  it('has the layers of an image, topmost first, and where a running container has them merged', () => {
    const own = { UpperDir: '/c/x/rootfs/root/diff', WorkDir: '/c/x/rootfs/root/work' };
    const rootfs = { kind: 'image', imageId: 'i' } as const;
    expect(inspect(rootfs, false)).toEqual({ Name: 'overlay', Data: { LowerDir: '/l/a:/l/b', ...own } });
    const merged = { MergedDir: '/c/x/rootfs/root/merged' };
    expect(inspect(rootfs, true)).toEqual({
      Name: 'overlay',
      Data: { LowerDir: '/l/a:/l/b', ...merged, ...own },
    });
  });

  it('tells what is no overlay, or several', () => {
    expect(inspect({ kind: 'directory', path: '/d', overlay: true }, false)).toMatchObject({
      Data: { LowerDir: '/d' },
    });
    expect(inspect({ kind: 'directory', path: '/d', overlay: false }, true)).toEqual({
      Name: '',
      Data: null,
    });
    expect(inspect({ kind: 'host' }, true)).toEqual({ Name: 'overlay', Data: null });
  });
});
