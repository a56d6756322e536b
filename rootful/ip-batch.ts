import { PeapodError } from '../src/errors.ts';
import { CommandFailed, type Runner } from '../src/host/exec.ts';

/** Thrown where a line of a batch failed; the lines behind it were not run. */
export class IpBatchFailed extends PeapodError {
  /** Index of the line; -1 where ip does not say. */
  readonly line: number;
  /** What ip said: `RTNETLINK answers: File exists`. */
  readonly said: string;

  constructor(lines: readonly string[], line: number, said: string, cause: unknown) {
    super('COMMAND_FAILED', `ip ${lines[line] ?? '-batch'}: ${said}`, { cause });
    this.line = line;
    this.said = said;
  }
}

/**
 * Runs lines in one `ip -batch -`, and where it succeeded a shell script in the same spawn.
 * Throws IpBatchFailed, CommandFailed where the script fails.
 */
export async function runIpBatch(
  runner: Runner,
  ip: string,
  lines: readonly string[],
  script?: string,
): Promise<void> {
  const argv = script ? ['sh', '-ec', `"$0" -batch -\n${script}`, ip] : [ip, '-batch', '-'];
  try {
    await runner.run(argv, { input: `${lines.join('\n')}\n` });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const match = /^([\s\S]*?)\n?Command failed -:(\d+)/.exec(error.result.stderr);
    if (!match) throw error;
    throw new IpBatchFailed(lines, Number(match[2]) - 1, match[1]?.trim() ?? '', error);
  }
}

/**
 * Runs every line, whatever becomes of the others; lines about interfaces that are not there count as done.
 * Throws COMMAND_FAILED with what remains.
 */
export async function runIpRemovals(runner: Runner, ip: string, lines: readonly string[]): Promise<void> {
  const result = await runner.run([ip, '-force', '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    accept: 'any',
  });
  if (result.exitCode === 0) return;
  const complaints = result.stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Command failed'))
    .filter((line) => !/^Cannot find device|No such device/.test(line));
  if (complaints.length > 0) {
    throw new PeapodError('COMMAND_FAILED', `ip could not remove interfaces: ${complaints.join('; ')}`);
  }
}
