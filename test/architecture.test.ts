import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const top = fileURLToPath(new URL('..', import.meta.url));

interface Source {
  /** From the top of the repository: `src/engine/pods.ts`. */
  readonly path: string;
  readonly text: string;
  /** Files of the repository that it imports, static, dynamic and type-only alike. */
  readonly imports: readonly string[];
  /** Imports of values that are loaded with the file itself. */
  readonly valueImports: readonly string[];
  /** Packages and built-in modules, unless only their types are imported. */
  readonly packages: readonly string[];
  /** Those that are loaded with the file itself. */
  readonly valuePackages: readonly string[];
}

const sources = ['src', 'rootless', 'rootful'].flatMap(filesBelow).map(readSource);

/**
 * Which rooms a room may import from. Data flows one way: commands → engine → rooms → leaves. The backends
 * know the network types and the leaves; only the composition root knows the backends.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/cli.ts': ['*'],
  'src/internal.ts': ['*'],
  'src/main.ts': ['*'],
  'src/commands': ['src/engine', 'src/network/types.ts', 'src/network/port-format.ts'],
  'src/engine': [
    'src/files',
    'src/network',
    'src/sandbox',
    'src/container',
    'src/image',
    'src/store',
    'src/kube',
  ],
  'src/sandbox': ['src/network', 'src/store/records.ts'],
  'src/container': ['src/store/records.ts', 'src/tar'],
  'src/image': ['src/store', 'src/tar'],
  'src/tar': [],
  'src/files': ['src/tar', 'src/image/layer-writer.ts'],
  'src/store': ['src/network'],
  'src/kube': [],
  'src/network': [],
  'src/host': [],
  rootless: ['src/network', 'src/sandbox'],
  rootful: ['src/network', 'src/sandbox'],
};
/** Importable from everywhere. */
const leaves = ['src/errors.ts', 'src/version.ts', 'src/host'];

/** What a command or a helper loads that somebody waits for: a built-in module may take 3 ms (decision 2). */
const usualWays = [
  'src/cli.ts',
  'src/main.ts',
  'src/internal.ts',
  'src/commands/dispatch.ts',
  'src/commands/ps.ts',
  'src/commands/pod-ps.ts',
  'src/commands/run.ts',
  'src/engine/connect.ts',
  'src/engine/container-creation.ts',
  'src/engine/exec.ts',
  'src/engine/launch.ts',
  'src/engine/pod-creation.ts',
  'src/engine/publish.ts',
  'src/engine/remove.ts',
  'src/engine/run.ts',
  'rootful/conflist-backend.ts',
  'rootless/backend.ts',
  'rootless/keeper.ts',
  'rootless/relay-process.ts',
  'rootless/user-network.ts',
];
const quick = new Set([
  'node:fs',
  'node:os',
  'node:path',
  'node:sqlite',
  'bun:ffi',
  'ipaddr.js',
  'text-table',
]);

describe('the house', () => {
  it('has a rule for every room', () => {
    const ruled = Object.keys(allowed);
    const without = sources.filter(({ path }) => !isIn(path, ruled) && !isIn(path, leaves));
    expect(without.map(({ path }) => path)).toEqual([]);
  });

  it('lets data flow one way: nothing imports upward or sideways', () => {
    const wrong = sources.flatMap(({ path, imports }) => {
      const room = roomOf(path);
      const rule = allowed[room] ?? [];
      if (rule.includes('*')) return [];
      return imports.filter((to) => !isIn(to, [room, ...rule, ...leaves])).map((to) => `${path} → ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  it('has its backends chosen in one place: only the composition roots import rootless/ and rootful/', () => {
    const importers = sources.filter(({ path, imports }) =>
      imports.some((to) => isIn(to, ['rootless', 'rootful']) && roomOf(to) !== roomOf(path)),
    );
    expect(
      importers.map(({ path }) => path).filter((path) => !isIn(path, ['src/main.ts', 'src/internal.ts'])),
    ).toEqual([]);
  });

  it('has no circles among the modules that are loaded', () => {
    expect(findCircle()).toBeUndefined();
  });

  it('imports files that are there, by their full names', () => {
    const missing = sources.flatMap(({ path, imports }) =>
      imports.filter((to) => !existsSync(join(top, to))).map((to) => `${path} → ${to}`),
    );
    expect(missing).toEqual([]);
  });

  it.each([
    ['bun:ffi', ['src/host/libc.ts']],
    ['node:child_process', ['src/host/exec.ts', 'rootless/slirp4netns.ts', 'rootless/relay']],
    ['execa', ['src/host']],
    ['node:sqlite', ['src/store']],
    ['bun:sqlite', ['src/store']],
  ])('goes through one door: %s', (name, doors) => {
    const users = sources.filter(({ packages }) => packages.includes(name)).map(({ path }) => path);
    expect(users.filter((path) => !isIn(path, doors))).toEqual([]);
  });

  it.each([
    ['process.exit(', /\bprocess\.exit\(/, ['src/cli.ts']],
    // The keeper sets the marks by which everything it starts knows whom it works for.
    ['process.env', /\bprocess\.env\b/, ['src/host/facts.ts', 'src/host/exec.ts', 'rootless/keeper.ts']],
    ['Bun.spawn', /\bBun\.spawn/, ['src/host/exec.ts']],
  ])('goes through one door: %s', (_, pattern, doors) => {
    const users = sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
    expect(users.filter((path) => !isIn(path, doors))).toEqual([]);
  });

  it.each(usualWays)('loads nothing slow on the usual ways: %s', (start) => {
    const slow = [...loadedWith(start)].flatMap((path) => {
      const { valuePackages } = sources.find((source) => source.path === path) as Source;
      return valuePackages.filter((name) => !quick.has(name)).map((name) => `${path}: ${name}`);
    });
    expect(slow).toEqual([]);
  });

  it('keeps files small: at most 300 lines', () => {
    const long = [...sources, ...filesBelow('test').map(readSource)]
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 300);
    expect(long.map(({ path, lines }) => `${path}: ${lines} lines`)).toEqual([]);
  });

  it('is real code: nothing left to do, no test switched off', () => {
    const marks = /\b(TODO|FIXME|XXX|HACK)\b|\b(it|test|describe)\.(only|todo|skip)\(/;
    const marked = [...sources, ...filesBelow('test').map(readSource)].filter(({ text }) => marks.test(text));
    expect(marked.map(({ path }) => path).filter((path) => path !== 'test/architecture.test.ts')).toEqual([]);
  });
});

function filesBelow(dir: string): string[] {
  return readdirSync(join(top, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(dir, name));
}

function readSource(path: string): Source {
  const text = readFileSync(join(top, path), 'utf8');
  const code = withoutComments(text);
  const all: { specifier: string; typeOnly: boolean }[] = [];
  const lazy: string[] = [];
  for (const match of code.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)) {
    all.push({ specifier: match[2] as string, typeOnly: match[1] !== undefined });
  }
  // A module that is loaded when it is needed makes no circle at start.
  for (const match of code.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) {
    lazy.push(match[1] as string);
  }
  const typed = all.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier);
  const loaded = all.filter(({ typeOnly }) => !typeOnly).map(({ specifier }) => specifier);
  const isLocal = (specifier: string) => specifier.startsWith('.');
  const resolve = (specifier: string) => normalize(join(dirname(path), specifier));
  return {
    path,
    text: code,
    imports: [...typed, ...loaded, ...lazy].filter(isLocal).map(resolve),
    valueImports: loaded.filter(isLocal).map(resolve),
    packages: [...loaded, ...lazy].filter((specifier) => !isLocal(specifier)),
    valuePackages: loaded.filter((specifier) => !isLocal(specifier)),
  };
}

/** Line numbers stay as they are. */
function withoutComments(text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ');
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(^|\s)\/\/.*$/gm, blank);
}

function roomOf(path: string): string {
  return Object.keys(allowed).find((room) => isIn(path, [room])) ?? path;
}

/** True where `path` is one of the places, or lies below one. */
function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place.replace(/\.ts$/, '')}/`));
}

function loadedWith(start: string): Set<string> {
  const loaded = new Set([start]);
  for (const path of loaded) {
    for (const next of sources.find((source) => source.path === path)?.valueImports ?? []) loaded.add(next);
  }
  return loaded;
}

/** A circle of value imports as `a → b → a`. */
function findCircle(): string | undefined {
  const graph = new Map(sources.map(({ path, valueImports }) => [path, valueImports]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ');
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...trail, path]);
      if (circle) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const circle = visit(path, []);
    if (circle) return circle;
  }
  return undefined;
}
