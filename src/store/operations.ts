import type { ProcessIdentity } from '../host/processes.ts';
import { isAlive } from '../host/processes.ts';
import type { Database } from './database.ts';

/**
 * What is done to a pod, container or sandbox right now. `create`: undo it; `remove`: finish it;
 * `start`, `stop`, `cleanup`, `network`, `files`: bring it to rest; `pause`: see what the kernel says; `update`: set it again.
 */
export type Verb =
  | 'create'
  | 'start'
  | 'stop'
  | 'remove'
  | 'cleanup'
  | 'network'
  | 'pause'
  | 'update'
  | 'files';

export interface Operation {
  readonly subjectId: string;
  readonly verb: Verb;
  readonly owner: ProcessIdentity;
  readonly bootId: string;
}

interface Row {
  subject_id: string;
  verb: Verb;
  pid: number;
  start_ticks: number;
  boot_id: string;
}

export class OperationTable {
  readonly #db: Database;
  readonly #self: ProcessIdentity;
  readonly #bootId: string;

  constructor(db: Database, self: ProcessIdentity, bootId: string) {
    this.#db = db;
    this.#self = self;
    this.#bootId = bootId;
  }

  /** Makes the subject this process' own; false where another operation is in the way. */
  begin(subjectId: string, verb: Verb): boolean {
    const inserted = this.#db.run(
      'INSERT OR IGNORE INTO operations (subject_id, verb, pid, start_ticks, boot_id) VALUES (?, ?, ?, ?, ?)',
      subjectId,
      verb,
      this.#self.pid,
      this.#self.startTicks,
      this.#bootId,
    );
    return inserted === 1;
  }

  end(subjectId: string): void {
    this.#db.run(
      'DELETE FROM operations WHERE subject_id = ? AND pid = ? AND start_ticks = ?',
      subjectId,
      this.#self.pid,
      this.#self.startTicks,
    );
  }

  /** Takes over what a dead process left; false where another command was quicker. */
  takeOver(left: Operation): boolean {
    return (
      this.#db.run(
        `UPDATE operations SET pid = ?, start_ticks = ?, boot_id = ?
         WHERE subject_id = ? AND pid = ? AND start_ticks = ? AND boot_id = ?`,
        this.#self.pid,
        this.#self.startTicks,
        this.#bootId,
        left.subjectId,
        left.owner.pid,
        left.owner.startTicks,
        left.bootId,
      ) === 1
    );
  }

  get(subjectId: string): Operation | undefined {
    const row = this.#db.get<Row>('SELECT * FROM operations WHERE subject_id = ?', subjectId);
    return row && toOperation(row);
  }

  all(): Operation[] {
    return this.#db.all<Row>('SELECT * FROM operations').map(toOperation);
  }

  /** Operations whose process has ended before them. */
  abandoned(): Operation[] {
    return this.all().filter((operation) => this.isAbandoned(operation));
  }

  isAbandoned(operation: Operation): boolean {
    return operation.bootId !== this.#bootId || !isAlive(operation.owner);
  }
}

function toOperation(row: Row): Operation {
  return {
    subjectId: row.subject_id,
    verb: row.verb,
    owner: { pid: row.pid, startTicks: row.start_ticks },
    bootId: row.boot_id,
  };
}
