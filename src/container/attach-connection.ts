import { closeSync, readSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { connectSeqpacket, duplicateFd, shutdownWrite } from '../host/sockets.ts';

export interface AttachHandlers {
  /** One packet as conmon sent it: a byte that names the stream (2 stdout, 3 stderr), then output. */
  readonly packet: (packet: Uint8Array) => void;
  /** The monitor closed its side: nothing follows. */
  readonly end: () => void;
}

/** conmon reads its attach socket into a buffer of at least this size and drops what is beyond. */
const inputPacketBytes = 8192;
/** conmon's STDIO_BUF_SIZE and the byte that names the stream. */
const outputPacketBytes = 8193;

/**
 * A connection to conmon's attach socket. Bun's event loop reads it, packet by packet, and a second
 * descriptor of the same socket picks up what the loop leaves behind at a reset: the kernel reports a reset
 * (conmon ended with input of ours unread) ahead of the output that still waits in the queue.
 */
export class AttachConnection {
  readonly #fd: number;
  #socket: Bun.Socket | undefined;
  #handlers: AttachHandlers | undefined;
  #early: Uint8Array[] = [];
  #ended = false;
  #closed = false;
  #inputEnded = false;
  #writable: (() => void)[] = [];

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Throws WRONG_STATE where nothing monitors the container. */
  static async open(socketPath: string): Promise<AttachConnection> {
    let fd: number;
    try {
      fd = connectSeqpacket(socketPath);
    } catch (error) {
      throw new PeapodError('WRONG_STATE', 'the container is not running: nothing to attach to', {
        hint: `its monitor's socket ${socketPath} does not answer`,
        cause: error,
      });
    }
    const connection = new AttachConnection(fd);
    const socket = {
      fd: duplicateFd(fd),
      socket: {
        data: (_: unknown, bytes: Uint8Array) => connection.#deliver(bytes),
        drain: () => connection.#wakeWriters(),
        end: () => connection.#finish(),
        close: () => connection.#finish(),
        error: () => connection.#finish(),
      },
    };
    // Bun's types know `fd` only as a separate interface that `connect` does not name.
    connection.#socket = await Bun.connect(socket as unknown as Bun.UnixSocketOptions);
    return connection;
  }

  /** Hands over what has arrived meanwhile, then everything else. */
  receive(handlers: AttachHandlers): void {
    this.#handlers = handlers;
    for (const packet of this.#early.splice(0)) handlers.packet(packet);
    if (this.#ended) handlers.end();
  }

  pause(): void {
    if (!this.#ended) this.#socket?.pause();
  }

  resume(): void {
    if (!this.#ended) this.#socket?.resume();
  }

  /** Sends input; resolves when the monitor has room for more. False where it takes none any more. */
  async send(bytes: Uint8Array): Promise<boolean> {
    for (let offset = 0; offset < bytes.length; offset += inputPacketBytes) {
      const packet = bytes.subarray(offset, offset + inputPacketBytes);
      while (!this.#ended && !this.#closed && (this.#socket?.write(packet) ?? -1) < packet.length) {
        await new Promise<void>((resolve) => this.#writable.push(resolve));
      }
      if (this.#ended || this.#closed) return false;
    }
    return true;
  }

  /** Tells the container that its standard input is at its end; output goes on. Idempotent. */
  endInput(): void {
    if (this.#inputEnded || this.#ended || this.#closed) return;
    this.#inputEnded = true;
    try {
      shutdownWrite(this.#fd);
    } catch {
      // The monitor was faster.
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.terminate();
    closeSync(this.#fd);
    this.#wakeWriters();
  }

  #deliver(packet: Uint8Array): void {
    if (this.#closed || packet.length === 0) return;
    if (this.#handlers) this.#handlers.packet(packet);
    else this.#early.push(packet);
  }

  #wakeWriters(): void {
    for (const resolve of this.#writable.splice(0)) resolve();
  }

  #finish(): void {
    if (this.#ended || this.#closed) return;
    this.#readRest();
    this.#ended = true;
    this.#wakeWriters();
    this.#handlers?.end();
  }

  #readRest(): void {
    for (let resets = 0; resets < 2; ) {
      const packet = new Uint8Array(outputPacketBytes);
      try {
        const length = readSync(this.#fd, packet);
        if (length === 0) return;
        this.#deliver(packet.subarray(0, length));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') return;
        resets += 1;
      }
    }
  }
}
