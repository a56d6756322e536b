import { readFileSync, writeSync } from 'node:fs';
import { type RootPlace, readInPlaces } from './rootfs.ts';

/**
 * `peapod internal read-in-places`: reads texts of a root that is not mounted, where the caller itself may not.
 * Standard input: `{ places, paths }` as JSON; standard output: a JSON list of texts, null where there is none.
 */
export async function run(): Promise<number> {
  const { places, paths } = JSON.parse(readFileSync(0, 'utf8')) as { places: RootPlace[]; paths: string[] };
  const texts = paths.map((path) => readInPlaces(places, path) ?? null);
  writeSync(1, JSON.stringify(texts));
  return 0;
}
