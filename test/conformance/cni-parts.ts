import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CniBackend } from '../../rootful/cni/backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import type { PodNetworkSpec } from '../../src/network/backend.ts';
import { findConfList } from '../../src/network/conflist.ts';
import { directory, testPaths } from './real-environment.ts';

/** What the tests of plugins that are executed share. A kernel may lack ipvlan, vlan or dummy: they use none. */

export type Fields = Record<string, unknown>;

export const fixtures = join(directory, 'plugins');
export const log = join(directory, 'calls');
export const facts = { env: { ...process.env, CNI_PATH: fixtures } };
export const hostLocal = { type: 'host-local', subnet: '10.9.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
export const bridge = { type: 'bridge', bridge: 'testbr0', isGateway: true, ipMasq: true, ipam: hostLocal };

/** As the backend has it, but impatient. */
export const impatient = new CniBackend({
  runner: hostRunner,
  paths: testPaths,
  facts,
  list: (name) => findConfList(testPaths.networkConfig, name) as NonNullable<ReturnType<typeof findConfList>>,
  timeoutMs: 1500,
});
export const spec = (more: Partial<PodNetworkSpec> = {}): PodNetworkSpec => ({
  network: 'x',
  options: {},
  staticAddresses: [],
  ports: [],
  ...more,
});

/** Results that the backend keeps for DEL and CHECK. */
export function remembered(): string[] {
  const results = join(testPaths.root, 'cni', 'results');
  return existsSync(results) ? readdirSync(results) : [];
}
