import { PeapodError } from '../errors.ts';
import type { CgroupSpec } from '../store/records/resources.ts';
import type { ContainerSpec } from '../store/records.ts';
import type { CgroupFlags } from './container-flags.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** Where the cgroup is to be, not yet whether it can be there. Throws INVALID_ARGUMENT in podman's words. */
export function parseCgroup(flags: CgroupFlags): Pick<ContainerSpec, 'cgroup'> {
  const mode = parseMode(flags.cgroups ?? 'enabled');
  const parent = flags.cgroupParent;
  if (parent && mode === 'disabled')
    throw invalid('cannot set cgroup parent if not creating cgroups: invalid argument');
  if (parent?.split('/').includes('..')) throw invalid(`--cgroup-parent ${parent}: must not contain ..`);
  return mode === 'enabled' && !parent ? {} : { cgroup: { mode, ...(parent ? { parent } : {}) } };
}

function parseMode(word: string): CgroupSpec['mode'] {
  if (word === 'enabled' || word === 'disabled' || word === 'no-conmon') return word;
  if (word === 'split') {
    throw invalid(
      '--cgroups=split is not supported',
      'the monitor stays in the cgroup of whoever starts it: --cgroups=no-conmon',
    );
  }
  throw invalid(
    `invalid cgroup mode "${word}": invalid argument`,
    'choose from enabled, disabled, no-conmon',
  );
}
