import { describe, expect, it } from 'vitest';
import {
  availableCapabilities,
  capabilityMask,
  capabilitySets,
  defaultCapabilities,
} from '../../src/container/capabilities.ts';
import { isPeapodError } from '../../src/errors.ts';

const available = availableCapabilities(true);
const base = { add: [], drop: [], privileged: false, isRoot: true, available };

describe('capabilities of a container', () => {
  it('gives root podman’s default set, effective and permitted, nothing ambient', () => {
    expect(capabilitySets(base)).toEqual({
      bounding: [...defaultCapabilities].sort(),
      effective: [...defaultCapabilities].sort(),
      permitted: [...defaultCapabilities].sort(),
    });
    expect(capabilityMask(defaultCapabilities)).toBe('800405fb');
  });

  it('gives another user only what was added by name, as ambient capabilities', () => {
    expect(capabilitySets({ ...base, isRoot: false })).toEqual({ bounding: [...defaultCapabilities].sort() });
    const sets = capabilitySets({ ...base, isRoot: false, add: ['net_raw'] });
    expect(sets.ambient).toEqual(['CAP_NET_RAW']);
    expect(sets.inheritable).toEqual(['CAP_NET_RAW']);
    expect(capabilityMask(sets.bounding)).toBe('800425fb');
  });

  it('takes names in any case, with or without CAP_, several in a word', () => {
    const sets = capabilitySets({ ...base, add: ['cap_net_raw,Sys_Ptrace'], drop: ['KILL'] });
    expect(sets.bounding).toContain('CAP_NET_RAW');
    expect(sets.bounding).toContain('CAP_SYS_PTRACE');
    expect(sets.bounding).not.toContain('CAP_KILL');
  });

  it('understands ALL on either side, with exceptions by name', () => {
    const all = capabilitySets({ ...base, add: ['ALL'], drop: ['net_admin'] }).bounding;
    expect([...all].sort()).toEqual(available.filter((name) => name !== 'CAP_NET_ADMIN').sort());
    expect(capabilitySets({ ...base, drop: ['all'], add: ['net_admin'] }).bounding).toEqual([
      'CAP_NET_ADMIN',
    ]);
    expect(capabilitySets({ ...base, drop: ['all'] }).bounding).toEqual([]);
  });

  it('gives a privileged container all that the caller has, and another user none of it in effect', () => {
    expect(capabilitySets({ ...base, privileged: true }).effective).toEqual(available);
    expect(capabilitySets({ ...base, privileged: true, isRoot: false })).toEqual({ bounding: available });
  });

  it.each([
    [['nosuch'], [], '"CAP_NOSUCH": unknown capability'],
    [[], ['nosuch'], '"CAP_NOSUCH": unknown capability'],
    [['NET_ADMIN'], ['net_admin'], 'capability "CAP_NET_ADMIN" cannot be dropped and added'],
    [['ALL'], ['ALL'], 'adding all caps and removing all caps not allowed'],
  ])('refuses --cap-add %j --cap-drop %j in podman’s words (E2)', (add, drop, message) => {
    expect(() => capabilitySets({ ...base, add, drop })).toThrow(message);
  });

  it('refuses what the caller cannot give, and leaves it out of the defaults', () => {
    const fewer = available.filter((name) => name !== 'CAP_CHOWN' && name !== 'CAP_SYS_RESOURCE');
    expect(capabilitySets({ ...base, available: fewer }).bounding).not.toContain('CAP_CHOWN');
    try {
      capabilitySets({ ...base, available: fewer, add: ['sys_resource'] });
      expect.unreachable();
    } catch (error) {
      expect(isPeapodError(error, 'HOST_UNFIT')).toBe(true);
    }
  });
});
