import { join } from 'node:path';
import { afterEach, beforeAll, expect } from 'vitest';
import { BridgeBackend } from '../../rootful/backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import type { Attachment, NetworkTarget, PodNetworkSpec } from '../../src/network/backend.ts';
import { parsePorts } from '../../src/network/port-spec.ts';
import type { PortMapping } from '../../src/network/types.ts';
import type { ConformanceEnvironment } from './environment.ts';
import {
  directory,
  makeRealEnvironment,
  removeConfLists,
  startTalker,
  testPaths,
} from './real-environment.ts';

export const isRoot = process.geteuid?.() === 0;

/** The address of the throw-away host and of its neighbour, see connectNeighbour. */
export const host = '198.51.100.1';
export const outside = { address: '198.51.100.2', netnsPath: join(directory, 'netns-0') };

export const ports = (...specs: string[]) => parsePorts(specs) as PortMapping[];

export const plainSpec: PodNetworkSpec = { network: 'podman', options: {}, staticAddresses: [], ports: [] };

export type BridgePod = Attachment & { readonly target: NetworkTarget; readonly ip: string };

interface BridgePods {
  readonly backend: BridgeBackend;
  makeTarget(more?: Partial<NetworkTarget>): NetworkTarget;
  /** An attached pod. */
  pod(spec?: Partial<PodNetworkSpec>, more?: Partial<NetworkTarget>): Promise<BridgePod>;
  /** A program of the test's, ended with it. */
  talk(words: readonly string[], netnsPath?: string): Promise<void>;
  /** A server that answers with its caller's address. */
  whoAsks(netnsPath: string, port: number, address?: string, protocol?: string): Promise<void>;
  leftovers(): string[];
}

/** For one `describe`: a throw-away host, on which each test must leave nothing. */
export function bridgePods(): BridgePods {
  const backend = new BridgeBackend({ runner: hostRunner, paths: testPaths, facts: { env: process.env } });
  let env: ConformanceEnvironment;
  let targets: NetworkTarget[] = [];
  const programs: { kill(signal: 'SIGKILL'): boolean }[] = [];

  beforeAll(async () => {
    env = await makeRealEnvironment(() => ({
      backend,
      network: 'podman',
      helpers: ['sleep infinity'],
      damage: () => {},
    }));
  });
  afterEach(async () => {
    for (const program of programs.splice(0)) program.kill('SIGKILL');
    for (const target of targets) await backend.detach(target);
    targets = [];
    env.clear();
    removeConfLists();
    expect(env.leftovers()).toEqual([]);
  });

  const makeTarget = (more: Partial<NetworkTarget> = {}) => {
    const target = env.makeTarget(more);
    targets.push(target);
    return target;
  };
  const talk = async (words: readonly string[], netnsPath?: string) => {
    programs.push(await startTalker(words, netnsPath));
  };
  return {
    backend,
    makeTarget,
    talk,
    async pod(spec = {}, more = {}) {
      const target = makeTarget({ network: spec.network ?? plainSpec.network, ...more });
      const attachment = await backend.attach(target, { ...plainSpec, ...spec });
      return { ...attachment, target, ip: attachment.addresses[0]?.split('/')[0] ?? '' };
    },
    whoAsks: (netnsPath, port, address = '0.0.0.0', protocol = 'tcp') =>
      talk(['serve', protocol, address, String(port), '@'], netnsPath),
    leftovers: () => env.leftovers(),
  };
}
