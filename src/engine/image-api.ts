import type { Filters } from './filters.ts';
import type { ImageView } from './views.ts';

/** Receives progress lines for standard error. */
export interface ProgressSink {
  (line: string): void;
  /** The terminal that a transfer may draw its progress on. */
  readonly terminalFd?: number | undefined;
}

/** How registries are spoken to; what is undefined stands in registries.conf and auth.json. */
export interface RegistryFlags {
  readonly tlsVerify?: boolean | undefined;
  /** `USER:PASSWORD`. */
  readonly creds?: string | undefined;
  readonly authFile?: string | undefined;
  readonly certDir?: string | undefined;
}

export interface PlatformFlags {
  readonly arch?: string | undefined;
  readonly os?: string | undefined;
  readonly variant?: string | undefined;
  readonly platform?: string | undefined;
}

export interface PullRequest extends RegistryFlags, PlatformFlags {
  /** As `--pull`. */
  readonly policy: string;
  readonly quiet: boolean;
  readonly allTags?: boolean;
}

export interface PushRequest extends RegistryFlags {
  readonly destination?: string | undefined;
  readonly format?: string | undefined;
  readonly compressionFormat?: string | undefined;
  readonly compressionLevel?: number | undefined;
  readonly compress: boolean;
  readonly digestFile?: string | undefined;
  readonly removeSignatures: boolean;
  readonly signBy?: string | undefined;
  readonly quiet: boolean;
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

/** One row of `history`, newest first. */
export interface HistoryView {
  /** Undefined where no image of this machine ends with this step. */
  readonly id: string | undefined;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly sizeBytes: number;
  readonly comment: string;
  readonly names: readonly string[];
}

export interface ImageOperations {
  /** Returns ids: one, or with `allTags` one for each tag. */
  pull(reference: string, request: PullRequest, progress: ProgressSink): Promise<string[]>;
  push(name: string, request: PushRequest, progress: ProgressSink): Promise<void>;
  /** Archive path, or undefined for standard input. Returns the names, or ids where untagged. */
  load(input: string | undefined, progress: ProgressSink): Promise<string[]>;
  save(names: readonly string[], request: SaveRequest, progress: ProgressSink): Promise<void>;
  list(filters?: Filters): Promise<ImageView[]>;
  inspect(name: string): Promise<Record<string, unknown>>;
  history(name: string): Promise<HistoryView[]>;
  tag(name: string, names: readonly string[]): Promise<void>;
  /** Takes all names where none is given. */
  untag(name: string, names: readonly string[]): Promise<void>;
  /** Returns lines as `podman rmi` prints them: `Untagged: …`, `Deleted: …`. */
  remove(name: string, options: { force: boolean; noPrune: boolean }): Promise<string[]>;
  /** Removes images without a name, with `all` every one without a container. Returns ids. */
  prune(options: { all: boolean; filters: Filters }): Promise<string[]>;
  exists(name: string): Promise<boolean>;
}
