import { invalidTar, numberAt } from './fields.ts';
import { paxNumber } from './pax.ts';

interface Segment {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where the pieces of a sparse file belong. GNU tar manual, "Storing Sparse Files": the old GNU format (type
 * `S`) and pax versions 0.0, 0.1 and 1.0.
 */
export class SparseMap {
  /** Size of the file once it is unpacked. */
  readonly realBytes: number;
  readonly #segments: Segment[] = [];
  /** The segment that the next piece belongs to, and where it starts in the body. */
  #next = 0;
  #nextStart = 0;
  /** Old GNU maps go on in blocks of 21 segments; a pax 1.0 map is text at the head of the body. */
  #continuation: 'none' | 'blocks' | 'text';
  #text = '';

  constructor(realBytes: number, continuation: 'none' | 'blocks' | 'text') {
    this.realBytes = realBytes;
    this.#continuation = continuation;
  }

  get incomplete(): boolean {
    return this.#continuation !== 'none';
  }

  add(offset: number, length: number): void {
    this.#segments.push({ offset, length });
  }

  /** Takes 512 bytes of a map; true where they were a part of the body. */
  addBlock(block: Buffer): boolean {
    if (this.#continuation === 'blocks') {
      if (!addSegments(this, block, 0, 21)) this.#continuation = 'none';
      return false;
    }
    this.#text += block.toString('latin1');
    const lines = this.#text.split('\n').slice(0, -1);
    const count = lines.length === 0 ? Number.NaN : decimal(lines[0]);
    if (this.#text.length > 1024 * 1024) throw invalidTar('a sparse map is larger than 1 MiB');
    if (lines.length > 2 * count) {
      for (let at = 1; at < 2 * count; at += 2) this.add(decimal(lines[at]), decimal(lines[at + 1]));
      this.#continuation = 'none';
    }
    return true;
  }

  /** Throws IMAGE_INVALID where the map does not fit the body. */
  check(bodyBytes: number): void {
    let end = 0;
    let stored = 0;
    for (const { offset, length } of this.#segments) {
      if (offset < end || length < 0 || offset + length > this.realBytes) {
        throw invalidTar('a sparse map is out of order');
      }
      end = offset + length;
      stored += length;
    }
    if (stored !== bodyBytes) throw invalidTar('a sparse map does not fit its file');
  }

  /**
   * Hands out the parts of a piece that lies at `stored` in the body, with their positions in the file.
   * Pieces must come in order.
   */
  place(stored: number, piece: Buffer, to: (chunk: Uint8Array, position: number) => void): void {
    for (; this.#next < this.#segments.length; this.#next++) {
      const { offset, length } = this.#segments[this.#next] as Segment;
      const from = Math.max(this.#nextStart, stored);
      const until = Math.min(this.#nextStart + length, stored + piece.length);
      if (from < until) to(piece.subarray(from - stored, until - stored), offset + from - this.#nextStart);
      if (this.#nextStart + length > stored + piece.length) return;
      this.#nextStart += length;
    }
  }
}

function decimal(text: string | undefined): number {
  if (!text || !/^\d{1,15}$/.test(text)) throw invalidTar('a sparse map holds something else than numbers');
  return Number(text);
}

/** True where another block of segments follows. */
function addSegments(map: SparseMap, block: Buffer, start: number, count: number): boolean {
  for (let at = start; at < start + 24 * count; at += 24) {
    const used = block[at] !== 0 || block[at + 12] !== 0;
    if (used) map.add(numberAt(block, at, 12), numberAt(block, at + 12, 12));
  }
  return block[start + 24 * count] !== 0;
}

/** The map of an entry of type `S`. */
export function readSparseHeader(block: Buffer): SparseMap {
  const more = block[482] !== 0;
  const map = new SparseMap(numberAt(block, 483, 12), more ? 'blocks' : 'none');
  addSegments(map, block, 386, 4);
  return map;
}

/** The map that pax records describe; undefined for a file that is not sparse. */
export function sparseFromPax(pax: ReadonlyMap<string, Buffer>): SparseMap | undefined {
  if (pax.has('GNU.sparse.major')) {
    if (paxNumber(pax, 'GNU.sparse.major') !== 1 || paxNumber(pax, 'GNU.sparse.minor') !== 0) {
      throw invalidTar('a sparse file is of an unknown version');
    }
    return new SparseMap(paxNumber(pax, 'GNU.sparse.realsize'), 'text');
  }
  if (!pax.has('GNU.sparse.size')) return undefined;
  const map = new SparseMap(paxNumber(pax, 'GNU.sparse.size'), 'none');
  const offsets = pax.get('GNU.sparse.offset')?.toString('latin1').split(',') ?? [];
  const lengths = pax.get('GNU.sparse.numbytes')?.toString('latin1').split(',') ?? [];
  const numbers =
    pax.get('GNU.sparse.map')?.toString('latin1').split(',') ??
    offsets.flatMap((offset, index) => [offset, lengths[index] ?? '']);
  for (let at = 0; at + 1 < numbers.length; at += 2) map.add(decimal(numbers[at]), decimal(numbers[at + 1]));
  return map;
}
