import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Context } from '../../src/engine/context.ts';
import { forgetOomKills, isOomKilled, sliceOf } from '../../src/engine/oom-kills.ts';

it('B8: the slice around a scope of systemd is found, with and without a cgroup of the container’s own below it', () => {
  const slice = '/user.slice/user-1000.slice/user@1000.service/user.slice';
  expect(sliceOf(`0::${slice}/peapod-0123.scope\n`)).toBe(slice);
  expect(sliceOf(`0::${slice}/peapod-0123.scope/container\n`)).toBe(slice);
  expect(sliceOf('0::/peapod/peapod-0123\n')).toBeUndefined();
  expect(sliceOf('12:memory:/a.scope\n')).toBeUndefined();
  expect(sliceOf('')).toBeUndefined();
});

it('B8: an end by SIGKILL counts as one for memory where conmon or the slice says so, and nobody killed it', () => {
  const root = mkdtempSync(join(tmpdir(), 'peapod-oom-'));
  const context = { paths: { containerRuntime: (id: string) => join(root, id) } } as unknown as Context;
  try {
    for (const id of ['seen', 'noted', 'plain']) mkdirSync(join(root, id));
    writeFileSync(join(root, 'seen', 'oom'), '');
    expect(isOomKilled(context, 'seen', 0)).toBe(true);
    expect(isOomKilled(context, 'plain', 137)).toBe(false);
    // What a cgroup that is not there counts is nothing.
    writeFileSync(join(root, 'noted', 'oom-kills'), '/no/such.slice\n0');
    expect(isOomKilled(context, 'noted', 137)).toBe(false);
    forgetOomKills(context, 'noted');
    forgetOomKills(context, 'noted');
  } finally {
    rmSync(root, { recursive: true });
  }
});
