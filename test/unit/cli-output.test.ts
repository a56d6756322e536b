import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

describe('output to a real pipe', () => {
  const pipe = (reader: string) =>
    spawnSync('sh', ['-c', `{ "$0" "$1"; echo "code $?" >&2; } | ${reader}`, process.execPath, program], {
      encoding: 'utf8',
    });
  const program = fileURLToPath(new URL('../fixtures/many-lines.ts', import.meta.url));

  it('arrives whole', () => {
    const { stdout, stderr } = pipe('wc -l');
    expect(stdout.trim()).toBe('200000');
    expect(stderr).toBe('code 0\n');
  });

  it('keeps the order of both streams', () => {
    const both = fileURLToPath(new URL('../fixtures/both-streams.ts', import.meta.url));
    const { stdout } = spawnSync('sh', ['-c', '"$0" "$1" 2>&1', process.execPath, both], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n');
  });

  it('ends quietly where the reader goes away', () => {
    const { stdout, stderr } = pipe('head -n 1');
    expect(stdout).toBe('line 0\n');
    expect(stderr).toBe('code 141\n');
  });
});
