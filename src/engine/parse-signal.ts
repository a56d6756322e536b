import { constants } from 'node:os';
import { PeapodError } from '../errors.ts';

/** A name with or without SIG, any case, or a number. */
export function parseSignal(word: string): number {
  if (/^\d+$/.test(word)) {
    const number = Number(word);
    if (number >= 1 && number <= 64) return number;
  }
  const name = word.toUpperCase().replace(/^(SIG)?/, 'SIG');
  const number = constants.signals[name as NodeJS.Signals];
  if (number === undefined) {
    throw new PeapodError('INVALID_ARGUMENT', `invalid signal: ${word}`, {
      hint: 'for example TERM, SIGHUP or 9',
    });
  }
  return number;
}
