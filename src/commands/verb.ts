import type { Command } from './command.ts';

/** One verb: its line in the help of what is above it, and how to get the rest. */
export interface Verb {
  readonly summary: string;
  readonly group: 'Pods' | 'Containers' | 'Images' | 'Networks' | 'Volumes' | 'Secrets' | 'System';
  readonly load: () => Promise<Command>;
  /** Works, but help does not show it. */
  readonly hidden?: boolean;
}
