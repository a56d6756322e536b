import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandHelp, topHelp } from '../../src/commands/help.ts';
import { absentFlags, absentVerbs } from '../../src/commands/podman/absent.ts';
import { compare, findFlag, flagsOf, type PodmanCommands } from '../../src/commands/podman/compatibility.ts';
import { compatibilityText } from '../../src/commands/podman/compatibility-text.ts';
import { reference } from '../../src/commands/reference.ts';
import { aliases, groups, verbs } from '../../src/commands/registry.ts';
import { differences } from '../differential/differences.ts';

const top = new URL('../..', import.meta.url);
const inTop = (path: string) => fileURLToPath(new URL(path, top));
const podman: PodmanCommands = JSON.parse(
  readFileSync(inTop('test/fixtures/podman-4.3-commands.json'), 'utf8'),
);
const paths = Object.keys(podman.commands);

describe('the definitions of the commands', () => {
  it('docs/cli.md says what the definitions say (update it with vitest -u)', async () => {
    await expect(await reference()).toMatchFileSnapshot(inTop('docs/cli.md'));
  });

  it('B1: docs/compatibility.md says what they are beside podman (update it with vitest -u)', async () => {
    const seen = Object.entries(differences).filter(([, list]) => list.length > 0);
    const reasons = Object.fromEntries(seen.map(([topic, list]) => [topic, list.map(({ why }) => why)]));
    await expect(await compatibilityText(podman, reasons)).toMatchFileSnapshot(
      inTop('docs/compatibility.md'),
    );
  });

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
    for (const { flags, verbs: of } of absentFlags) {
      for (const spelling of flags.split(' ')) {
        const [long = '', short] = spelling.split('/');
        for (const path of of?.split(',') ?? ['every verb']) {
          const candidates = of === undefined ? paths : [path];
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

  it.each(Object.keys(verbs))('%s: loads, has a help text, and no flag is defined twice', async (path) => {
    const verb = verbs[path];
    if (verb === undefined) throw new Error('no verb');
    const command = await verb.load();
    const help = commandHelp(path, path, verb, command);
    expect(help.startsWith(`${verb.summary}\n`)).toBe(true);
    expect(help).toContain(`  peapod ${path}`);
    const short = Object.values(command.flags).flatMap((flag) => flag.short ?? []);
    expect(new Set(short).size).toBe(short.length);
    const long = Object.entries(command.flags).flatMap(([name, flag]) => [name, ...(flag.aliases ?? [])]);
    expect(new Set([...long, 'root', 'runroot', 'log-level']).size).toBe(long.length + 3);
  });

  it('every alias and every group leads to a verb', () => {
    for (const path of Object.values(aliases)) expect(Object.keys(verbs)).toContain(path);
    for (const group of Object.keys(groups))
      expect(Object.keys(verbs).some((path) => path.startsWith(`${group} `))).toBe(true);
  });

  it('the list of commands has all but the hidden ones', () => {
    const help = topHelp();
    for (const [path, verb] of Object.entries(verbs))
      if (verb.hidden) expect(help).not.toContain(path);
      else if (!path.includes(' ') || path.startsWith('pod ')) expect(help).toContain(`  ${path} `);
  });
});
