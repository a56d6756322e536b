import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { absentFlags, absentVerbs } from '../../src/commands/podman/absent.ts';
import { compare, findFlag, flagsOf, type PodmanCommands } from '../../src/commands/podman/compatibility.ts';
import { differences } from '../../src/commands/podman/differences.ts';
import { commandLine } from './command-line.ts';

const top = new URL('../..', import.meta.url);
const podman = JSON.parse(
  readFileSync(new URL('test/fixtures/podman-4.3-commands.json', top), 'utf8'),
) as PodmanCommands;
const paths = Object.keys(podman.commands);

describe('compatibility with podman', () => {
  it('B1: what podman has and peapod has not has a reason in src/commands/podman/absent.ts', async () => {
    expect((await compare(podman)).gaps).toEqual([]);
  });

  it('gives reasons for nothing that peapod has, or podman has not', async () => {
    const stale: string[] = [];
    for (const path of Object.keys(absentVerbs)) {
      const below = paths.filter((other) => other === path || other.startsWith(`${path} `));
      const missing = await Promise.all(below.map(async (other) => (await flagsOf(other)) === undefined));
      if (!missing.includes(true)) stale.push(path);
    }
    for (const { flags, verbs } of absentFlags) {
      for (const spelling of flags.split(' ')) {
        const [long = '', short] = spelling.split('/');
        for (const path of verbs?.split(',') ?? ['every verb']) {
          const candidates = verbs === undefined ? paths : [path];
          const missing = candidates.filter((other) => {
            const flag = podman.commands[other]?.flags[long];
            return flag !== undefined && flag.short === short;
          });
          const own = await Promise.all(missing.map(flagsOf));
          if (!own.some((set) => set !== undefined && findFlag(set, long) === undefined))
            stale.push(`${path} --${spelling}`);
        }
      }
    }
    expect(stale).toEqual([]);
  });

  it('remarks on nothing that is not in both', async () => {
    const unknown: string[] = [];
    for (const key of Object.keys(differences)) {
      const [, path = '', flag] = /^(.*?) ?(?:--(\S+))?$/.exec(key) ?? [];
      const candidates = flag !== undefined && path === '' ? paths : [path];
      const found = await Promise.all(
        candidates.map(async (other) => {
          const own = await flagsOf(other);
          if (own === undefined || podman.commands[other] === undefined) return false;
          return flag === undefined || (flag in podman.commands[other].flags && findFlag(own, flag));
        }),
      );
      if (!found.some(Boolean)) unknown.push(key);
    }
    expect(unknown).toEqual([]);
  });

  it('B1: refuses what is not here by name and with the reason', async () => {
    for (const path of paths) {
      const own = await flagsOf(path);
      if (own === undefined) {
        const { code, stderr } = await commandLine(path.split(' '));
        expect([path, code, stderr]).toEqual([path, 125, expect.stringMatching(/^Error: .* is not here: ./)]);
        continue;
      }
      for (const [name, { short }] of Object.entries(podman.commands[path]?.flags ?? {})) {
        if (findFlag(own, name)) continue;
        for (const word of [`--${name}`, short === undefined ? [] : `-${short}`].flat()) {
          const { code, stderr, opened } = await commandLine([...path.split(' ').filter(Boolean), word, 'x']);
          expect([path, code, stderr]).toEqual([
            path,
            125,
            expect.stringContaining(`Error: ${word} is not here: `),
          ]);
          expect(opened).toEqual([]);
        }
      }
    }
  });
});
