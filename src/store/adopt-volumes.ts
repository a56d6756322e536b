import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { volumeSchema } from './volumes.ts';

interface OldMount {
  readonly type: string;
  readonly source: string;
}

/**
 * Gives rows to volumes that were bare directories: `volumes/NAME` where one was named, `containers/ID/volumes/N`
 * for the N-th mount of a container where none was. The latter move to a name of their own; a container that runs
 * keeps what it has mounted.
 */
export function adoptVolumes(db: DatabaseSync, root: string): void {
  db.exec(volumeSchema);
  const insert = db.prepare(
    `INSERT OR IGNORE INTO volumes (name, created_at_ms, anonymous, needs_copy_up, needs_chown)
     VALUES (?, ?, ?, 0, 0)`,
  );
  const use = db.prepare('INSERT OR IGNORE INTO volume_users (container_id, volume) VALUES (?, ?)');
  const volumes = join(root, 'volumes');
  for (const name of existsSync(volumes) ? readdirSync(volumes) : []) {
    if (existsSync(join(volumes, name, '_data')))
      insert.run(name, Math.round(statSync(join(volumes, name)).birthtimeMs), 0);
  }
  const rows = db.prepare('SELECT id, created_at_ms, spec FROM containers').all() as unknown as {
    id: string;
    created_at_ms: number;
    spec: string;
  }[];
  const update = db.prepare('UPDATE containers SET spec = ? WHERE id = ?');
  for (const { id, created_at_ms, spec } of rows) {
    const parsed = JSON.parse(spec) as { mounts: OldMount[] };
    const mounts = parsed.mounts.map((mount, index) => {
      if (mount.type !== 'volume') return mount;
      const anonymous = mount.source === '';
      const name = anonymous ? crypto.getRandomValues(new Uint8Array(32)).toHex() : mount.source;
      if (anonymous) move(join(root, 'containers', id, 'volumes', String(index)), join(volumes, name));
      insert.run(name, created_at_ms, anonymous ? 1 : 0);
      use.run(id, name);
      return { ...mount, source: name };
    });
    update.run(JSON.stringify({ ...parsed, mounts }), id);
  }
}

function move(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  if (existsSync(from)) renameSync(from, join(to, '_data'));
}
