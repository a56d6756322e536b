import type { BackendName } from './backend.ts';
import type { NetworkRequest } from './types.ts';

/** Which backend serves a pod, and why. Decided once, when the pod is created, and stored with it. */
export interface BackendSelection {
  readonly backend: BackendName;
  /** A network's name; the backend's own where it has none. */
  readonly network: string;
  readonly options: Readonly<Record<string, string>>;
  /** For people: why this backend and not the other. */
  readonly reason: string;
}

/** podman's name for the network that pods get where nobody chose one. */
export const defaultNetwork = 'podman';

/** `--network` wins; otherwise root gets a bridge, everyone else slirp4netns. Pure. */
export function selectBackend(
  request: Extract<NetworkRequest, { kind: 'default' | 'network' }>,
  facts: { readonly rootless: boolean },
): BackendSelection {
  const { options } = request;
  if (request.kind === 'default') {
    return facts.rootless
      ? {
          backend: 'slirp4netns',
          network: 'slirp4netns',
          options,
          reason:
            'no --network was given, and only root may put a bridge on the host; slirp4netns needs no privilege',
        }
      : {
          backend: 'bridge',
          network: defaultNetwork,
          options,
          reason: `no --network was given, and root has the bridge network "${defaultNetwork}", without slirp4netns' detour through a process`,
        };
  }
  if (request.name === 'slirp4netns' || request.name === 'pasta') {
    const backend = request.name;
    return { backend, network: backend, options, reason: `--network ${backend} was given` };
  }
  const network = request.name === 'bridge' ? defaultNetwork : request.name;
  const where = facts.rootless ? "; it lives in the user's own network namespace" : '';
  return {
    backend: 'bridge',
    network,
    options,
    reason: `--network ${request.name} names a bridge network${where}`,
  };
}
