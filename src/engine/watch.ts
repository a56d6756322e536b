import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from './context.ts';

/** Shows again and again until a signal comes, which is no failure. */
export async function repeat(context: Context, intervalMs: number, show: () => Promise<void>): Promise<void> {
  const ended = new AbortController();
  await context.interrupt.forwarding(
    () => ended.abort(),
    async () => {
      while (!ended.signal.aborted) {
        await show();
        await pause(intervalMs, undefined, { signal: ended.signal }).catch(() => {});
      }
    },
  );
}
