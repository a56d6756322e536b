import { inject } from 'vitest';

/** What the global set-up found and made, handed to every test file. */
export interface RunContext {
  /** World-readable directory of this run; test hosts keep their files in it. */
  readonly dir: string;
  /** Directory that holds the executable under test and nothing else. */
  readonly binDir: string;
  /** Test hosts with namespaces of their own need root. */
  readonly root: boolean;
  /** The unprivileged user of the tests; the caller where not root. */
  readonly user: TestUser;
}

export interface TestUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    run: RunContext;
  }
}

export function runContext(): RunContext {
  return inject('run');
}
