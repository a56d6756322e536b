import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandHelp, topHelp } from '../../src/commands/help.ts';
import { reference } from '../../src/commands/reference.ts';
import { aliases, groups, verbs } from '../../src/commands/registry.ts';

const file = fileURLToPath(new URL('../../docs/cli.md', import.meta.url));

describe('the definitions of the commands', () => {
  it('docs/cli.md says what the definitions say (update it with vitest -u)', async () => {
    await expect(await reference()).toMatchFileSnapshot(file);
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
