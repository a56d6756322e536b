import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adoptVolumes } from '../../src/store/adopt-volumes.ts';
import { Database } from '../../src/store/database.ts';
import { migrations } from '../../src/store/schema.ts';
import { VolumeTable } from '../../src/store/volumes.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-volumes-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A database as it was before volumes had rows. */
function oldDatabase(containers: Record<string, readonly object[]>): void {
  const db = new DatabaseSync(join(dir, 'peapod.db'));
  const before = migrations.indexOf(adoptVolumes);
  for (const migration of migrations.slice(0, before)) db.exec(migration as string);
  db.exec(`PRAGMA user_version = ${before}`);
  for (const [id, mounts] of Object.entries(containers)) {
    db.exec(`INSERT INTO sandboxes (id, spec, state, boot_id) VALUES ('${id}', '{}', 'released', 'b')`);
    db.prepare(
      `INSERT INTO containers (id, sandbox_id, created_at_ms, spec, create_command, state, boot_id)
       VALUES (?, ?, 5, ?, '[]', 'created', 'b')`,
    ).run(id, id, JSON.stringify({ mounts, hostname: 'kept' }));
  }
  db.close();
}

function data(...path: string[]): string {
  const at = join(dir, ...path);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'file'), path.join(' '));
  return at;
}

describe('volumes of a database from before they had rows', () => {
  it('B5: get rows with their users; anonymous ones move to names of their own', () => {
    oldDatabase({
      a: [
        { type: 'bind', source: '/x', destination: '/x', options: [] },
        { type: 'volume', source: '', destination: '/anonymous', options: ['ro'] },
        { type: 'volume', source: 'used', destination: '/used', options: [] },
      ],
      b: [{ type: 'volume', source: '', destination: '/never/started', options: [] }],
    });
    data('volumes', 'used', '_data');
    data('volumes', 'alone', '_data');
    data('containers', 'a', 'volumes', '1');
    const db = new Database(join(dir, 'peapod.db'));
    const volumes = new VolumeTable(db);
    const named = volumes.all().filter(({ anonymous }) => !anonymous);
    expect(named.map(({ name }) => name)).toEqual(['alone', 'used']);
    expect(named.every(({ needsCopyUp, needsChown }) => !needsCopyUp && !needsChown)).toBe(true);
    expect(volumes.usersOf('used')).toEqual(['a']);
    const spec = JSON.parse(
      db.get<{ spec: string }>("SELECT spec FROM containers WHERE id = 'a'")?.spec ?? '',
    );
    expect(spec.hostname).toBe('kept');
    const anonymous = spec.mounts[1];
    expect(anonymous).toMatchObject({ type: 'volume', destination: '/anonymous', options: ['ro'] });
    expect(anonymous.source).toMatch(/^[0-9a-f]{64}$/);
    expect(volumes.get(anonymous.source)?.anonymous).toBe(true);
    expect(readFileSync(join(dir, 'volumes', anonymous.source, '_data', 'file'), 'utf8')).toBe(
      'containers a volumes 1',
    );
    expect(existsSync(join(dir, 'containers', 'a', 'volumes', '1'))).toBe(false);
    expect(volumes.usedBy('b')).toHaveLength(1);
    db.close();
  });
});

describe('the table of volumes', () => {
  it('E3: a volume that a container has cannot be deleted, and goes free with the container', () => {
    oldDatabase({ a: [] });
    const db = new Database(join(dir, 'peapod.db'));
    const volumes = new VolumeTable(db);
    const volume = {
      name: 'v',
      createdAtMs: 1,
      labels: { a: 'b' },
      options: { type: 'tmpfs' },
      anonymous: false,
      needsCopyUp: true,
      needsChown: true,
    };
    expect(volumes.insert(volume)).toBe(true);
    expect(volumes.insert({ ...volume, createdAtMs: 2 })).toBe(false);
    volumes.use('a', 'v');
    volumes.use('a', 'v');
    expect([...volumes.users()]).toEqual([['v', ['a']]]);
    expect(() => volumes.delete('v')).toThrow(/FOREIGN KEY/);
    volumes.setNeeds('v', { chown: false });
    expect(volumes.get('v')).toEqual({ ...volume, needsChown: false });
    db.run("DELETE FROM containers WHERE id = 'a'");
    expect(volumes.delete('v')).toBe(true);
    expect(volumes.delete('v')).toBe(false);
    db.close();
  });
});
