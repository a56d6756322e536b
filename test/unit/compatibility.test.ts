import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findFlag, flagsOf, type PodmanCommands } from '../../src/commands/podman/compatibility.ts';
import { differences } from '../../src/commands/podman/differences.ts';
import { commandLine } from './command-line.ts';

const top = new URL('../..', import.meta.url);
const podman = JSON.parse(
  readFileSync(new URL('test/fixtures/podman-4.3-commands.json', top), 'utf8'),
) as PodmanCommands;
const paths = Object.keys(podman.commands);

describe('compatibility with podman', () => {
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

  it('B1: refuses options of podman itself behind a verb, too', async () => {
    for (const words of [
      ['--remote', 'ps'],
      ['ps', '--remote'],
      ['pod', 'ps', '--connection', 'x'],
    ]) {
      const { code, stderr } = await commandLine(words);
      expect([code, stderr]).toEqual([
        125,
        expect.stringContaining('is not here: nothing of peapod runs elsewhere'),
      ]);
    }
  });
});
