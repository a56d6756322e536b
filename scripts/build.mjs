#!/usr/bin/env node
// Builds dist/peapod: one executable, code split so that each command loads only what it needs.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bunPath } from './bun.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = createRequire(import.meta.url)('../package.json');
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
    '--outfile',
    'dist/peapod',
    'src/cli.ts',
  ],
  { cwd: top, stdio: ['ignore', 'ignore', 'inherit'] },
);
process.exit(result.status ?? 1);
