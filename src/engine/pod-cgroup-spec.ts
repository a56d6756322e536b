import { PeapodError } from '../errors.ts';
import { cgroupVersion } from '../host/cgroups.ts';
import type { PodCgroupSpec } from '../store/records/resources.ts';
import { admitResources, readCgroupHost } from './admit-resources.ts';
import { cgroupPlace } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { parseCgroup } from './parse-cgroup.ts';
import { parseResources } from './parse-resources.ts';
import type { PodSettings } from './requests.ts';

/**
 * A pod has a cgroup of its own where it has limits, is to be in a certain place, or is asked for one; else its members stand beside
 * each other, and the pod costs nothing. Throws INVALID_ARGUMENT, HOST_UNFIT where peapod cannot make one: a limit
 * of a pod is not dropped with a warning.
 */
export function podCgroup(context: Context, request: PodSettings): PodCgroupSpec | undefined {
  const asked = parseResources(request.limits ?? {});
  const { cgroup } = parseCgroup({ cgroupParent: request.cgroupParent });
  const needsOne = Object.keys(asked).length > 0 || cgroup !== undefined;
  if (needsOne && request.shareParent === false) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      '--share-parent=false cannot be set together with limits or a cgroup parent of the pod',
      { hint: 'they are for the containers in the cgroup of the pod: leave one of both out' },
    );
  }
  if (!needsOne && !request.shareParent) return undefined;
  if (cgroupPlace(context).manager !== 'cgroupfs') {
    throw new PeapodError(
      'HOST_UNFIT',
      'limits of a whole pod are not supported without a cgroup directory of one’s own',
      {
        hint: 'limit the containers: peapod run --memory …; or create the pod as root',
      },
    );
  }
  if (cgroup?.parent?.endsWith('.slice')) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      'systemd slice received as cgroup parent when using cgroupfs: invalid argument',
    );
  }
  const refuse = (message: string) => {
    throw new PeapodError('HOST_UNFIT', message);
  };
  const host = readCgroupHost(cgroupVersion(), context.facts.rootless, true);
  const resources = admitResources(asked, { mode: 'enabled' }, host, refuse);
  return { ...(cgroup?.parent ? { parent: cgroup.parent } : {}), resources };
}
