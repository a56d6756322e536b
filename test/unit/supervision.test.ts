import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerTable } from '../../src/store/containers.ts';
import { Database } from '../../src/store/database.ts';
import type { ContainerSpec } from '../../src/store/records.ts';
import { SupervisionTable } from '../../src/store/supervision.ts';

const one = { pid: 1, startTicks: 1 };
const two = { pid: 2, startTicks: 2 };

let dir: string;
let db: Database;
let containers: ContainerTable;
let supervision: SupervisionTable;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-supervision-'));
  db = new Database(join(dir, 'peapod.db'));
  db.run("INSERT INTO sandboxes (id, spec, state, boot_id) VALUES ('c', '{}', 'pinned', 'boot')");
  db.run("INSERT INTO names (name, kind, id) VALUES ('c', 'container', 'c')");
  containers = new ContainerTable(db);
  containers.insert({
    id: 'c',
    name: 'c',
    sandboxId: 'c',
    createdAtMs: 0,
    spec: { rootfs: { kind: 'host' }, restart: { policy: 'always' } } as ContainerSpec,
    createCommand: [],
    state: 'created',
    bootId: 'boot',
    oomKilled: false,
  });
  supervision = new SupervisionTable(db);
  supervision.begin('c');
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

const runs = () => containers.setRunning('c', { process: one, monitor: one, startedAtMs: 0, bootId: 'boot' });
const ends = () => containers.setExited('c', { finishedAtMs: 0, exitCode: 1, oomKilled: false });
const watched = () => {
  const [container] = supervision.watched('boot');
  if (!container) throw new Error('nothing is watched');
  return container;
};

describe('the supervision of a container', () => {
  it('B6: is not handed over where its end has been written down since it was looked at', () => {
    runs();
    const seen = watched();
    expect(seen).toMatchObject({ state: 'running', restarts: true, isChecked: false, process: one });
    ends();
    expect(supervision.handOver(seen, two)).toBe(false);
    expect(supervision.get('c')?.restarter).toBeUndefined();
  });

  it('B6: is handed over once', () => {
    ends();
    supervision.restarting('c', { restartCount: 3, pauseMs: 400, restarter: one });
    const seen = watched();
    expect(supervision.handOver(seen, two)).toBe(true);
    expect(supervision.handOver(seen, one)).toBe(false);
    expect(supervision.get('c')).toEqual({ restartCount: 3, pauseMs: 400, restarter: two });
  });

  it('B6: begins anew with a start by a user, and goes with the container', () => {
    supervision.restarting('c', { restartCount: 3, pauseMs: 400, restarter: one });
    supervision.setUserSignal('c', 9);
    supervision.begin('c');
    expect(supervision.get('c')).toEqual({ restartCount: 0, pauseMs: 0 });
    containers.delete('c');
    expect(supervision.get('c')).toBeUndefined();
  });

  it('is that of this boot only', () => {
    expect(supervision.watched('another')).toEqual([]);
  });
});
