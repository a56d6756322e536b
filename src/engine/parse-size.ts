import { PeapodError } from '../errors.ts';

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/**
 * `512m`, `1.5g`, `1GiB`, `1000`: bytes, with units of 1024, as Docker and podman read them. Throws
 * INVALID_ARGUMENT naming `flag` (without dashes).
 */
export function parseSize(word: string, flag: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([bkmgtp]?)(?:i?b)?$/i.exec(word) ?? [];
  const bytes = Number(amount) * (units[(unit ?? '').toLowerCase()] as number);
  if (amount !== undefined && Number.isSafeInteger(Math.floor(bytes))) return Math.floor(bytes);
  throw new PeapodError('INVALID_ARGUMENT', `invalid value for ${flag}: invalid size: '${word}'`, {
    hint: `a number and a unit: b, k, m or g, for example --${flag} 512m`,
  });
}
