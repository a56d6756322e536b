import type { PlatformRequest, RegistryAccess } from '../image/access.ts';
import type { ImportRequest } from '../image/import.ts';
import type { LoginRequest, LogoutRequest } from '../image/login.ts';
import type { PushOptions } from '../image/push.ts';
import type { HistoryStep } from '../image/relations.ts';
import type { SearchRequest, SearchResult } from '../image/search.ts';
import type { BuildRequest, Built } from './build.ts';
import type { Filters } from './filters.ts';
import type { ImageTreeView } from './image-tree.ts';
import type { ImagePruneOptions } from './images.ts';
import type { ImageView } from './views.ts';

export type { HistoryStep } from '../image/relations.ts';
export type { SearchResult } from '../image/search.ts';

/** Receives progress lines for standard error. */
export interface ProgressSink {
  (line: string): void;
  /** The terminal that a transfer may draw its progress on. */
  readonly terminalFd?: number | undefined;
}

export interface PullRequest extends RegistryAccess, PlatformRequest {
  /** As `--pull`. */
  readonly policy: string;
  readonly quiet: boolean;
  readonly allTags?: boolean;
}

export interface PushRequest extends PushOptions {
  /** By default where the image's name says. */
  readonly destination?: string | undefined;
}

export interface SaveRequest {
  /** `docker-archive` where undefined. */
  readonly format?: string | undefined;
  /** Undefined for standard output. */
  readonly output?: string | undefined;
  /** All names are images, not further names of the first. */
  readonly several: boolean;
  readonly compress: boolean;
  readonly uncompressed: boolean;
}

export interface ImageOperations {
  /** Returns ids: one, or with `allTags` one for each tag. */
  pull(reference: string, request: PullRequest, progress: ProgressSink): Promise<string[]>;
  push(name: string, request: PushRequest, progress: ProgressSink): Promise<void>;
  /** Archive path, or undefined for standard input. Returns the names, or ids where untagged. */
  load(input: string | undefined, progress: ProgressSink): Promise<string[]>;
  /** Uses this process' stdio. */
  build(request: BuildRequest, progress: ProgressSink): Promise<Built>;
  /** Returns the id. */
  import(request: ImportRequest, progress: ProgressSink): Promise<string>;
  save(names: readonly string[], request: SaveRequest, progress: ProgressSink): Promise<void>;
  list(filters?: Filters): Promise<ImageView[]>;
  inspect(name: string): Promise<Record<string, unknown>>;
  history(name: string): Promise<HistoryStep[]>;
  tree(name: string): Promise<ImageTreeView>;
  tag(name: string, names: readonly string[]): Promise<void>;
  /** Takes all names where none is given. */
  untag(name: string, names: readonly string[]): Promise<void>;
  /** Returns lines as `podman rmi` prints them: `Untagged: …`, `Deleted: …`. */
  remove(name: string, options: { force: boolean; noPrune: boolean }): Promise<string[]>;
  /** Removes images without a name, with `all` every one without a container. Returns ids. */
  prune(options: ImagePruneOptions): Promise<string[]>;
  exists(name: string): Promise<boolean>;
  /** Returns the exit code; uses this process' stdio. */
  login(request: LoginRequest): Promise<number>;
  logout(request: LogoutRequest): Promise<number>;
  search(request: SearchRequest): Promise<SearchResult[]>;
  searchTags(request: SearchRequest): Promise<{ name: string; tags: string[] }>;
}
