#!/usr/bin/env node
// `npm run bench`: peapod and podman side by side on the same image. Podman comes from the distribution.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bunPath } from './bun.mjs';
import { setUpOrExit } from './setup.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
if (process.getuid() !== 0) {
  console.error('The bench makes machines of its own, which needs root: sudo npm run bench');
  process.exit(1);
}
setUpOrExit('bench');
const argv = [join(top, 'test', 'bench', 'bench.ts'), ...process.argv.slice(2)];
process.exit(spawnSync(bunPath(), argv, { cwd: top, stdio: 'inherit' }).status ?? 1);
