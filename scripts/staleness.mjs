// What has to be made again, told from modification times: so a second start costs nothing.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const sources = ['src', 'rootless', 'rootful', 'scripts/build.mjs', 'package.json', 'package-lock.json'];

/** True where dist/peapod is missing or older than a source. */
export function isBuildStale(top) {
  const binary = join(top, 'dist', 'peapod');
  if (!existsSync(binary)) return true;
  const builtAtMs = statSync(binary).mtimeMs;
  return sources.some((name) => newestMs(join(top, name)) > builtAtMs);
}

/** True where node_modules does not hold what package-lock.json says; npm leaves its own copy inside. */
export function areModulesStale(top) {
  const installed = join(top, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return true;
  return statSync(join(top, 'package-lock.json')).mtimeMs > statSync(installed).mtimeMs;
}

/** A directory's own time tells of removed files. */
function newestMs(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  const entries = readdirSync(path).map((name) => newestMs(join(path, name)));
  return Math.max(mtimeMs, ...entries);
}
