import { describe } from 'vitest';
import { PastaBackend } from '../../rootless/pasta.ts';
import { hostRunner } from '../../src/host/exec.ts';
import { readHostFacts } from '../../src/host/facts.ts';
import { describeBackend } from './backend-suite.ts';
import { makeRealEnvironment } from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(process.geteuid?.() === 0)('as root ® [A17, C10]', () => {
  describeBackend('pasta', () =>
    makeRealEnvironment(() => ({
      backend: new PastaBackend({ inside: async () => hostRunner, host: hostRunner, facts: readHostFacts() }),
      network: 'pasta',
      helpers: ['pasta', 'passt', 'internal'],
      damage: ({ runtimeDir }) => {
        sh(`kill -9 $(cut -d ' ' -f 1 ${runtimeDir}/pasta.pid); sleep 0.2`);
      },
    })),
  );
});
