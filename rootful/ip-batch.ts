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

/** Told on standard output when the first batch has succeeded. */
const succeeded = 'outside';

/**
 * Runs a batch, and where it succeeded another one in a network namespace: one spawn for both. The second ip(8) is
 * started beside the first, and waits for its lines. Throws IpBatchFailed where a line of the first failed,
 * CommandFailed where anything else did.
 */
export async function runIpBatch(
  runner: Runner,
  ip: string,
  batch: IpBatch,
  inside?: IpBatchInside,
): Promise<void> {
  const outside = [batchCommand(batch.lines), batch.script ?? [], `echo ${succeeded} >&3`].flat();
  const script = ['exec 3>&1', ...(inside ? piped(outside, inside) : outside)].join('\n');
  const argv = ['sh', '-ec', script, ip];
  const result = await runner.run(argv, { accept: 'any' });
  const isFirst = !result.stdout.includes(succeeded);
  if (result.exitCode === 0 && !isFirst) return;
  // A pipeline has the exit code of its last command.
  const failed = new CommandFailed(argv, { ...result, exitCode: result.exitCode || 1 });
  const match = isFirst && /^([\s\S]*?)\n?Command failed -:(\d+)/.exec(result.stderr);
  throw match ? new IpBatchFailed(batch.lines, Number(match[2]) - 1, match[1]?.trim() ?? '', failed) : failed;
}

/** Where a command of `outside` fails, the ip inside finds the end of its lines before the first. */
function piped(outside: readonly string[], { netnsPath, lines, script }: IpBatchInside): string[] {
  const batchFromPipe = '"$0" -batch -';
  const further =
    script === undefined ? batchFromPipe : `sh -ec ${shellQuote([batchFromPipe, script].join('\n'))} "$0"`;
  return [
    '{',
    ...outside,
    `printf '%s\\n' ${lines.map(shellQuote).join(' ')}`,
    `} | nsenter --net=${shellQuote(netnsPath)} ${further}`,
  ];
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
