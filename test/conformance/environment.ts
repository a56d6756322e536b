import type { Attachment, NetworkBackend, NetworkTarget } from '../../src/network/backend.ts';
import type { Protocol } from '../../src/network/types.ts';

/** A host on which a backend works, and the eyes and hands of the tests on it. */
export interface ConformanceEnvironment {
  readonly backend: NetworkBackend;
  /** The network of the tests; `validate` accepts it. */
  readonly network: string;
  /** A free address of the network, where the backend takes one. */
  readonly staticAddress?: string;
  /** A target with a network namespace that has only `lo`, and a runtime directory. */
  makeTarget(more?: Partial<NetworkTarget>): NetworkTarget;
  /** Takes the namespace away under the target, as a reboot or an unpin does. */
  destroyNamespace(target: NetworkTarget): void;
  /** What the kernel says about the pod. */
  look(target: NetworkTarget): PodNetworkState;
  /** Serves its own id on a port of the pod. */
  serve(target: NetworkTarget, protocol: Protocol, port: number): Promise<void>;
  /** One attempt to ask a server, from the host or from a pod; undefined where nobody answers. */
  ask(address: string, protocol: Protocol, port: number, from?: NetworkTarget): string | undefined;
  /** Listens on a host port with a process that is not ours; returns what frees it. */
  occupy(port: number): Promise<() => Promise<void>>;
  /** Breaks what attach made. */
  damage(target: NetworkTarget, last: Attachment): void;
  /** Everything that is on the host and was not there before the first target: links, rules, leases, processes. */
  leftovers(): string[];
  /** Ends servers and namespaces of one test. */
  clear(): void;
  close(): void;
}

export interface PodNetworkState {
  readonly interfaces: readonly string[];
  readonly addresses: readonly string[];
  readonly defaultGateways: readonly string[];
}
