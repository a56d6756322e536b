import { mkdirSync } from 'node:fs';
import { describe } from 'vitest';
import { ConflistBackend } from '../../rootful/conflist-backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import { describeBackend } from './backend-suite.ts';
import type { ConformanceEnvironment } from './environment.ts';
import { makeRealEnvironment, testPaths } from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(process.geteuid?.() === 0)('with PEAPOD_CNI=exec, as root ®', () => {
  describeBackend('bridge, by CNI plugins,', async () => {
    const facts = { env: { ...process.env, PEAPOD_CNI: 'exec' } };
    const env = await makeRealEnvironment(() => ({
      backend: new ConflistBackend({ runner: hostRunner, paths: testPaths, facts }),
      network: 'podman',
      staticAddress: '10.88.7.7',
      helpers: ['sleep infinity'],
      damage: ({ netnsPath }, { ifname }) => {
        sh(`ip addr flush dev ${ifname}`, netnsPath);
      },
    }));
    return withTracesOfPlugins(env);
  });
});

/** The reference plugins never remove their bridge nor their tables: what one pod leaves is no leftover. */
async function withTracesOfPlugins(env: ConformanceEnvironment): Promise<ConformanceEnvironment> {
  mkdirSync('/var/lib/cni', { recursive: true });
  sh('mount -t tmpfs tmpfs /var/lib/cni');
  const { backend, network } = env;
  const target = env.makeTarget();
  const ports = [
    { protocol: 'tcp', hostIp: '', hostPort: 1, containerPort: 1 },
    { protocol: 'udp', hostIp: '', hostPort: 1, containerPort: 1 },
  ] as const;
  const attachment = await backend.attach(target, { network, options: {}, staticAddresses: [], ports });
  await backend.publish(target, attachment, ports);
  await backend.detach(target, attachment);
  env.clear();
  const lasting = () =>
    env
      .leftovers()
      .map((entry) => entry.replace(/ counter packets \d+ bytes \d+/, ''))
      .filter((entry) => !/^route .* dev cni-podman0 /.test(entry));
  const traces = new Set(lasting());
  return { ...env, leftovers: () => lasting().filter((entry) => !traces.has(entry)) };
}
