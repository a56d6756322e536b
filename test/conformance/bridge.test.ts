import { describe } from 'vitest';
import { BridgeBackend } from '../../rootful/backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import { describeBackend } from './backend-suite.ts';
import { makeRealEnvironment, testPaths } from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(process.geteuid?.() === 0)('as root ®', () => {
  describeBackend('bridge', () =>
    makeRealEnvironment(() => ({
      backend: new BridgeBackend({ runner: hostRunner, paths: testPaths, facts: { env: process.env } }),
      network: 'podman',
      staticAddress: '10.88.7.7',
      helpers: ['sleep infinity', 'nft -f'],
      damage: ({ netnsPath }, { ifname }) => {
        sh(`ip addr flush dev ${ifname}`, netnsPath);
      },
    })),
  );
});
