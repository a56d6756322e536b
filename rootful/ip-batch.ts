import { PeapodError } from '../src/errors.ts';
import { CommandFailed, type Runner } from '../src/host/exec.ts';
import { shellQuote } from '../src/host/shell-words.ts';

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

export interface IpBatch {
  /** Of ip's batch mode. */
  readonly lines: readonly string[];
  /** For sh, run when the lines have been; `$0` is ip. */
  readonly script?: string | undefined;
}

/** What a namespace that a batch has put an interface into does with it. */
export interface IpBatchInside extends IpBatch {
  readonly netnsPath: string;
}

const insideMark = 'inside';

/**
 * Runs a batch, and where it succeeded another one in a network namespace: one spawn for both.
 * Throws IpBatchFailed where a line of the first failed, CommandFailed where anything else did.
 */
export async function runIpBatch(
  runner: Runner,
  ip: string,
  batch: IpBatch,
  inside?: IpBatchInside,
): Promise<void> {
  const further = inside ? [`echo ${insideMark}`, enter(inside)] : [];
  const script = [batchCommand(batch.lines), batch.script ?? [], further].flat().join('\n');
  try {
    await runner.run(['sh', '-ec', script, ip]);
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.result.stdout.includes(insideMark)) throw error;
    const match = /^([\s\S]*?)\n?Command failed -:(\d+)/.exec(error.result.stderr);
    if (!match) throw error;
    throw new IpBatchFailed(batch.lines, Number(match[2]) - 1, match[1]?.trim() ?? '', error);
  }
}

function enter({ netnsPath, lines, script }: IpBatchInside): string {
  const nsenter = `nsenter --net=${shellQuote(netnsPath)}`;
  if (script === undefined) return `${nsenter} ${batchCommand(lines)}`;
  return `${nsenter} sh -ec ${shellQuote([batchCommand(lines), script].join('\n'))} "$0"`;
}

function batchCommand(lines: readonly string[]): string {
  return [`"$0" -batch - <<'end-of-batch'`, ...lines, 'end-of-batch'].join('\n');
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
