import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/chaos/**', 'test/bench/**'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Integration tests wait for processes most of the time: one more of them than cores keeps both busy.
    // Without root there is one network, the machine's own, and its ports are for one test at a time.
    maxWorkers: process.getuid?.() === 0 ? 3 : 1,
    // Real processes on a machine that others use as well: one bad moment must not refuse a merge. What was tried
    // again is told in the report (`retry x1`), and without CI nothing is.
    retry: process.env.CI === 'true' ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
  },
});
