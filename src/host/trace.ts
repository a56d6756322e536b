/** `--log-level debug`: what is done and how long it took. Where nobody looks, no clock is read and nothing is put together. */
export interface Traced {
  /** A step in words, or a command as it could be typed. */
  readonly what: string;
  /** Undefined for what goes on. */
  readonly durationMs: number | undefined;
  /** How it ended, where that is worth a word: `exit 1`, `failed`. */
  readonly how?: string;
}

let sink: ((traced: Traced) => void) | undefined;

export function traceTo(to: typeof sink): void {
  sink = to;
}

export function isTracing(): boolean {
  return sink !== undefined;
}

export function trace(what: string, durationMs: number | undefined, how?: string): void {
  sink?.({ what, durationMs, ...(how === undefined ? {} : { how }) });
}

/** A step of the engine; steps may be inside of each other and beside each other. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  if (sink === undefined) return work();
  const startedAt = performance.now();
  let how: string | undefined = 'failed';
  try {
    const result = await work();
    how = undefined;
    return result;
  } finally {
    trace(what, performance.now() - startedAt, how);
  }
}
