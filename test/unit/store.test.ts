import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { NameTable } from '../../src/store/names.ts';
import { OperationTable } from '../../src/store/operations.ts';
import { SandboxTable } from '../../src/store/pods.ts';
import { PortTable } from '../../src/store/ports.ts';
import type { SandboxSpec } from '../../src/store/records.ts';
import { migrations } from '../../src/store/schema.ts';

const spec: SandboxSpec = {
  hostname: 'h',
  namespaces: ['net'],
  network: { kind: 'own', endpoints: [] },
  ports: [],
  dns: { servers: [], searches: [], options: [] },
  hostEntries: [],
};
const id = (letter: string) => letter.repeat(64);

let dir: string;
let db: Database;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-store-'));
  db = new Database(join(dir, 'peapod.db'));
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

describe('the database', () => {
  it('brings sandboxes of one network to those of several, with all that was attached', () => {
    const path = join(dir, 'old.db');
    const old = new DatabaseSync(path);
    old.exec(`${migrations[0]}; PRAGMA user_version = 1`);
    const bridge = {
      kind: 'backend',
      backend: 'bridge',
      spec: {
        network: 'web',
        options: { alias: 'x', interface_name: 'net1' },
        staticAddresses: [],
        ports: [],
      },
    };
    const port = { protocol: 'tcp', hostIp: '', hostPort: 8080, containerPort: 80, via: 'nftables' };
    const attachment = { backend: 'bridge', network: 'web', ifname: 'net1', addresses: ['10.89.0.2/24'] };
    const insert = old.prepare(
      "INSERT INTO sandboxes (id, spec, state, boot_id, attachment, published) VALUES (?, ?, 'ready', 'b', ?, ?)",
    );
    insert.run(
      id('a'),
      JSON.stringify({ ...spec, network: bridge }),
      JSON.stringify(attachment),
      JSON.stringify([port]),
    );
    insert.run(id('b'), JSON.stringify({ ...spec, network: { kind: 'none' } }), null, '[]');
    insert.run(id('c'), JSON.stringify({ ...spec, network: { kind: 'host' } }), null, '[]');
    old.close();

    const migrated = new Database(path);
    const table = new SandboxTable(migrated);
    expect(table.get(id('a'))).toMatchObject({
      spec: {
        ...spec,
        network: {
          kind: 'own',
          endpoints: [
            {
              ifname: 'net1',
              backend: 'bridge',
              spec: { network: 'web', options: { alias: 'x' }, staticAddresses: [], ports: [] },
            },
          ],
        },
      },
      attachments: { net1: attachment },
      published: [{ ...port, endpoint: 'net1' }],
    });
    expect(table.get(id('b'))).toMatchObject({ spec, attachments: {}, published: [] });
    expect(table.get(id('c'))?.spec.network).toEqual({ kind: 'host' });
    migrated.close();
  });

  it('opens twice and keeps what was written', () => {
    new NameTable(db).claim('web', 'pod', id('a'));
    const again = new Database(join(dir, 'peapod.db'));
    expect(new NameTable(again).resolve('pod', 'web')).toBe(id('a'));
    again.close();
  });

  it('E3: is made once where several first commands open it at the same moment', async () => {
    const program = fileURLToPath(new URL('../fixtures/database-user.ts', import.meta.url));
    for (let round = 0; round < 4; round++) {
      const path = join(dir, `fresh-${round}`, 'peapod.db');
      const argv = [process.execPath, program, path, String(Date.now() + 300)];
      const commands = Array.from({ length: 10 }, () => Bun.spawn(argv, { stderr: 'pipe' }));
      for (const command of commands) {
        const said = await new Response(command.stderr).text();
        expect(await command.exited, said).toBe(0);
      }
      const made = new Database(path);
      expect(made.all('SELECT * FROM names')).toHaveLength(10);
      made.close();
    }
  });

  it('refuses a database of a newer schema', () => {
    db.raw.exec('PRAGMA user_version = 999');
    expect(() => new Database(join(dir, 'peapod.db'))).toThrow(/newer peapod/);
  });

  it('rolls a transaction back as a whole', () => {
    const names = new NameTable(db);
    expect(() =>
      db.transaction(() => {
        names.claim('web', 'pod', id('a'));
        throw new Error('half-way');
      }),
    ).toThrow('half-way');
    expect(names.isFree('web')).toBe(true);
  });
});

describe('names', () => {
  it('A4: are one space for pods and containers, and a taken one names its holder', () => {
    const names = new NameTable(db);
    names.claim('web', 'pod', id('a'));
    expect(() => names.claim('web', 'container', id('b'))).toThrow(/already in use by pod aaaaaaaaaaaa/);
  });

  it('resolve by name, id and unambiguous beginning of an id', () => {
    const names = new NameTable(db);
    names.claim('one', 'pod', `ab${'0'.repeat(62)}`);
    names.claim('two', 'pod', `ac${'0'.repeat(62)}`);
    expect(names.resolve('pod', 'ab')).toMatch(/^ab/);
    expect(names.resolve('pod', 'two')).toMatch(/^ac/);
    expect(names.resolve('pod', 'ff')).toBeUndefined();
    expect(names.resolve('container', 'one')).toBeUndefined();
    expect(() => names.resolve('pod', 'a')).toThrow(/more than one pod/);
  });
});

describe('ports', () => {
  const port = (hostIp: string, hostPort: number) => ({
    protocol: 'tcp' as const,
    hostIp,
    hostPort,
    containerPort: 80,
  });

  const overlapping: [string, string][] = [
    ['', '127.0.0.1'],
    ['127.0.0.1', ''],
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['::', '::1'],
    ['', '::1'],
    ['10.0.0.1', '10.0.0.1'],
  ];
  it.each(overlapping)('A5: %j and %j cannot both be reserved; the holder is named', (first, second) => {
    const sandboxes = new SandboxTable(db);
    const names = new NameTable(db);
    for (const [name, letter] of [
      ['web', 'a'],
      ['other', 'b'],
    ] as const) {
      names.claim(name, 'pod', id(letter));
      sandboxes.insert(id(letter), spec, 'boot');
    }
    const ports = new PortTable(db);
    ports.reserve(id('a'), [port(first, 8080)]);
    expect(() => ports.reserve(id('b'), [port(second, 8080)])).toThrow(
      /8080\/tcp is already reserved by pod "web"/,
    );
  });

  it.each([
    ['127.0.0.1', '127.0.0.2'],
    ['0.0.0.0', '::'],
    ['0.0.0.0', '::1'],
  ])('%j and %j may be reserved side by side', (first, second) => {
    new SandboxTable(db).insert(id('a'), spec, 'boot');
    const ports = new PortTable(db);
    ports.reserve(id('a'), [port(first, 8080), port(second, 8080)]);
    expect(ports.taken('tcp')).toEqual(new Set([8080]));
    expect(ports.taken('udp')).toEqual(new Set());
  });

  it('go with their sandbox', () => {
    const sandboxes = new SandboxTable(db);
    sandboxes.insert(id('a'), spec, 'boot');
    const ports = new PortTable(db);
    ports.reserve(id('a'), [port('', 8080)]);
    sandboxes.delete(id('a'));
    expect(ports.taken('tcp').size).toBe(0);
  });
});

describe('operations', () => {
  const me = { pid: process.pid, startTicks: 1 };

  it('E3: let one process in and tell the other who is in the way', () => {
    const mine = new OperationTable(db, me, 'boot');
    const others = new OperationTable(db, { pid: 1, startTicks: 2 }, 'boot');
    expect(mine.begin(id('a'), 'start')).toBe(true);
    expect(others.begin(id('a'), 'remove')).toBe(false);
    expect(others.get(id('a'))).toMatchObject({ verb: 'start', owner: me });
    others.end(id('a'));
    expect(mine.get(id('a'))).toBeDefined();
    mine.end(id('a'));
    expect(others.begin(id('a'), 'remove')).toBe(true);
  });

  it('E5: of an ended process, or of another boot, are abandoned and taken over once', () => {
    const dead = new OperationTable(db, { pid: 2 ** 22, startTicks: 5 }, 'boot');
    dead.begin(id('a'), 'create');
    const first = new OperationTable(db, me, 'boot');
    const second = new OperationTable(db, { pid: 1, startTicks: 7 }, 'boot');
    const [left] = first.abandoned();
    expect(left).toMatchObject({ subjectId: id('a'), verb: 'create' });
    if (!left) return;
    expect(first.takeOver(left)).toBe(true);
    expect(second.takeOver(left)).toBe(false);
  });
});
