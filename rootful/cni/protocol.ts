import { type ErrorCode, PeapodError } from '../../src/errors.ts';
import type { Runner, RunResult } from '../../src/host/exec.ts';

/** One execution of a plugin, see https://www.cni.dev/docs/spec/#section-2-execution-protocol. */

export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION';

/** The same for all calls of one network. */
export interface PluginPlace {
  /** Enters the namespaces that count as the host. */
  readonly runner: Runner;
  readonly directories: readonly string[];
  /** Where plugins find `iptables` and the like. */
  readonly searchPath: string;
  readonly timeoutMs: number;
}

export interface PluginCall {
  readonly command: CniCommand;
  readonly executable: string;
  /** Written to its standard input as JSON. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly containerId: string;
  /** Empty where the namespace is gone. */
  readonly netns: string;
  readonly ifname: string;
  /** `KEY=value;KEY=value`. */
  readonly args: string;
  /** Names the network, the file and the plugin in errors. */
  readonly where: string;
}

/** Thrown where a plugin reports an error, prints garbage, hangs, or dies. */
export class PluginFailed extends PeapodError {
  readonly command: CniCommand;
  /** The `code` of its error, where it sent one. */
  readonly cniCode: number | undefined;

  constructor(call: Pick<PluginCall, 'command' | 'where'>, said: string, cniCode?: number) {
    super(errorCode(said, cniCode), `${call.where} failed on ${call.command}: ${said}`, hintFor(cniCode));
    this.name = 'PluginFailed';
    this.command = call.command;
    this.cniCode = cniCode;
  }
}

/** Between the request to end and SIGKILL. */
const graceMs = 2000;
/** A grandchild may hold the outputs open when the plugin itself is gone. */
const lastWordMs = 1000;

/** What the plugin printed. Throws PluginFailed. */
export async function callPlugin(place: PluginPlace, call: PluginCall): Promise<string> {
  const { timeoutMs } = place;
  const limit = ['timeout', '-k', seconds(graceMs), seconds(timeoutMs)];
  const startedAt = performance.now();
  let result: RunResult;
  try {
    result = await place.runner.run([...limit, call.executable], {
      input: JSON.stringify(call.config),
      env: environment(place, call),
      accept: 'any',
      signal: AbortSignal.timeout(timeoutMs + graceMs + lastWordMs),
    });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw tookTooLong(place, call);
    throw error;
  }
  if (result.exitCode === 0) return result.stdout;
  if (performance.now() - startedAt >= timeoutMs && [124, 137].includes(result.exitCode)) {
    throw tookTooLong(place, call);
  }
  throw reported(call, result);
}

function environment(place: PluginPlace, call: PluginCall): Record<string, string> {
  return {
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.containerId,
    CNI_NETNS: call.netns,
    CNI_IFNAME: call.ifname,
    CNI_ARGS: call.args,
    CNI_PATH: place.directories.join(':'),
    PATH: place.searchPath,
  };
}

function tookTooLong({ timeoutMs }: PluginPlace, call: PluginCall): PluginFailed {
  return new PluginFailed(call, `it did not end within ${timeoutMs / 1000} s and was killed`);
}

/** Errors are JSON on standard output; programs that die before say something on standard error, or nothing. */
function reported(call: PluginCall, { stdout, stderr, exitCode }: RunResult): PluginFailed {
  const error = parseObject(stdout);
  if (error && typeof error.msg === 'string' && error.msg !== '') {
    const details = typeof error.details === 'string' && error.details !== '' ? `; ${error.details}` : '';
    const code = typeof error.code === 'number' ? error.code : undefined;
    return new PluginFailed(call, oneLine(`${error.msg}${details}`), code);
  }
  const said = oneLine(stderr) || oneLine(stdout);
  return new PluginFailed(call, `it exited with ${exitCode}${said ? `: ${excerpt(said)}` : ' in silence'}`);
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of what a plugin printed, fit for a message. */
export function excerpt(text: string): string {
  const line = oneLine(text);
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

function oneLine(text: string): string {
  // Control characters would let a plugin write to the terminal.
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}

/** The specification's numbers, and the words of host-local, which has none for these. */
function errorCode(said: string, cniCode: number | undefined): ErrorCode {
  if (/no IP addresses available in range set/.test(said)) return 'ADDRESS_EXHAUSTED';
  if (/requested (IP address|ip) .* is not available/i.test(said)) return 'ADDRESS_IN_USE';
  if (/failed to allocate all requested IPs/.test(said)) return 'ADDRESS_FOREIGN';
  if (cniCode !== undefined && [1, 2, 6, 7].includes(cniCode)) return 'NETWORK_CONFIG';
  return 'COMMAND_FAILED';
}

function hintFor(cniCode: number | undefined): { hint?: string } {
  if (cniCode === 1) return { hint: 'write a cniVersion into the file that all of its plugins know' };
  if (cniCode === 2 || cniCode === 6 || cniCode === 7) return { hint: 'mend the file, or move it away' };
  if (cniCode === 11) return { hint: 'the plugin asks to try again later' };
  if (cniCode === 50 || cniCode === 51)
    return { hint: 'the network is not ready; see the log of the plugin' };
  return {};
}

function seconds(durationMs: number): string {
  return String(durationMs / 1000);
}
