import { bool } from './flags.ts';

/** What every `prune` has. */
export const pruneFlags = {
  'dry-run': bool('Show what would be removed, and remove nothing'),
  force: bool('Do not ask for confirmation', { short: 'f' }),
} as const;
