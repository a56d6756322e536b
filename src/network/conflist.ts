import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isPeapodError, messageOf, PeapodError } from '../errors.ts';
import { ConfigReader } from './config-reader.ts';

/** A CNI network configuration list, see https://www.cni.dev/docs/spec/#section-1-network-configuration-format. */
export interface ConfList {
  readonly name: string;
  readonly cniVersion: string;
  /** The file it was read from; names it in messages. */
  readonly source: string;
  /** What the file says, for plugins that are executed. */
  readonly text: string;
  /** In the order in which a runtime calls them; at least one. */
  readonly plugins: readonly ConfPlugin[];
  /** The whole document. */
  readonly config: ConfigReader;
}

export interface ConfPlugin {
  /** The name of the plugin's executable: `bridge`, `portmap`. */
  readonly type: string;
  readonly config: ConfigReader;
}

const knownVersions = new Set(['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']);

/** Names become directories: no separators, no leading dot (the specification's rule). */
const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

const parsed = new Map<string, ConfList>();

/**
 * Checks what every list must have. The same text of the same file is parsed once: a command looks its networks up
 * at every step. Throws NETWORK_CONFIG naming the file and the place in it.
 */
export function parseConfList(source: string, text: string): ConfList {
  const key = `${source}\0${text}`;
  const list = parsed.get(key) ?? parse(source, text);
  parsed.set(key, list);
  return list;
}

function parse(source: string, text: string): ConfList {
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
  return { name, cniVersion, source, text, plugins, config: document };
}

/**
 * The list with that name among the `*.conflist` files of a directory; of several, the first by file name.
 * Undefined where there is none, and where the directory is missing. A broken file stands in the way only of
 * a name that it seems to define and no other file does: then its NETWORK_CONFIG is thrown.
 */
export function findConfList(directory: string, name: string): ConfList | undefined {
  const { lists, broken } = scanConfLists(directory);
  const found = lists.find((list) => list.name === name);
  const suspect = found ? undefined : broken.find(({ mayDefine }) => mayDefine(name));
  if (suspect) throw suspect.error;
  return found;
}

export interface ScannedConfLists {
  /** By file name. */
  readonly lists: readonly ConfList[];
  readonly broken: readonly BrokenConfList[];
}

export interface BrokenConfList {
  /** NETWORK_CONFIG, naming file and place. */
  readonly error: PeapodError;
  /** Whether it looks as if it were to define the network of that name. */
  mayDefine(name: string): boolean;
}

/** Every `*.conflist` file of a directory; none where it is missing. */
export function scanConfLists(directory: string): ScannedConfLists {
  const lists: ConfList[] = [];
  const broken: BrokenConfList[] = [];
  for (const file of confListFiles(directory)) {
    let text: string | undefined;
    try {
      text = readText(file);
      if (text !== undefined) lists.push(parseConfList(file, text));
    } catch (error) {
      if (!isPeapodError(error, 'NETWORK_CONFIG')) throw error;
      const names = suggestedNames(basename(file, '.conflist'), text ?? '');
      broken.push({ error, mayDefine: (name) => names.includes(name) });
    }
  }
  return { lists, broken };
}

/**
 * Names that a broken file may be meant to define: those that its text gives, and its file name. Where the text, an
 * empty one for example, gives none, what is customary in file names tells: `87-NAME.conflist`, `87-NAME-bridge.conflist`.
 */
function suggestedNames(stem: string, text: string): string[] {
  const given = namesIn(text).filter((name) => validName.test(name));
  if (given.length > 0) return [stem, ...given];
  const [, name = stem] = /^\d+[-_](.+)$/.exec(stem) ?? [];
  return [stem, name, ...(name === stem ? [] : [name.replace(/[-_]bridge$/, '')])];
}

function namesIn(text: string): string[] {
  try {
    const { name } = JSON.parse(text) ?? {};
    return typeof name === 'string' ? [name] : [];
  } catch {
    return [...text.matchAll(/"name"\s*:\s*"([^"]*)"/g)].map(([, name = '']) => name);
  }
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

/** Undefined where the file has just gone. */
function readText(file: string): string | undefined {
  try {
    // Who opens a FIFO waits for a writer, and for ever.
    if (!statSync(file).isFile()) throw new Error('it is not a file');
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PeapodError('NETWORK_CONFIG', `${file}: cannot be read: ${messageOf(error)}`, {
      hint: 'mend the file, or move it away',
      cause: error,
    });
  }
}
