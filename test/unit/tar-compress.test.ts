import { execFileSync } from 'node:child_process';
import { createGunzip, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { gzipBlockBytes, gzipBlocks } from '../../src/tar/compress.ts';

const packed = (pieces: Iterable<Uint8Array>) => Buffer.concat([...gzipBlocks(pieces)]);
const text = Buffer.from('words and words again, '.repeat(130_000));
const random = Buffer.concat(
  Array.from({ length: 20 }, () => crypto.getRandomValues(new Uint8Array(1 << 16))),
);

describe('gzip in blocks (B1)', () => {
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a few bytes', Buffer.from('few')],
    ['one block', text.subarray(0, gzipBlockBytes)],
    ['several', text],
    ['what is compressed already', random],
    ['both', Buffer.concat([random, text, random])],
  ])('is a file that gzip(1) and streams read: %s', async (_, content) => {
    const file = packed([content]);
    expect(gunzipSync(file).equals(content)).toBe(true);
    expect(execFileSync('gzip', ['-d'], { input: file, maxBuffer: 1 << 28 }).equals(content)).toBe(true);
    const stream = createGunzip();
    stream.end(file);
    expect(Buffer.concat(await Array.fromAsync(stream)).equals(content)).toBe(true);
  });

  it('does not depend on how the content is cut into pieces', () => {
    const cut = function* (bytes: number) {
      for (let at = 0; at < text.length; at += bytes) yield text.subarray(at, at + bytes);
    };
    const whole = packed([text]);
    for (const bytes of [512, 100_003, gzipBlockBytes, gzipBlockBytes + 1])
      expect(packed(cut(bytes)).equals(whole)).toBe(true);
  });

  it('is small where it can be, and not larger than it has to be elsewhere', () => {
    expect(packed([text]).length).toBeLessThan(text.length / 20);
    expect(packed([random]).length).toBeLessThan(random.length * 1.001);
  });
});
