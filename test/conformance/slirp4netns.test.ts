import { describe } from 'vitest';
import { Slirp4netnsBackend } from '../../rootless/backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import { readHostFacts } from '../../src/host/facts.ts';
import { describeBackend } from './backend-suite.ts';
import { makeRealEnvironment } from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(process.geteuid?.() === 0)('as root ® [A17]', () => {
  describeBackend('slirp4netns', () =>
    makeRealEnvironment(() => ({
      backend: new Slirp4netnsBackend({
        inside: async () => hostRunner,
        host: hostRunner,
        facts: readHostFacts(),
      }),
      network: 'slirp4netns',
      helpers: ['slirp4netns', 'internal'],
      damage: ({ netnsPath }) => {
        sh(
          `for p in $(pgrep -x slirp4netns); do tr '\\0' ' ' </proc/$p/cmdline | grep -q '${netnsPath} ' && kill -9 $p; done; sleep 0.1`,
        );
      },
    })),
  );
});
