import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

/** Types into a shell line after line, and waits for what each has it show. */
async function type(
  host: TestHost,
  shell: readonly string[],
  setUp: string,
  lines: readonly (readonly [keys: string, shown: RegExp])[],
): Promise<void> {
  const terminal = await host.terminal(shell, { columns: 120, rows: 40 });
  terminal.type(`${setUp}; echo re''ady\n`);
  await terminal.seen(/^ready/m);
  for (const [keys, shown] of lines) {
    terminal.type(keys);
    await terminal.seen(shown);
    // ^U empties the line.
    terminal.type('\x15');
  }
  await terminal.close();
}

describeForBoth('completion in shells', (makeHost) => {
  it('B1: bash, zsh and fish complete verbs, flags, names and values', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'webservice', '--network', 'none');
    await host.ok('pod', 'create', '--name', 'other', '--network', 'none');
    await host.ok('volume', 'create', 'records');
    await host.sh('cd /tmp && touch compl-file');

    await type(host, ['bash', '--norc', '--noprofile', '-i'], 'cd /tmp; source <(peapod completion bash)', [
      ['peapod pod rm webs\t-f', /rm webservice -f/],
      ['peapod pod ins\two\tx', /pod inspect .*x/s],
      ['peapod run --pod=oth\t--r', /--pod=other --r/],
      ['peapod ps --filter status=pa\t--y', /--filter status=paused --y/],
      ['peapod pod st\t\t', /start +\(Start one or more pods\)/],
      ['peapod run --env-file comp\tx', /--env-file compl-file x/],
      ['peapod volume rm rec\tx', /rm records x/],
    ]);
    const inZsh = 'cd /tmp; autoload -U compinit; compinit -D -u; source <(peapod completion zsh)';
    await type(host, ['zsh', '-f', '-i'], inZsh, [
      ['peapod pod rm webs\t-f', /service.*-f/s],
      ['peapod run --pod=oth\t--r', /er.*--r/s],
      ['peapod ps --filter status=pa\t--y', /used.*--y/s],
      ['peapod pod st\t', /start +-- Start one or more pods/],
    ]);
    const inFish = ['peapod pod rm webs', 'peapod run --pod=oth', 'peapod run --env-file comp'];
    const ask = inFish.map((line) => `complete -C "${line}"`).join('; ');
    expect(await host.sh(`cd /tmp; fish -N -c 'peapod completion fish | source; ${ask}'`)).toBe(
      'webservice\tpod\n--pod=other\tpod\ncompl-file',
    );
  });

  it('B1: asking is quick and changes nothing: no store is made, no log of it, no helper started', async () => {
    await using host = await makeHost();
    const root = host.rootless ? '~/.local/share/peapod' : '/var/lib/peapod';
    const look = `find ${root} ${host.runRoot} -printf '%p %T@ %s\\n' 2>/dev/null | sort; ps -eo pid,args | grep -c '[s]leep\\|[u]nshare' || true`;
    const before = await host.sh(look);
    expect(await host.ok('__complete', 'pod', 'rm', '')).toBe(':4');
    expect(await host.sh(look)).toBe(before);

    await host.ok('pod', 'create', '--name', 'webservice', '--network', 'none');
    const filled = await host.sh(look);
    expect(filled).toContain('peapod.db');
    const startedAt = performance.now();
    expect(await host.ok('__complete', 'pod', 'rm', '')).toBe('webservice\tpod\n:4');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(await host.sh(look)).toBe(filled);
  });
});
