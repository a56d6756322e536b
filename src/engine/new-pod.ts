import { PeapodError } from '../errors.ts';
import type { Context } from './context.ts';
import { parseShare } from './parse-options.ts';
import type { ContainerCreateRequest, PodCreateRequest } from './requests.ts';

const prefix = 'new:';

export function wantsNewPod({ pod }: ContainerCreateRequest): boolean {
  return pod?.startsWith(prefix) ?? false;
}

/** Where a pod shares none, what was said of the network is for the container alone. */
const noNetwork = {
  networks: [],
  networkAliases: [],
  ports: [],
  ip: undefined,
  ip6: undefined,
  macAddress: undefined,
} satisfies Partial<PodCreateRequest>;

/** The pod that `--pod new:NAME` makes for a container. */
export function newPodRequest(request: ContainerCreateRequest): PodCreateRequest {
  return {
    ...request,
    ...(parseShare(request.share).includes('net') ? {} : noNetwork),
    name: request.pod?.slice(prefix.length) || undefined,
    labels: [],
    labelFiles: [],
    podIdFile: undefined,
    limits: undefined,
    cgroupParent: undefined,
    replace: false,
    // These are the container's own.
    volumes: [],
    volumesFrom: [],
    devices: [],
    securityOptions: [],
  };
}

/** Before anything is taken away: throws NAME_IN_USE where the pod and its container cannot have their names. */
export function checkNewNames(
  { store }: Context,
  pod: string | undefined,
  container: string | undefined,
): void {
  if (pod === undefined) return;
  if (pod === container) {
    throw new PeapodError(
      'NAME_IN_USE',
      `the container name "${container}" is already in use by the pod that is made for it`,
      { hint: 'pods and containers share one space of names: choose another one for either' },
    );
  }
  store.names.check(pod, 'pod');
}
