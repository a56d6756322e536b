import { describe, expect, it } from 'vitest';
import { type Completions, complete } from '../../src/commands/completion/complete.ts';
import { kindOf, wordsIn } from '../../src/commands/completion/usage.ts';
import { flagValues } from '../../src/commands/completion/values.ts';
import { topFlags } from '../../src/commands/global-flags.ts';
import { firstNameOf, verbs } from '../../src/commands/registry.ts';
import type { NamedThing, NameKind, StoreRoots } from '../../src/engine/name-list.ts';
import { commandLine } from './command-line.ts';

const things: readonly NamedThing[] = [
  { kind: 'container', name: 'web', id: 'ab12'.repeat(16), state: 'running' },
  { kind: 'container', name: 'old', id: 'cd34'.repeat(16), state: 'exited' },
  { kind: 'pod', name: 'front', id: 'ef56'.repeat(16) },
  { kind: 'image', name: 'docker.io/library/nginx:latest', id: '0123'.repeat(16) },
  { kind: 'network', name: 'podman' },
  { kind: 'network', name: 'backend' },
  { kind: 'volume', name: 'data' },
];

async function ask(...words: string[]): Promise<Completions & { words: string[]; roots: StoreRoots }> {
  let roots: StoreRoots = {};
  const completions = await complete(words, async (kinds: readonly NameKind[], given) => {
    roots = given;
    return things.filter(({ kind }) => kinds.includes(kind));
  });
  return { ...completions, words: completions.candidates.map(({ word }) => word), roots };
}

describe('completion', () => {
  it('B1: offers verbs, and what is below a group, aliases as well', async () => {
    expect((await ask('pod', 'st')).words).toEqual(expect.arrayContaining(['start', 'stop']));
    expect((await ask('pod', 'l')).words).toEqual(expect.arrayContaining(['logs', 'ls', 'list']));
    expect((await ask('ru')).words).toEqual(['run']);
    expect((await ask('help', 'ru')).words).toEqual(['run']);
    expect((await ask('nonsense', '')).words).toEqual([]);
    expect((await ask('--log-level', 'debug', 'ru')).words).toEqual(['run']);
  });

  it('B1: offers flags where a flag can stand', async () => {
    expect((await ask('ps', '--a')).words).toEqual(['--all']);
    expect((await ask('run', '--publish-')).words).toEqual(['--publish-all']);
    expect((await ask('run', 'host', '--publish-')).words).toEqual([]);
    expect((await ask('ps', '--', '--a')).words).toEqual([]);
  });

  it('B1: offers names of what a verb takes, in the states that it can do something with', async () => {
    expect((await ask('stop', '')).words).toEqual(['web']);
    expect((await ask('start', '')).words).toEqual(['old']);
    expect((await ask('rm', '-f', '')).words).toEqual(['web', 'old']);
    expect((await ask('rm', 'web', '')).words).toEqual(['old']);
    expect((await ask('rm', 'cd')).words).toEqual(['cd34cd34cd34']);
    expect((await ask('pod', 'rm', '')).words).toEqual(['front']);
    expect((await ask('run', '-it', '--rm', '')).words).toEqual(['host', 'docker.io/library/nginx:latest']);
    expect((await ask('rmi', '')).words).toEqual(['docker.io/library/nginx:latest']);
    expect((await ask('network', 'rm', 'podman', '')).words).toEqual(['backend']);
    expect((await ask('network', 'connect', 'podman', 'fr')).words).toEqual(['front']);
    expect((await ask('volume', 'inspect', '')).words).toEqual(['data']);
    expect((await ask('rename', 'web', '')).words).toEqual([]);
    expect(await ask('cp', 'we')).toMatchObject({ words: ['web:'], directive: 2 });
  });

  it('B1: offers values of flags, the name of a list’s last part, and what goes on gets no space', async () => {
    expect((await ask('run', '--pod', '')).words).toEqual(['new:', 'front']);
    expect((await ask('run', '--pod=fr')).words).toEqual(['front']);
    expect((await ask('run', '--network', 'b')).words).toEqual(['bridge', 'backend']);
    expect((await ask('run', '-dit', '--network', 'ba')).words).toEqual(['backend']);
    expect((await ask('run', '--pull', 'm')).words).toEqual(['missing']);
    expect((await ask('run', '--cap-drop', 'NET_RAW,SYS_PT')).words).toEqual(['NET_RAW,SYS_PTRACE']);
    expect(await ask('ps', '--filter', 'stat')).toMatchObject({ words: ['status='], directive: 6 });
    expect((await ask('ps', '--filter', 'status=p')).words).toEqual(['status=paused']);
    expect((await ask('container', 'ls', '--filter=pod=')).words).toEqual(['pod=front']);
    expect((await ask('run', '--network=container:w')).words).toEqual(['container:web']);
    expect((await ask('run', '-v', 'da')).words).toEqual(['data:']);
    expect((await ask('run', '-itu', 'www')).words).toEqual([]);
    expect(await ask('run', '--env-file', '')).toMatchObject({ words: [], directive: 0 });
  });

  it('looks into the store that the command line names', async () => {
    expect((await ask('--root', '/a', 'rm', '--runroot=/b', '')).roots).toMatchObject({
      root: '/a',
      runroot: '/b',
    });
  });

  it('says nothing but a directive where it is asked nonsense', async () => {
    for (const words of [
      [],
      ['-'],
      ['--=', ''],
      ['run', '--', '', ''],
      ['__complete', ''],
      ['pod', '--x', ''],
    ])
      expect(await commandLine(['__complete', ...words])).toMatchObject({ code: 0, stderr: '', opened: [] });
  });

  it('knows values only of flags that there are', async () => {
    const loaded = await Promise.all(
      Object.entries(verbs).map(async ([path, verb]) => [path, (await verb.load()).flags] as const),
    );
    const unknown = Object.keys(flagValues).filter((key) => {
      const [, path = '', long = key] = /^(.*) --(.*)$/.exec(key) ?? [];
      return ![...loaded, ['', topFlags] as const].some(
        ([other, flags]) => (path === '' || (path === other && firstNameOf(path) === path)) && long in flags,
      );
    });
    expect(unknown).toEqual([]);
  });

  it.each(Object.entries(verbs))('%s: the usage line is understood', async (_path, verb) => {
    const { usage } = await verb.load();
    const singular = wordsIn(usage).map((word) => word.replace(/^ARGS$/, 'ARG'));
    expect(singular.filter((word) => !(word in kindOf))).toEqual([]);
  });
});
