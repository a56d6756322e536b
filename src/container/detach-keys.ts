import { PeapodError } from '../errors.ts';

/** podman's default for `--detach-keys`. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/**
 * Turns `ctrl-p,ctrl-q` or `a,ctrl-]` into the bytes that a terminal in raw mode sends; empty text means
 * that nothing detaches. Throws INVALID_ARGUMENT.
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return new Uint8Array();
  return Uint8Array.from(text.split(','), keyByte);
}

function keyByte(key: string): number {
  if (key.length === 1) return key.charCodeAt(0);
  const control = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key)?.[1];
  if (control === undefined) {
    throw new PeapodError('INVALID_ARGUMENT', `invalid detach keys: unknown character: '${key}'`, {
      hint: 'separate keys by commas; a key is one character, or ctrl- and one of a-z, @, [, \\, ], ^, _',
    });
  }
  return control.toUpperCase().charCodeAt(0) & 0x1f;
}

export interface ScannedInput {
  /** What goes to the container now. */
  readonly data: Uint8Array;
  /** The sequence was completed: what came after it is dropped. */
  readonly detached: boolean;
}

/** Finds the key sequence in input that comes in pieces; holds back what may be its beginning. */
export class DetachScanner {
  readonly #keys: Uint8Array;
  readonly #held: number[] = [];

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  scan(input: Uint8Array): ScannedInput {
    if (this.#keys.length === 0) return { data: input, detached: false };
    const held = this.#held;
    const data: number[] = [];
    for (const byte of input) {
      held.push(byte);
      while (!held.every((key, index) => key === this.#keys[index])) data.push(held.shift() as number);
      if (held.length === this.#keys.length) return { data: Uint8Array.from(data), detached: true };
    }
    return { data: Uint8Array.from(data), detached: false };
  }
}
