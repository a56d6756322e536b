import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostFacts } from '../../src/host/facts.ts';
import { fullName, parseReference } from '../../src/image/reference.ts';
import {
  isConfigured,
  localCandidates,
  pullCandidates,
  type RegistriesConfig,
  readRegistries,
} from '../../src/image/registries.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'peapod-registries-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const full = join(home, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

function read(env: Record<string, string> = {}): RegistriesConfig {
  const facts = { env, homeDir: home, rootless: true } as unknown as HostFacts;
  return readRegistries(facts);
}

/** Reads these lines and nothing of the machine's own. */
function configured(text: string): RegistriesConfig {
  return read({ CONTAINERS_REGISTRIES_CONF: write('given.conf', text) });
}

const pulled = (name: string, config: RegistriesConfig) =>
  pullCandidates(parseReference(name), config).references.map(fullName);

describe('short names', () => {
  it('B2: without alias and search registries a short name is Docker Hub’s', () => {
    expect(pulled('busybox', configured(''))).toEqual(['docker.io/library/busybox:latest']);
    expect(pulled('user/app:1', configured(''))).toEqual(['docker.io/user/app:1']);
  });

  it('B2: search registries are tried in their order', () => {
    const config = configured('unqualified-search-registries = ["quay.io", "docker.io"]');
    expect(pulled('app:2', config)).toEqual(['quay.io/app:2', 'docker.io/library/app:2']);
    expect(pulled('localhost:5000/app', config)).toEqual(['localhost:5000/app:latest']);
  });

  it('B2: an alias wins over search registries and keeps the tag; an empty one is none', () => {
    const config = configured(
      'unqualified-search-registries = ["quay.io"]\n[aliases]\n"app" = "x.example/y/app"\n"off" = ""\n',
    );
    expect(pulled('app:3', config)).toEqual(['x.example/y/app:3']);
    expect(pullCandidates(parseReference('app'), config).alias).toBe(true);
    expect(pulled('off', config)).toEqual(['quay.io/off:latest']);
  });

  it('B2: the first version of the format is read as well', () => {
    const config = configured('[registries.search]\nregistries = ["one.example"]\n');
    expect(pulled('app', config)).toEqual(['one.example/app:latest']);
  });

  it('B2: a user’s own files come after the machine’s, and drop-ins in their order', () => {
    write('.config/containers/registries.conf', 'unqualified-search-registries = ["main.example"]');
    write(
      '.config/containers/registries.conf.d/10-a.conf',
      'unqualified-search-registries = ["a.example"]\n[aliases]\n"peapod-test" = "a.example/x"',
    );
    write('.config/containers/registries.conf.d/20-b.conf', '[aliases]\n"peapod-test" = "b.example/x"');
    write('.config/containers/registries.conf.d/30-c.txt', 'this is no TOML');
    const config = read();
    expect(config.searchRegistries).toEqual(['a.example']);
    expect(config.aliases.get('peapod-test')).toBe('b.example/x');
    write('.cache/containers/short-name-aliases.conf', '[aliases]\n"peapod-test" = "c.example/x"');
    expect(read().aliases.get('peapod-test')).toBe('c.example/x');
  });

  it('B2: a broken file is named', () => {
    expect(() => configured('unqualified = [')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('given.conf') }),
    );
  });

  it('B2: looking up locally tries localhost, then the names of a pull, then Docker Hub', () => {
    const config = configured('unqualified-search-registries = ["quay.io"]\n');
    expect([...localCandidates(parseReference('app:1'), () => config)]).toEqual([
      'localhost/app:1',
      'quay.io/app:1',
      'docker.io/library/app:1',
    ]);
    const unread = () => {
      throw new Error('the configuration was read');
    };
    expect([...localCandidates(parseReference('quay.io/app'), unread)]).toEqual(['quay.io/app:latest']);
  });

  it('B2: a registry counts as configured by its prefix or location, whole path parts only', () => {
    const config = configured(
      '[[registry]]\nprefix = "localhost:5000/team"\n[[registry]]\nlocation = "x.example"\n[[registry]]\nprefix = "*.corp.example"\n',
    );
    const known = (name: string) => isConfigured(parseReference(name), config);
    expect(
      ['localhost:5000/team/app', 'localhost:5000/team', 'x.example/a', 'a.corp.example:5000/b'].map(known),
    ).toEqual([true, true, true, true]);
    expect(['localhost:5000/teams', 'localhost:5000/app', 'corp.example/b'].map(known)).toEqual([
      false,
      false,
      false,
    ]);
  });
});
