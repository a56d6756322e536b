import { closeSync } from 'node:fs';
import { readChunk } from './read.ts';

/** Lines of a pipe as they come; empty at its end. */
export class LineReader {
  readonly #fd: number;
  #text = '';

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Without its newline; what is left at the end of the file, then nothing. */
  async line(): Promise<string> {
    while (!this.#text.includes('\n')) {
      const chunk = await readChunk(this.#fd);
      if (chunk.length === 0) break;
      this.#text += chunk.toString();
    }
    const end = this.#text.indexOf('\n');
    const line = end < 0 ? this.#text : this.#text.slice(0, end);
    this.#text = end < 0 ? '' : this.#text.slice(end + 1);
    return line;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
