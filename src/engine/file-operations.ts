import type { Change } from '../files/changes.ts';
import type { CommitRequest } from './commit.ts';
import type { CopyRequest } from './copy.ts';
import type { ProgressSink } from './image-api.ts';
import type { EngineParts } from './parts.ts';

/** What is done with the files of containers. */
export interface FileOperations {
  copy(request: CopyRequest): Promise<void>;
  /** Returns the id of the image. */
  commit(name: string, request: CommitRequest, progress: ProgressSink): Promise<string>;
  /** To a file, or standard output where undefined. */
  export(name: string, output: string | undefined): Promise<void>;
  diff(name: string, kind: 'all' | 'container' | 'image'): Promise<Change[]>;
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
  };
}
