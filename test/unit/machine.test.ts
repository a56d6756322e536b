import { describe, expect, it } from 'vitest';
import { parseIdMap, readCpuUse, readMemory, uptimeText } from '../../src/host/machine.ts';

describe('what info tells of the machine', () => {
  it.each([
    [59.7, '0h 0m 59.00s'],
    [2311, '0h 38m 31.00s'],
    [7507, '2h 5m 7.00s (Approximately 0.09 days)'],
  ])('%d seconds up are %j', (seconds, text) => {
    expect(uptimeText(seconds)).toBe(text);
  });

  it('reads id maps as podman shows them', () => {
    expect(parseIdMap('         0       1001          1\n         1     165536      65536\n')).toEqual([
      { container_id: 0, host_id: 1001, size: 1 },
      { container_id: 1, host_id: 165536, size: 65536 },
    ]);
  });

  it('adds up', () => {
    const { userPercent, systemPercent, idlePercent } = readCpuUse();
    const sum = userPercent + systemPercent + idlePercent;
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThanOrEqual(100.03);
    const { memFreeBytes, memTotalBytes } = readMemory();
    expect(memFreeBytes).toBeGreaterThan(0);
    expect(memFreeBytes).toBeLessThan(memTotalBytes);
  });
});
