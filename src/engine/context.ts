import type { Runner } from '../host/exec.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Paths } from '../host/paths.ts';
import type { ImageStore } from '../image/store.ts';
import type { BackendName, NetworkBackend } from '../network/backend.ts';
import type { EventLog } from '../store/event-log.ts';
import type { Store } from '../store/store.ts';
import type { Interrupt } from './interrupt.ts';
import type { DoctorFinding } from './views.ts';

/**
 * What every part of the engine works with. Backends, images and the keeper come as functions: they are
 * loaded, and started, by the first command that needs them.
 */
export interface Context {
  readonly facts: HostFacts;
  readonly paths: Paths;
  readonly store: Store;
  readonly interrupt: Interrupt;
  readonly events: EventLog;
  /** Where the caller stands. */
  readonly host: Runner;
  /** Where mounts and namespaces of containers live: the keeper's namespaces, or the host for root. */
  inside(): Promise<Runner>;
  /** The user namespace of `inside` alone: with the host's mounts and the caller's working directory. */
  beside(): Promise<Runner>;
  /** True where `inside` is another mount namespace than this process'. */
  readonly separateMounts: boolean;
  /** A path in the mount namespace of `inside`, as this process can open it; undefined where that is gone. */
  visible(path: string): string | undefined;
  backend(name: BackendName): Promise<NetworkBackend>;
  images(): Promise<ImageStore>;
  /** What stands in the way of running pods here. */
  doctor(): Promise<DoctorFinding[]>;
  /** Ends the user's keeper. Throws BUSY where it holds something. */
  migrate(): Promise<void>;
  /** The words that start this peapod with the same roots, for conmon's exit command. */
  readonly self: readonly string[];
}
