import { writeFully } from '../host/write.ts';
import { findChanges } from './changes.ts';
import { reporting } from './report.ts';

export interface ChangesRequest {
  readonly upper: string;
  /** Topmost first. */
  readonly lower: readonly string[];
}

/** `peapod internal files-changes REQUEST`: JSON on standard output; run where every file can be seen. */
export function run(args: readonly string[]): Promise<number> {
  return reporting(() => {
    const { upper, lower } = JSON.parse(args[0] ?? '') as ChangesRequest;
    writeFully(1, Buffer.from(JSON.stringify(findChanges(upper, lower))));
  });
}
