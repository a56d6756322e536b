// Where Bun's executable is. Install scripts may be held back (`npm ci --ignore-scripts`), and then the
// `bun` package is a stub: the real file lies in its platform package.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', '@oven');

export function bunPath() {
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x64';
  const names = [`bun-linux-${arch}`, `bun-linux-${arch}-musl`, `bun-linux-${arch}-baseline`];
  const found = names.map((name) => join(modules, name, 'bin', 'bun')).find((path) => existsSync(path));
  if (!found) throw new Error(`no Bun for this platform under ${modules}: run npm ci`);
  return found;
}
