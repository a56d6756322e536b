import { PeapodError } from '../errors.ts';

/** The fields of a tar header, and the byte strings in it. */

export const blockBytes = 512;

export function invalidTar(what: string): PeapodError {
  return new PeapodError('IMAGE_INVALID', `invalid tar archive: ${what}`);
}

/** Zero bytes that follow a body so that the next header starts at a block. */
export function padding(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes;
}

export function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

export function textAt(block: Buffer, offset: number, length: number): string {
  return untilNul(block.subarray(offset, offset + length));
}

export function pathOf(block: Buffer): string {
  const name = textAt(block, 0, 100);
  // GNU's own format says `ustar  ` and keeps times where POSIX keeps the prefix.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? textAt(block, 345, 155) : '';
  return prefix ? `${prefix}/${name}` : name;
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
export function numberAt(block: Buffer, offset: number, length: number): number {
  const first = block[offset] as number;
  if (first & 0x80) {
    const negative = (first & 0x40) !== 0;
    let value = negative ? first - 0x100 : first & 0x7f;
    for (let at = offset + 1; at < offset + length; at++) value = value * 256 + (block[at] as number);
    return value;
  }
  const digits = block
    .toString('latin1', offset, offset + length)
    .replace(/\0.*$/s, '')
    .trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw invalidTar('a header field is not a number');
  return Number.parseInt(digits, 8);
}

/** Throws IMAGE_INVALID where the block is no header. */
export function checkSum(block: Buffer): void {
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < blockBytes; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] as number);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stored = numberAt(block, 148, 8);
  if (stored !== unsigned && stored !== signed) throw invalidTar('a header has a wrong checksum');
}

/** A byte string as people read it. */
export function printable(path: string): string {
  return Buffer.from(path, 'latin1')
    .toString()
    .replace(/\p{Cc}/gu, '?');
}

/** A byte string as node:fs takes it. */
export function fsPath(path: string): string | Buffer {
  return /^\p{ASCII}*$/u.test(path) ? path : Buffer.from(path, 'latin1');
}
