import { writev } from 'node:fs';

interface Piece {
  readonly fd: number;
  readonly bytes: Uint8Array;
}

/** Pieces written with one system call. */
const batchSize = 64;

/**
 * Writes to file descriptors in the order of `push`, without blocking the event loop and whatever kind of
 * file, pipe or terminal they are. The caller watches `pendingBytes` to stop reading in time.
 */
export class OutputQueue {
  readonly #onDrain: () => void;
  #pieces: Piece[] = [];
  #pendingBytes = 0;
  #writing = false;
  #error: Error | undefined;
  #idle: (() => void)[] = [];

  /** `onDrain` is called whenever everything has been written. */
  constructor(onDrain: () => void = () => {}) {
    this.#onDrain = onDrain;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** EPIPE and the like: everything pushed from then on is dropped. */
  get error(): Error | undefined {
    return this.#error;
  }

  push(fd: number, bytes: Uint8Array): void {
    if (this.#error || bytes.length === 0) return;
    this.#pieces.push({ fd, bytes });
    this.#pendingBytes += bytes.length;
    if (!this.#writing) this.#write();
  }

  /** Resolves when all has been written or writing failed. */
  flushed(): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #write(): void {
    const fd = this.#pieces[0]?.fd;
    if (fd === undefined) {
      this.#writing = false;
      this.#onDrain();
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#writing = true;
    const end = this.#pieces.findIndex((piece, index) => piece.fd !== fd || index === batchSize);
    const batch = this.#pieces.slice(0, end < 0 ? this.#pieces.length : end).map(({ bytes }) => bytes);
    writev(fd, batch, (error, written) => {
      if (!error) {
        this.#drop(written);
        this.#write();
      } else if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        // Somebody who shares the file made it non-blocking.
        setTimeout(() => this.#write(), 2);
      } else {
        this.#error = error;
        this.#pieces = [];
        this.#pendingBytes = 0;
        this.#write();
      }
    });
  }

  #drop(written: number): void {
    this.#pendingBytes -= written;
    let left = written;
    let whole = 0;
    for (const { bytes } of this.#pieces) {
      if (left < bytes.length) break;
      left -= bytes.length;
      whole += 1;
    }
    this.#pieces.splice(0, whole);
    const first = this.#pieces[0];
    if (left > 0 && first) this.#pieces[0] = { fd: first.fd, bytes: first.bytes.subarray(left) };
  }
}
