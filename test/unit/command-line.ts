import { dispatch } from '../../src/commands/dispatch.ts';
import type { GlobalOptions } from '../../src/commands/global-flags.ts';
import { BrokenPipe, type Output } from '../../src/commands/output.ts';
import type { Engine } from '../../src/engine/engine.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** `pods.create` and its arguments, in the order of the calls. */
  readonly calls: readonly (readonly [string, ...unknown[]])[];
  readonly opened: readonly GlobalOptions[];
  readonly closed: number;
}

type Answers = Readonly<Record<string, (...args: never[]) => unknown>>;

export const now = Date.parse('2026-11-21T04:00:00Z');

/**
 * Runs one command line against an engine that records what is asked of it. `answers` by `pods.create` and
 * the like; what has no answer returns the first argument, which is what most operations do with a name.
 */
export async function commandLine(
  words: readonly string[],
  answers: Answers = {},
  stdoutBreaksAfter = Number.POSITIVE_INFINITY,
): Promise<Outcome> {
  const calls: [string, ...unknown[]][] = [];
  const opened: GlobalOptions[] = [];
  let closed = 0;
  const part = (name: string) =>
    new Proxy(
      {},
      {
        get:
          (_, operation: string) =>
          async (...args: unknown[]) => {
            const key = `${name}.${operation}`;
            calls.push([key, ...args]);
            const answer = answers[key] as ((...given: unknown[]) => unknown) | undefined;
            if (answer !== undefined) return answer(...args);
            return operation === 'list' ? [] : args[0];
          },
      },
    );
  const engine = {
    pods: part('pods'),
    containers: part('containers'),
    files: part('files'),
    images: part('images'),
    networks: part('networks'),
    volumes: part('volumes'),
    secrets: part('secrets'),
    system: part('system'),
    close: () => closed++,
  } as unknown as Engine;
  const stdout = recorder(stdoutBreaksAfter);
  const stderr = recorder();
  const code = await dispatch(words, {
    stdout,
    stderr,
    version: '1.2.3',
    nowMs: () => now,
    openEngine: async (options) => {
      opened.push(options);
      return engine;
    },
  });
  return { code, stdout: stdout.text(), stderr: stderr.text(), calls, opened, closed };
}

function recorder(breaksAfter = Number.POSITIVE_INFINITY): Output & { text(): string } {
  let text = '';
  let writes = 0;
  const write = (more: string) => {
    if (writes++ >= breaksAfter) throw new BrokenPipe();
    text += more;
  };
  return { write, line: (more) => write(`${more}\n`), flush: () => {}, text: () => text };
}
