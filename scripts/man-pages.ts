import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manPages } from '../src/commands/man-pages.ts';

/** `man-pages.ts DIRECTORY VERSION` writes the manual pages below it: `man -M DIRECTORY peapod-run` shows one. */
const [directory = 'dist/man', version = ''] = process.argv.slice(2);
const section = join(directory, 'man1');
mkdirSync(section, { recursive: true });
const pages = await manPages(version);
for (const [name, page] of pages) writeFileSync(join(section, name), page);
console.log(`${pages.size} manual pages in ${section}`);
