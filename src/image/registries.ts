import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { HostFacts } from '../host/facts.ts';
import { fullName, type ImageReference, inRegistry, parseReference, repositoryOf } from './reference.ts';

/**
 * Short names and insecure registries, out of the files that podman and skopeo read:
 * https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md
 */
export interface RegistriesConfig {
  readonly searchRegistries: readonly string[];
  /** Name without tag → name with registry. */
  readonly aliases: ReadonlyMap<string, string>;
  /** `host[:port][/path]` or `*.host` of each [[registry]]. */
  readonly prefixes: readonly string[];
}

interface File {
  'unqualified-search-registries'?: unknown;
  aliases?: unknown;
  registry?: unknown;
  /** Version 1 of the format. */
  registries?: { search?: { registries?: unknown } };
}

/** Throws INVALID_ARGUMENT naming the file that cannot be read. */
export function readRegistries(facts: HostFacts): RegistriesConfig {
  let searchRegistries: readonly string[] = [];
  const aliases = new Map<string, string>();
  const prefixes: string[] = [];
  for (const path of configFiles(facts)) {
    const file = readToml(path);
    if (!file) continue;
    const search = strings(file['unqualified-search-registries'] ?? file.registries?.search?.registries);
    if (search.length > 0) searchRegistries = search;
    for (const [name, target] of Object.entries(file.aliases ?? {})) {
      if (typeof target === 'string') aliases.set(name, target);
    }
    for (const registry of Array.isArray(file.registry) ? file.registry : []) {
      const prefix = registry?.prefix || registry?.location;
      if (typeof prefix === 'string') prefixes.push(prefix);
    }
  }
  return { searchRegistries, aliases, prefixes };
}

/** In ascending order of precedence. */
function configFiles(facts: HostFacts): string[] {
  const { env, homeDir, rootless } = facts;
  const user = join(env.XDG_CONFIG_HOME || join(homeDir, '.config'), 'containers');
  const cache = rootless
    ? join(env.XDG_CACHE_HOME || join(homeDir, '.cache'), 'containers')
    : '/var/cache/containers';
  // Names that a user has once chosen at podman's prompt.
  const chosen = join(cache, 'short-name-aliases.conf');
  const named = env.CONTAINERS_REGISTRIES_CONF || env.REGISTRIES_CONFIG_PATH;
  if (named) return [named, chosen];
  const own = join(user, 'registries.conf');
  const main = exists(own) ? own : '/etc/containers/registries.conf';
  return [
    main,
    ...dropIns('/etc/containers/registries.conf.d'),
    ...dropIns(join(user, 'registries.conf.d')),
    chosen,
  ];
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

function dropIns(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function readToml(path: string): File | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
  try {
    return Bun.TOML.parse(text) as File;
  } catch (error) {
    throw new PeapodError('INVALID_ARGUMENT', `${path} is not valid TOML`, {
      hint: 'correct it, see containers-registries.conf(5)',
      cause: error,
    });
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Names under which a short name may be kept, best first, as podman looks it up. */
export function localCandidates(reference: ImageReference, config: () => RegistriesConfig): Iterable<string> {
  const { short } = reference;
  if (short === undefined) return [fullName(reference)];
  return (function* () {
    yield fullName({ ...reference, registry: 'localhost', path: short });
    yield* pullNames(reference, short, config()).map(fullName);
    yield fullName(reference);
  })();
}

/** Where to fetch an image from: each is to be tried in turn. A short name nobody knows is Docker Hub's. */
export function pullCandidates(
  reference: ImageReference,
  config: RegistriesConfig,
): { readonly references: readonly ImageReference[]; readonly alias: boolean } {
  const { short } = reference;
  if (short === undefined) return { references: [reference], alias: false };
  const references = pullNames(reference, short, config);
  if (references.length === 0) return { references: [reference], alias: false };
  return { references, alias: Boolean(config.aliases.get(short)) };
}

function pullNames(reference: ImageReference, short: string, config: RegistriesConfig): ImageReference[] {
  const { tag, digest } = reference;
  const rest = { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
  const alias = config.aliases.get(short);
  if (alias) {
    const { registry, path } = parseReference(alias);
    return [{ registry, path, ...rest }];
  }
  return config.searchRegistries.map((registry) => ({ ...inRegistry(registry, short), ...rest }));
}

/** True where a [[registry]] table speaks of this repository. */
export function isConfigured(reference: ImageReference, config: RegistriesConfig): boolean {
  const name = repositoryOf(reference);
  return config.prefixes.some((prefix) => {
    if (prefix.startsWith('*.')) return reference.registry.replace(/:\d+$/, '').endsWith(prefix.slice(1));
    return name === prefix || name.startsWith(`${prefix}/`);
  });
}
