import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { lockFile } from '../host/locks.ts';
import type { ContainerRecord, PodRecord } from './records.ts';

export type EventType = 'container' | 'image' | 'network' | 'pod' | 'system' | 'volume';

/** One line of the log, in podman's words: its `events --format json` prints just this. */
export interface Event {
  /** Of a container that died. */
  readonly ContainerExitCode?: number;
  readonly ID?: string;
  readonly Image?: string;
  readonly Name?: string;
  readonly Network?: string;
  readonly Status: string;
  /** RFC 3339. */
  readonly Time: string;
  readonly Type: EventType;
  readonly PodID?: string;
  readonly HealthStatus?: string;
  /** Labels of a container or pod. */
  readonly Attributes: Readonly<Record<string, string>> | null;
}

/** Two files of this size are kept at the most. */
const maxBytes = 1024 * 1024;

/**
 * What happened, one JSON object a line. A line is one write to a file that was opened for appending, which the kernel
 * does not mix with others': writers need no lock. To tell an event must never fail a command: where the file cannot
 * be written nothing is said.
 */
export class EventLog {
  readonly path: string;
  readonly #maxBytes: number;

  constructor(path: string, maxFileBytes = maxBytes) {
    this.path = path;
    this.#maxBytes = maxFileBytes;
  }

  /** The older half: what the log was when it had reached its size. */
  get olderPath(): string {
    return `${this.path}.1`;
  }

  container(
    status: string,
    record: ContainerRecord,
    more: Pick<Event, 'ContainerExitCode' | 'HealthStatus'> = {},
  ): void {
    const { id, name, podId, spec } = record;
    const pod = podId === undefined ? {} : { PodID: podId };
    this.record('container', status, {
      ID: id,
      Image: spec.imageName,
      Name: name,
      ...pod,
      ...more,
      Attributes: spec.labels,
    });
  }

  pod(status: string, record: PodRecord): void {
    this.record('pod', status, { ID: record.id, Name: record.name, Attributes: record.labels });
  }

  /** `name` as the user knows the image: what was pulled, tagged, removed. */
  image(status: string, id: string, name: string): void {
    this.record('image', status, { ID: id, Name: name });
  }

  volume(status: string, name: string): void {
    this.record('volume', status, { Name: name });
  }

  /** `ID` of the container or pod that is connected or disconnected. */
  network(status: string, name: string, id?: string): void {
    this.record('network', status, { Network: name, ...(id === undefined ? {} : { ID: id }) });
  }

  record(type: EventType, status: string, more: Partial<Omit<Event, 'Type' | 'Status' | 'Time'>> = {}): void {
    const { Attributes = null, ...fields } = more;
    const Time = new Date().toISOString();
    this.#append(`${JSON.stringify({ ...fields, Status: status, Time, Type: type, Attributes })}\n`);
  }

  #append(line: string): void {
    try {
      const fd = this.#open();
      try {
        writeSync(fd, line);
        if (fstatSync(fd).size > this.#maxBytes) this.#rotate();
      } finally {
        closeSync(fd);
      }
    } catch {
      // a full disk, a file system that is read-only
    }
  }

  #open(): number {
    try {
      return openSync(this.path, 'a', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      return openSync(this.path, 'a', 0o600);
    }
  }

  /** Of several writers at the limit one renames; the others see that it is done, or leave it to the next line. */
  #rotate(): void {
    const lock = lockFile(`${this.path}.lock`, 'exclusive', { wait: false });
    try {
      if (lock && statSync(this.path).size > this.#maxBytes) renameSync(this.path, this.olderPath);
    } finally {
      lock?.release();
    }
  }
}
