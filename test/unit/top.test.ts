import { describe, expect, it } from 'vitest';
import { idMapper, type ProcessEntry, terminalName } from '../../src/container/process-table.ts';
import { cells, goDuration, headings, parseDescriptors } from '../../src/container/top-columns.ts';

describe('the words behind `top CONTAINER`', () => {
  it.each([
    [[], ['user', 'pid', 'ppid', 'pcpu', 'etime', 'tty', 'time', 'args']],
    [['pid'], ['pid']],
    [
      ['pid,%a', '%C'],
      ['pid', 'args', 'pcpu'],
    ],
    [['-ef'], undefined],
    [['pid', 'nonsense'], undefined],
    [['constructor'], undefined],
  ])('%j', (words, names) => {
    expect(parseDescriptors(words)).toEqual(names);
  });
});

const names = {
  user: (id: number) => `user-${id}`,
  group: (id: number) => `group-${id}`,
  hostUser: (id: number) => `host-user-${id}`,
  hostGroup: (id: number) => `host-group-${id}`,
};

const process: ProcessEntry = {
  hostPid: 4711,
  pid: 1,
  ppid: 0,
  pgid: 1,
  command: 'sleep',
  args: ['sleep', '1000'],
  state: 'S',
  nice: -5,
  terminal: 'pts/0',
  virtualBytes: 4096 * 1024,
  residentBytes: 1024 * 1024,
  cpuMs: 12_500,
  startedAtMs: Date.parse('2026-01-02T03:04:05Z'),
  uids: [0, 7],
  gids: [1, 8],
  groups: [1, 2],
  hostUid: 100_007,
  hostGid: 100_008,
  hostGroups: [100_001],
  capabilities: { CapInh: 0n, CapPrm: 0b100011n, CapEff: (1n << 41n) - 1n, CapBnd: 1n, CapAmb: 0n },
  seccomp: 2,
  label: '',
};

describe('the columns of top', () => {
  it.each([
    ['user', 'USER', 'user-7'],
    ['ruser', 'RUSER', 'user-0'],
    ['group', 'GROUP', 'group-8'],
    ['rgroup', 'RGROUP', 'group-1'],
    ['groups', 'GROUPS', 'group-1,group-2'],
    ['huser', 'HUSER', 'host-user-100007'],
    ['hgroup', 'HGROUP', 'host-group-100008'],
    ['hgroups', 'HGROUPS', 'host-group-100001'],
    ['hpid', 'HPID', '4711'],
    ['pcpu', '%CPU', '12.500'],
    ['etime', 'ELAPSED', '1m40s'],
    ['time', 'TIME', '12s'],
    ['vsz', 'VSZ', '4096'],
    ['rss', 'RSS', '1024'],
    ['nice', 'NI', '-5'],
    ['stime', 'STIME', '2026-01-02 03:04:05 +0000 UTC'],
    ['args', 'COMMAND', 'sleep 1000'],
    ['capinh', 'INHERITED CAPS', 'none'],
    ['capprm', 'PERMITTED CAPS', 'CHOWN,DAC_OVERRIDE,KILL'],
    ['capeff', 'EFFECTIVE CAPS', 'full'],
    ['seccomp', 'SECCOMP', 'filter'],
    ['label', 'LABEL', '?'],
  ])('%s', (name, heading, cell) => {
    expect(headings([name])).toEqual([heading]);
    expect(cells(process, [name], names, process.startedAtMs + 100_000)).toEqual([cell]);
  });
});

it.each([
  [0, '0s'],
  [12, '12ms'],
  [1546, '1.546s'],
  [61_000, '1m1s'],
  [3_723_500, '1h2m3.5s'],
])('%i ms is %s in Go', (durationMs, text) => {
  expect(goDuration(durationMs)).toBe(text);
});

it('ids of the host become those of the user namespace', () => {
  const map = idMapper('         0       1001          1\n         1     100000      65536\n');
  expect([1001, 100_000, 165_535, 0].map(map)).toEqual([0, 1, 65_536, 65_534]);
});

it.each([
  [0, '?'],
  [34_816, 'pts/0'],
  [34_820, 'pts/4'],
  [1_083_392, 'pts/256'],
  [1025, 'tty1'],
])('device %i is %s', (device, name) => {
  expect(terminalName(device)).toBe(name);
});
