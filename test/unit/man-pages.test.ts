import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manPages } from '../../src/commands/man-pages.ts';
import { aliases, groups, verbs } from '../../src/commands/registry.ts';

let directory: string;
let pages: Map<string, string>;

beforeAll(async () => {
  pages = await manPages('1.2.3');
  directory = mkdtempSync(join(tmpdir(), 'peapod-man-'));
  mkdirSync(join(directory, 'man1'));
  for (const [name, page] of pages) writeFileSync(join(directory, 'man1', name), page);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the manual pages', () => {
  it('B1: there is one for every verb, group and other spelling', () => {
    const names = [...Object.keys(verbs).filter((path) => !verbs[path]?.hidden), ...Object.keys(groups)];
    const missing = [...names, ...Object.keys(aliases)].filter(
      (path) => !pages.has(`peapod-${path.replace(' ', '-')}.1`),
    );
    expect(missing.filter((path) => !verbs[aliases[path] ?? '']?.hidden)).toEqual([]);
  });

  it('B1: groff has nothing to warn of', () => {
    const files = [...pages.keys()].map((name) => `man1/${name}`);
    const { stderr, status } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z', ...files], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('B1: man shows what the definitions say, hyphens and quotes as they are typed', () => {
    const env = { ...process.env, MANWIDTH: '200', LC_ALL: 'C.UTF-8' };
    const { stdout, stderr } = spawnSync(
      'man',
      ['--warnings', '-M', directory, '-P', 'cat', 'peapod-container-run'],
      {
        encoding: 'utf8',
        env,
      },
    );
    const shown = stdout.replace(/.[\b]/g, '');
    expect(stderr).toBe('');
    expect(shown).toContain('peapod-run - run a command in a new container');
    expect(shown).toContain('peapod container run [options] IMAGE [COMMAND [ARG...]]');
    expect(shown).toMatch(/-t, --tty\n +Allocate a terminal for the container\n/);
    expect(shown).toMatch(/--pod string\n +Run in this pod; 'new:NAME' makes one\n/);
    expect(shown).toContain('peapod run -d --pod new:web -p 8080:80 docker.io/library/nginx');
  });

  it('whatis and apropos find them', () => {
    const names = execFileSync(
      'lexgrog',
      [...pages.keys()].filter((name) => !pages.get(name)?.startsWith('.so')),
      {
        cwd: join(directory, 'man1'),
        encoding: 'utf8',
      },
    );
    expect(names).toContain('peapod-pod-create.1: "peapod-pod-create - create a new empty pod"');
    expect(names).not.toContain('parse failed');
  });
});
