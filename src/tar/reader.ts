import {
  blockBytes,
  checkSum,
  invalidTar,
  numberAt,
  padding,
  pathOf,
  printable,
  textAt,
  untilNul,
} from './fields.ts';
import { parsePax, paxNumber, paxText, paxTime, type TarTime, xattrsOf } from './pax.ts';
import { readSparseHeader, type SparseMap, sparseFromPax } from './sparse.ts';

/**
 * Reads tar streams as they come: ustar, pax and GNU formats (POSIX.1-2017 pax, "ustar Interchange Format";
 * GNU tar manual, "Standard Format" and "Storing Sparse Files").
 *
 * Paths are byte strings: one UTF-16 unit a byte (latin1), for a tar path need not be UTF-8. Use `fsPath` to
 * hand one to node:fs.
 */
export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  readonly type: TarEntryType;
  /** As written, e.g. `./usr/bin/env`: not cleaned, not trusted. */
  readonly path: string;
  /** Target of a symlink or hard link, as written. */
  readonly linkPath: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the file once it is unpacked; 0 for all other types. */
  readonly size: number;
  readonly mtime: TarTime;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by name. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

export interface TarHandler {
  entry(entry: TarEntry): void;
  /** A piece of the current file; pieces come in ascending order, with gaps where the file is sparse. */
  data(chunk: Uint8Array, position: number): void;
  /** The current entry is complete. */
  end(): void;
}

/** Bounds what a hostile archive makes us hold in memory; Go's archive/tar has the same limit for pax records. */
const metadataLimitBytes = 1024 * 1024;

const typeOf: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

type Stage = 'header' | 'metadata' | 'sparse-map' | 'body' | 'padding' | 'trailer';

/** Push parser: `write` each chunk, then `finish`. Throws IMAGE_INVALID. */
export class TarReader {
  readonly #handler: TarHandler;
  #stage: Stage = 'header';
  /** What of a header or of metadata has come so far. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes still to come in this stage. */
  #left = blockBytes;
  #paddingBytes = 0;
  #bodyBytes = 0;
  #position = 0;
  #metadataType = '';
  #longPath: string | undefined;
  #longLink: string | undefined;
  #pax = new Map<string, Buffer>();
  #sparse: SparseMap | undefined;
  /** The header of a file whose sparse map is being read. */
  #waiting: TarEntry | undefined;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#stage === 'trailer') return;
      const piece = chunk.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      if (this.#stage === 'body') {
        this.#body(piece);
      } else if (this.#stage !== 'padding') {
        // A header that lies whole in the chunk, as nearly all do, is not copied.
        if (this.#left === 0 && this.#heldBytes === 0) this.#block(piece);
        else this.#hold(piece);
      }
      if (this.#left === 0) this.#advance();
    }
  }

  finish(): void {
    const clean = this.#stage === 'trailer' || (this.#stage === 'header' && this.#heldBytes === 0);
    if (!clean) throw invalidTar('it ends in the middle of an entry');
  }

  #hold(piece: Buffer): void {
    this.#held.push(Buffer.from(piece));
    this.#heldBytes += piece.length;
    if (this.#left > 0) return;
    const whole = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#block(whole);
  }

  #block(whole: Buffer): void {
    if (this.#stage === 'header') this.#header(whole);
    else if (this.#stage === 'metadata') this.#metadata(whole);
    else this.#sparseBlock(whole);
  }

  /** Chooses the stage after one that has no bytes left. */
  #advance(): void {
    while (this.#left === 0 && this.#stage !== 'trailer') {
      if (this.#stage === 'body') this.#handler.end();
      if ((this.#stage === 'body' || this.#stage === 'metadata') && this.#paddingBytes > 0) {
        this.#stage = 'padding';
        this.#left = this.#paddingBytes;
        this.#paddingBytes = 0;
      } else if (this.#stage === 'sparse-map') {
        this.#openBody();
      } else {
        this.#stage = 'header';
        this.#left = blockBytes;
      }
    }
  }

  #header(block: Buffer): void {
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      this.#stage = 'trailer';
      return;
    }
    checkSum(block);
    const flag = String.fromCharCode(block[156] as number);
    const storedBytes = this.#pax.has('size') ? paxNumber(this.#pax, 'size') : numberAt(block, 124, 12);
    if (!Number.isSafeInteger(storedBytes) || storedBytes < 0) throw invalidTar('a size is out of range');
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      if (storedBytes > metadataLimitBytes) throw invalidTar('an extended header is larger than 1 MiB');
      this.#metadataType = flag;
      this.#stage = 'metadata';
      this.#left = storedBytes;
      this.#paddingBytes = padding(storedBytes);
      return;
    }
    this.#start(block, flag, storedBytes);
  }

  #metadata(bytes: Buffer): void {
    if (this.#metadataType === 'L') this.#longPath = untilNul(bytes);
    else if (this.#metadataType === 'K') this.#longLink = untilNul(bytes);
    else if (this.#metadataType === 'x') this.#pax = parsePax(bytes);
  }

  #start(block: Buffer, flag: string, storedBytes: number): void {
    const pax = this.#pax;
    const path = paxText(pax, 'GNU.sparse.name') ?? paxText(pax, 'path') ?? this.#longPath ?? pathOf(block);
    let type = typeOf[flag];
    if (!type) throw invalidTar(`entry '${printable(path)}' has the unknown type ${JSON.stringify(flag)}`);
    if (type === 'file' && path.endsWith('/')) type = 'directory';
    const bodyBytes = type === 'file' ? storedBytes : 0;
    const sparse = flag === 'S' ? readSparseHeader(block) : sparseFromPax(pax);
    this.#sparse = sparse;
    this.#waiting = {
      type,
      path,
      linkPath: paxText(pax, 'linkpath') ?? this.#longLink ?? textAt(block, 157, 100),
      mode: numberAt(block, 100, 8) & 0o7777,
      uid: pax.has('uid') ? paxNumber(pax, 'uid') : numberAt(block, 108, 8),
      gid: pax.has('gid') ? paxNumber(pax, 'gid') : numberAt(block, 116, 8),
      size: type === 'file' ? (sparse?.realBytes ?? storedBytes) : 0,
      mtime: pax.has('mtime') ? paxTime(pax) : { seconds: numberAt(block, 136, 12), nanoseconds: 0 },
      deviceMajor: numberAt(block, 329, 8),
      deviceMinor: numberAt(block, 337, 8),
      xattrs: xattrsOf(pax),
    };
    this.#longPath = undefined;
    this.#longLink = undefined;
    this.#pax = new Map();
    this.#bodyBytes = bodyBytes;
    if (sparse?.incomplete) {
      this.#stage = 'sparse-map';
      this.#left = blockBytes;
    } else {
      this.#openBody();
    }
  }

  #sparseBlock(block: Buffer): void {
    const sparse = this.#sparse as SparseMap;
    // An old GNU map lies before the body and is not counted in its size; that of pax 1.0 is a part of it.
    if (sparse.addBlock(block)) this.#bodyBytes -= blockBytes;
    if (sparse.incomplete) this.#left = blockBytes;
  }

  #openBody(): void {
    const entry = this.#waiting as TarEntry;
    this.#waiting = undefined;
    if (this.#bodyBytes < 0) throw invalidTar(`the sparse map of '${printable(entry.path)}' is too long`);
    this.#sparse?.check(this.#bodyBytes);
    this.#handler.entry(entry);
    this.#stage = 'body';
    this.#position = 0;
    this.#left = this.#bodyBytes;
    this.#paddingBytes = padding(this.#bodyBytes);
  }

  #body(piece: Buffer): void {
    if (this.#sparse) {
      this.#sparse.place(this.#position, piece, (chunk, position) => this.#handler.data(chunk, position));
    } else {
      this.#handler.data(piece, this.#position);
    }
    this.#position += piece.length;
  }
}
