import { PeapodError } from '../errors.ts';
import type { RestartSpec } from '../store/records/supervision.ts';

const policies = ['always', 'on-failure', 'unless-stopped'] as const;

/** The first pause before a container is started again, and the longest: each is twice the one before. */
const firstPauseMs = 100;
const longestPauseMs = 60_000;
/** Who ran so long has recovered: the pauses begin anew. */
const settledAfterMs = 10_000;

/** `--restart no|always|unless-stopped|on-failure[:n]`, in podman's words; undefined for `no`. Throws INVALID_ARGUMENT. */
export function parseRestart(word: string | undefined, remove: boolean): RestartSpec | undefined {
  const [name = '', retries, ...more] = (word ?? '').split(':');
  if (more.length > 0) throw invalid('invalid restart policy: may specify retries at most once');
  if (retries !== undefined && name.toLowerCase() !== 'on-failure') {
    throw invalid('restart policy retries can only be specified with on-failure restart policy');
  }
  const maxRetries = retries === undefined ? undefined : parseRetries(retries);
  if (name === '' || name === 'no') return undefined;
  const policy = policies.find((known) => known === name);
  if (!policy) {
    throw invalid(
      `"${name}" is not a valid restart policy: invalid argument`,
      `choose from no, ${policies.join(', ')}`,
    );
  }
  if (remove) {
    throw invalid(
      'the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"',
      'a container that is removed when it ends cannot be started again',
    );
  }
  return { policy, ...(maxRetries === undefined ? {} : { maxRetries }) };
}

function parseRetries(word: string): number {
  if (!/^[+-]?\d+$/.test(word)) throw invalid(`parsing restart policy retry count: "${word}" is no number`);
  if (word.startsWith('-'))
    throw invalid('must specify restart policy retry count as a number greater than 0');
  return Number(word);
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** How a container has ended, and what a user has done to it before. */
export interface Ending {
  readonly exitCode: number;
  /** How often it has been started again by its policy. */
  readonly restartCount: number;
  /** The last signal that a user has sent to it. */
  readonly userSignal: number | undefined;
  readonly stopSignal: number;
}

/** By SIGKILL or the stop signal however it ended, by any other signal where it ended of that. */
export function isUsersEnd(ending: Omit<Ending, 'restartCount'>): boolean {
  const { exitCode, userSignal, stopSignal } = ending;
  if (userSignal === undefined) return false;
  return userSignal === 9 || userSignal === stopSignal || exitCode === 128 + userSignal;
}

/** Whether a container that has ended is to run again. What a user has ended stays ended. */
export function wantsRestart(spec: RestartSpec | undefined, ending: Ending): boolean {
  if (!spec || isUsersEnd(ending)) return false;
  if (spec.policy !== 'on-failure') return true;
  // Zero retries are podman's word for as many as it takes.
  return ending.exitCode !== 0 && (!spec.maxRetries || ending.restartCount < spec.maxRetries);
}

/** The pause before the next start: short at first, so that one crash is hardly seen; long where it crashes on and on. */
export function nextPauseMs(lastPauseMs: number, ranForMs: number): number {
  if (lastPauseMs === 0 || ranForMs >= settledAfterMs) return firstPauseMs;
  return Math.min(lastPauseMs * 2, longestPauseMs);
}
