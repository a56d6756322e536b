import { writeSync } from 'node:fs';

/** Writes a whole piece: one write(2) may take less. */
export function writeAll(fd: number, piece: Uint8Array, position: number): void {
  for (let at = 0; at < piece.length; ) {
    at += writeSync(fd, piece, at, piece.length - at, position + at);
  }
}
