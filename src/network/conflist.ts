import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPeapodError, type PeapodError } from '../errors.ts';
import { ConfigReader } from './config-reader.ts';

/** A CNI network configuration list, see https://www.cni.dev/docs/spec/#section-1-network-configuration-format. */
export interface ConfList {
  readonly name: string;
  readonly cniVersion: string;
  /** The file it was read from; names it in messages. */
  readonly source: string;
  /** In the order in which a runtime calls them; at least one. */
  readonly plugins: readonly ConfPlugin[];
}

export interface ConfPlugin {
  /** The name of the plugin's executable: `bridge`, `portmap`. */
  readonly type: string;
  readonly config: ConfigReader;
}

const knownVersions = new Set(['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']);

/** Names become directories: no separators, no leading dot (the specification's rule). */
const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Checks what every list must have. Throws NETWORK_CONFIG naming the file and the place in it. */
export function parseConfList(source: string, text: string): ConfList {
  const document = ConfigReader.parse(source, text);
  const name = document.string('name');
  if (!validName.test(name)) throw document.error('name', `"${name}" is not a name that a network can have`);
  const cniVersion = document.optionalString('cniVersion') ?? '0.1.0';
  if (!knownVersions.has(cniVersion)) throw document.error('cniVersion', `"${cniVersion}" is not known`);
  const plugins = document.objects('plugins').map((config) => {
    const type = config.string('type');
    if (!validName.test(type)) throw config.error('type', `"${type}" is not the name of a plugin`);
    return { type, config };
  });
  if (plugins.length === 0) throw document.error('plugins', 'must list at least one plugin');
  return { name, cniVersion, source, plugins };
}

/**
 * The list with that name among the `*.conflist` files of a directory; of several, the first by file name.
 * Undefined where there is none, and where the directory is missing. A file that cannot be read stands in
 * the way only of a name that no other file has: then it throws its NETWORK_CONFIG, for it may be the one.
 */
export function findConfList(directory: string, name: string): ConfList | undefined {
  let unreadable: PeapodError | undefined;
  for (const file of confListFiles(directory)) {
    try {
      const list = parseConfList(file, readFileSync(file, 'utf8'));
      if (list.name === name) return list;
    } catch (error) {
      if (!isPeapodError(error, 'NETWORK_CONFIG')) throw error;
      unreadable ??= error;
    }
  }
  if (unreadable) throw unreadable;
  return undefined;
}

/** All lists of a directory that can be read. */
export function readConfLists(directory: string): ConfList[] {
  return confListFiles(directory).flatMap((file) => {
    try {
      return [parseConfList(file, readFileSync(file, 'utf8'))];
    } catch (error) {
      if (isPeapodError(error, 'NETWORK_CONFIG')) return [];
      throw error;
    }
  });
}

function confListFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.conflist'))
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
