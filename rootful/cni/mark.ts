import { join } from 'node:path';
import type { Attachment } from '../../src/network/backend.ts';

/** Little enough to load with every network: what plugins made is known by this. */

/** The value of `executor` among an attachment's `opaque`. */
export const byPlugins = 'cni';

export function isByPlugins(attachment: Attachment): boolean {
  return attachment.opaque.executor === byPlugins;
}

/** Where the results of plugins are kept. */
export function resultsDirectory(root: string): string {
  return join(root, 'cni', 'results');
}
