import { closeSync, openSync, rmSync } from 'node:fs';
import { messageOf, PeapodError } from '../errors.ts';
import { CommandFailed } from '../host/exec.ts';
import type { Context } from './context.ts';
import type { Volumes } from './volumes.ts';

/** Names as podman has them; `./` is the volume's own directory. */
const plainNames = '--transform=flags=rSh;s,^\\./\\(.\\),\\1,';

/** A tar archive with the ids that containers see. To standard output where no path is given. */
export async function exportVolume(
  context: Context,
  volumes: Volumes,
  name: string,
  output: string | undefined,
): Promise<void> {
  const { data } = volumes.place(name);
  const stdout = output === undefined ? 1 : openFile(output, 'w');
  try {
    const runner = await context.beside();
    const words = [
      'tar',
      '--numeric-owner',
      '--xattrs',
      '--sort=name',
      plainNames,
      '-C',
      data,
      '-cf',
      '-',
      '.',
    ];
    await context.interrupt.blame(runner.run(words, { stdout, signal: context.interrupt.signal }));
  } catch (error) {
    if (output !== undefined) rmSync(output, { force: true });
    throw error;
  } finally {
    if (output !== undefined) closeSync(stdout);
  }
}

/** From a plain, gzip or zstd archive; what is there already and not in the archive stays. */
export async function importVolume(
  context: Context,
  volumes: Volumes,
  name: string,
  input: string | undefined,
): Promise<void> {
  const { data, volume } = volumes.place(name);
  const stdin = input === undefined ? 0 : openFile(input, 'r');
  try {
    const runner = await context.beside();
    const words = [...context.facts.self, 'internal', 'extract', data];
    await context.interrupt.blame(runner.run(words, { stdin, signal: context.interrupt.signal }));
    context.store.volumes.setNeeds(volume.name, { copyUp: false, chown: false });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const said = error.result.stderr.trim().split('\n').at(-1) ?? '';
    throw new PeapodError('INVALID_ARGUMENT', `importing into volume ${volume.name}: ${said}`, {
      hint: 'what was unpacked so far stays in the volume',
      cause: error,
    });
  } finally {
    if (input !== undefined) closeSync(stdin);
  }
}

function openFile(path: string, flags: 'r' | 'w'): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file or directory' : messageOf(error);
    throw new PeapodError('INVALID_ARGUMENT', `open ${path}: ${why}`, {
      hint: 'look at the path and at who may use it; - is standard input or output',
      cause: error,
    });
  }
}
