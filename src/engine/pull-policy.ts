import { PeapodError } from '../errors.ts';

const pullPolicies = ['always', 'missing', 'never', 'newer'] as const;
export type PullPolicy = (typeof pullPolicies)[number];

/** `--pull`; `newer` pulls where the registry's image differs. */
export function parsePullPolicy(word: string): PullPolicy {
  const policy = pullPolicies.find((known) => known === word);
  if (!policy) {
    throw new PeapodError('INVALID_ARGUMENT', `--pull ${word}: unknown policy`, {
      hint: `choose from ${pullPolicies.join(', ')}`,
    });
  }
  return policy;
}
