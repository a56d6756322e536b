import type { Database } from './database.ts';
import type { Attachments, PodRecord, PublishedAt, SandboxRecord, SandboxSpec } from './records.ts';

interface PodRow {
  id: string;
  name: string;
  created_at_ms: number;
  labels: string;
  shared: string;
  create_command: string;
  options: string;
}

interface SandboxRow {
  id: string;
  spec: string;
  state: SandboxRecord['state'];
  boot_id: string;
  attachments: string;
  published: string;
  pause: string | null;
}

const selectPods = 'SELECT pods.*, names.name FROM pods JOIN names USING (id)';

export class PodTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): PodRecord[] {
    return this.#db.all<PodRow>(`${selectPods} ORDER BY pods.rowid`).map(toPod);
  }

  get(id: string): PodRecord | undefined {
    const row = this.#db.get<PodRow>(`${selectPods} WHERE id = ?`, id);
    return row && toPod(row);
  }

  insert(pod: PodRecord): void {
    this.#db.run(
      'INSERT INTO pods (id, created_at_ms, labels, shared, create_command, options) VALUES (?, ?, ?, ?, ?, ?)',
      pod.id,
      pod.createdAtMs,
      JSON.stringify(pod.labels),
      JSON.stringify(pod.shared),
      JSON.stringify(pod.createCommand),
      JSON.stringify(pod.options),
    );
  }

  delete(id: string): void {
    this.#db.run('DELETE FROM pods WHERE id = ?', id);
  }
}

export class SandboxTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): SandboxRecord[] {
    return this.#db.all<SandboxRow>('SELECT * FROM sandboxes').map(toSandbox);
  }

  get(id: string): SandboxRecord | undefined {
    const row = this.#db.get<SandboxRow>('SELECT * FROM sandboxes WHERE id = ?', id);
    return row && toSandbox(row);
  }

  insert(id: string, spec: SandboxSpec, bootId: string): void {
    this.#db.run(
      "INSERT INTO sandboxes (id, spec, state, boot_id) VALUES (?, ?, 'released', ?)",
      id,
      JSON.stringify(spec),
      bootId,
    );
  }

  /** Ports and networks may change while a sandbox lives; names and namespaces do not. */
  setSpec(id: string, spec: SandboxSpec): void {
    this.#db.run('UPDATE sandboxes SET spec = ? WHERE id = ?', JSON.stringify(spec), id);
  }

  /** What exists in the kernel now. Fields left out are cleared: a released sandbox has no attachments. */
  setState(
    id: string,
    state: SandboxRecord['state'],
    bootId: string,
    now: {
      attachments?: Attachments;
      published?: readonly PublishedAt[];
      pause?: SandboxRecord['pause'];
    } = {},
  ): void {
    this.#db.run(
      'UPDATE sandboxes SET state = ?, boot_id = ?, attachments = ?, published = ?, pause = ? WHERE id = ?',
      state,
      bootId,
      JSON.stringify(now.attachments ?? {}),
      JSON.stringify(now.published ?? []),
      now.pause ? JSON.stringify(now.pause) : null,
      id,
    );
  }

  setPause(id: string, pause: SandboxRecord['pause']): void {
    this.#db.run('UPDATE sandboxes SET pause = ? WHERE id = ?', pause ? JSON.stringify(pause) : null, id);
  }

  delete(id: string): void {
    this.#db.run('DELETE FROM sandboxes WHERE id = ?', id);
  }
}

function toPod(row: PodRow): PodRecord {
  return {
    id: row.id,
    name: row.name,
    createdAtMs: row.created_at_ms,
    labels: JSON.parse(row.labels),
    shared: JSON.parse(row.shared),
    createCommand: JSON.parse(row.create_command),
    options: JSON.parse(row.options),
  };
}

function toSandbox(row: SandboxRow): SandboxRecord {
  return {
    id: row.id,
    spec: JSON.parse(row.spec),
    state: row.state,
    bootId: row.boot_id,
    attachments: JSON.parse(row.attachments),
    published: JSON.parse(row.published),
    ...(row.pause ? { pause: JSON.parse(row.pause) } : {}),
  };
}
