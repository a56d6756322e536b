import type { Change } from '../files/changes.ts';
import type { CommitRequest } from './commit.ts';
import type { CopyRequest } from './copy.ts';
import type { ProgressSink } from './image-api.ts';
import type { MountView } from './mount.ts';
import type { EngineParts } from './parts.ts';

/** What is done with the files of containers. */
export interface FileOperations {
  copy(request: CopyRequest): Promise<void>;
  /** Returns the id of the image. */
  commit(name: string, request: CommitRequest, progress: ProgressSink): Promise<string>;
  /** To a file, or standard output where undefined. */
  export(name: string, output: string | undefined): Promise<void>;
  diff(name: string, kind: 'all' | 'container' | 'image'): Promise<Change[]>;
  /** Returns where. Throws HOST_UNFIT outside of the namespaces that containers live in. */
  mount(name: string): Promise<string>;
  unmount(name: string): Promise<void>;
  mounted(): Promise<MountView[]>;
  mountImage(name: string): Promise<string>;
  /** Returns the id. */
  unmountImage(name: string): Promise<string>;
  mountedImages(): Promise<MountView[]>;
}

export function fileOperations(parts: () => EngineParts): FileOperations {
  return {
    copy: async (request) => {
      const { copyFiles } = await import('./copy.ts');
      await copyFiles(parts(), request);
    },
    commit: async (name, request, progress) => {
      const { id } = parts().containers.require(name);
      const { commitContainer } = await import('./commit.ts');
      return commitContainer(parts(), id, request, progress);
    },
    export: async (name, output) => {
      const { id } = parts().containers.require(name);
      const { exportContainer } = await import('./export.ts');
      await exportContainer(parts(), id, output);
    },
    diff: async (name, kind) => {
      const { diffOf } = await import('./diff.ts');
      return diffOf(parts(), name, kind);
    },
    mount: async (name) => {
      const { id } = parts().containers.require(name);
      return (await import('./mount.ts')).mountContainer(parts(), id);
    },
    unmount: async (name) => {
      const { id } = parts().containers.require(name);
      await (await import('./mount.ts')).unmountContainer(parts(), id);
    },
    mounted: async () => (await import('./mount.ts')).mountedContainers(parts()),
    mountImage: async (name) => (await import('./image-mount.ts')).mountImage(parts().context, name),
    unmountImage: async (name) => {
      const { context } = parts();
      const [{ requireOwnMounts }, { unmountImage }] = await Promise.all([
        import('./mount.ts'),
        import('./image-mount.ts'),
      ]);
      requireOwnMounts(context, 'image unmount');
      const image = (await context.images()).require(name);
      unmountImage(context, image);
      return image.id;
    },
    mountedImages: async () => (await import('./image-mount.ts')).mountedImages(parts().context),
  };
}
