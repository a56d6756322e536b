#!/usr/bin/env node
// Builds dist/peapod: one executable, code split so that each command loads only what it needs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bunPath } from './bun.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = createRequire(import.meta.url)('../package.json');
const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: top, encoding: 'utf8' });
// An archive of the source has no history, and may lie in a repository of something else.
const isOwn = existsSync(join(top, '.git'));
const commit = isOwn && git.status === 0 ? git.stdout.trim() : '';
const built = Number(process.env.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1000));
const result = spawnSync(
  bunPath(),
  [
    'build',
    '--compile',
    '--minify',
    '--bytecode',
    '--splitting',
    '--format=esm',
    '--target=bun',
    // What lies in the caller's directory must not steer peapod: .env could set PATH, bunfig.toml run code.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    '--define',
    `PEAPOD_VERSION="${version}"`,
    '--define',
    `PEAPOD_COMMIT="${commit}"`,
    '--define',
    `PEAPOD_BUILT=${built}`,
    '--outfile',
    'dist/peapod',
    'src/cli.ts',
  ],
  { cwd: top, stdio: ['ignore', 'ignore', 'inherit'] },
);
process.exit(result.status ?? 1);
