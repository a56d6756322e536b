import { closeSync, openSync, rmSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { failureOf } from '../files/report.ts';
import { endsWithParent } from '../host/processes.ts';
import { withRoot } from './files-place.ts';
import type { EngineParts } from './parts.ts';

/** A container's root as an archive, without volumes; to a file or standard output. */
export async function exportContainer(
  parts: EngineParts,
  id: string,
  output: string | undefined,
): Promise<void> {
  const { context } = parts;
  if (output?.includes(':')) {
    throw new PeapodError('INVALID_ARGUMENT', `invalid filename (should not contain ':') "${output}"`);
  }
  await withRoot(parts, id, async ({ place, runner }, record) => {
    const fd = output === undefined ? 1 : openSync(output, 'w');
    const words = [
      ...endsWithParent,
      ...context.facts.self,
      'internal',
      'files-export',
      JSON.stringify(place),
    ];
    const options = { accept: 'any', stdout: fd, signal: context.interrupt.signal } as const;
    try {
      const failure = failureOf(await runner.run(words, options));
      if (failure) throw failure;
      context.events.container('export', record);
    } catch (error) {
      if (output !== undefined) rmSync(output, { force: true });
      context.interrupt.check();
      throw error;
    } finally {
      if (output !== undefined) closeSync(fd);
    }
  });
}
