#!/usr/bin/env node
// Writes the manual pages into dist/man/man1, one for each command, from the definitions: `npm run man`, then
// `man -M dist/man peapod-run`. Another directory may be named.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bunPath } from './bun.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = createRequire(import.meta.url)('../package.json');
const [directory = join(top, 'dist', 'man')] = process.argv.slice(2);
const { status } = spawnSync(bunPath(), [join(top, 'scripts', 'man-pages.ts'), resolve(directory), version], {
  cwd: top,
  stdio: 'inherit',
});
process.exit(status ?? 1);
