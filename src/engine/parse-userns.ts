import { PeapodError } from '../errors.ts';
import type { HostFacts } from '../host/facts.ts';
import type { KeepIdSpec } from '../store/records/isolation.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/**
 * `--userns`: `host` is what every container has; `keep-id[:uid=N,gid=N]` gives it a user namespace of its own in
 * which the caller has the same id as outside, or the one that is asked for. Throws INVALID_ARGUMENT.
 */
export function parseUserns(
  word: string | undefined,
  facts: Pick<HostFacts, 'rootless' | 'uid' | 'gid'>,
): KeepIdSpec | undefined {
  if (!word || word === 'host') return undefined;
  const [mode, options] = word.split(/:(.*)/s);
  if (mode === 'keep-id') {
    if (!facts.rootless) throw invalid('keep-id is only supported in rootless mode');
    return { uid: facts.uid, gid: facts.gid, ...parseOptions(options) };
  }
  if (['auto', 'nomap', 'private', 'container', 'ns'].includes(mode ?? '')) {
    throw invalid(
      `--userns ${word} is not supported: its ids would own nothing of the container's root`,
      'host, and keep-id without root',
    );
  }
  throw invalid(`unrecognized namespace mode ${word} passed`, 'choose from host, keep-id');
}

function parseOptions(text: string | undefined): Partial<KeepIdSpec> {
  if (!text) return {};
  return Object.fromEntries(
    text.split(',').map((option) => {
      const [, key, id] = /^(uid|gid)=(\d{1,9})$/.exec(option) ?? [];
      if (key === undefined)
        throw invalid(`unknown option specified: "${option}"`, 'keep-id:uid=1000,gid=1000');
      return [key, Number(id)];
    }),
  );
}
