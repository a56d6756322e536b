import { closeSync } from 'node:fs';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import type { HostFacts } from '../src/host/facts.ts';
import { toolMissing } from '../src/host/tools.ts';
import type {
  Attachment,
  MendedAttachment,
  NetworkBackend,
  NetworkCapabilities,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import { hasDefaultRoute } from '../src/network/host-routes.ts';
import { ipFamily } from '../src/network/ip-family.ts';
import { refusePrivilegedPorts } from '../src/network/port-error.ts';
import { type PortMapping, type PublishedPort, portKey } from '../src/network/types.ts';
import type { Keeper } from './keeper.ts';
import { ownPorts, parsePastaOptions, portWords } from './pasta-options.ts';
import { endPasta, type PastaStart, pastaOf, readStart, startPasta, writeStart } from './pasta-process.ts';
import { bindHostPort, endRelays } from './relay.ts';
import { findDeadRelay, publishByRelay, unpublishByRelay } from './relay-ports.ts';
import { hostUnfit, isOnPath, tunProblems } from './requirements.ts';
import { throwAfter } from './undo.ts';

export interface PastaBackendOptions {
  /** Where the target's `netnsPath` is visible: the keeper's namespaces, or the host for root. */
  readonly inside: () => Promise<Runner>;
  readonly host: Runner;
  readonly facts: HostFacts;
  /** Absent for root. */
  readonly keeper?: Keeper;
}

const viaPasta = 'pasta';
/** The kernel takes 40–80 ms to dismantle the tap device of a pasta that just ended. */
const busyRetryMs = 1_000;

/** The address is given by hand: nobody waits for duplicate detection or asks for router advertisements. */
const quietIpv6 = `
cd /proc/sys/net/ipv6/conf/default && echo 0 >accept_dad && echo 0 >accept_ra
`;

/**
 * A user-mode network for one pod by pasta(1). Ports that are known at attach are pasta's own and keep the
 * client's address; those that come later are our relay's, because pasta takes none while it runs.
 */
export class PastaBackend implements NetworkBackend {
  readonly name = 'pasta';
  readonly capabilities: NetworkCapabilities = {
    protocols: ['tcp', 'udp'],
    ipv6: true,
    podToPod: false,
    sourceAddress: true,
    staticAddress: false,
  };
  readonly #options: PastaBackendOptions;

  constructor(options: PastaBackendOptions) {
    this.#options = options;
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const { facts, host } = this.#options;
    const { newer } = parsePastaOptions(spec.options, spec.macAddress);
    const [address] = spec.staticAddresses;
    if (address !== undefined) {
      throw new PeapodError('NETWORK_UNSUPPORTED', 'no other pod sees the address of a pod on pasta', {
        hint: `leave out --ip, set it with --network pasta:-a,${address}, or use --network bridge`,
      });
    }
    refuseSctp(spec.ports);
    refusePrivilegedPorts(spec.ports, facts);
    if (!isOnPath('pasta', facts.env.PATH)) throw toolMissing('pasta');
    const problem = tunProblems()[0];
    if (problem) throw hostUnfit(problem);
    if (newer.length === 0) return;
    const { stdout, stderr } = await host.run(['pasta', '--help'], { accept: 'any' });
    const unknown = newer.find((flag) => !`${stdout}${stderr}`.includes(flag));
    if (!unknown) return;
    throw new PeapodError('NETWORK_UNSUPPORTED', `the pasta of this host is too old for ${unknown}`, {
      hint: 'leave it out, or install a passt of 2024 or later',
    });
  }

  namespaceScript(): string {
    return quietIpv6;
  }

  async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    const options = parsePastaOptions(spec.options, spec.macAddress);
    const waysOut = ([4, 6] as const).filter((one) => options.gateways[one] && hasDefaultRoute(one));
    const ports = ownPorts(spec.ports, waysOut);
    await endPasta(target.runtimeDir); // what a killed one left
    // pasta is content with one address family of a port; so that all are free is found out here.
    for (const port of ports) closeSync(bindHostPort(port));
    try {
      await this.#start(target, { words: options.words, ports });
      const link = await this.#link(target, options.ifname);
      if (!link) throw new PeapodError('COMMAND_FAILED', `pasta made no interface ${options.ifname}`);
      const families = ([4, 6] as const).filter((family) =>
        link.addresses.some((address) => ipFamily(address) === family),
      );
      return {
        backend: this.name,
        network: spec.network,
        ifname: options.ifname,
        addresses: link.addresses,
        gateways: families.flatMap((family) => options.gateways[family] ?? []),
        dns: options.dns,
        mtuBytes: link.mtuBytes,
        ...(spec.macAddress ? { macAddress: spec.macAddress } : {}),
        opaque: {},
      };
    } catch (error) {
      return throwAfter(error, () => this.detach(target));
    }
  }

  async detach(target: NetworkTarget): Promise<void> {
    await Promise.all([endRelays(target.runtimeDir), endPasta(target.runtimeDir)]);
  }

  async mend(
    target: NetworkTarget,
    spec: PodNetworkSpec,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment> {
    const own = ports.filter((port) => port.via === viaPasta);
    const attachment = pastaOf(target.runtimeDir) ? last : await this.attach(target, { ...spec, ports: own });
    const published = ports.length > 0 ? await this.publish(target, attachment, ports) : [];
    return { attachment, published };
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const drift = (what: string) => new PeapodError('NETWORK_DRIFT', what);
    const [missing] = await this.missingHelpers(target, last, ports);
    if (missing) throw drift(`${missing} of ${target.name} does not run`);
    const own = keysOf(readStart(target.runtimeDir)?.ports ?? []);
    const lost = ports.find((port) => port.via === viaPasta && !own.has(portKey(port)));
    if (lost) throw drift(`pasta of ${target.name} does not forward ${lost.hostPort}`);
    const found = (await this.#link(target, last.ifname))?.addresses ?? [];
    const gone = last.addresses.find((address) => !found.includes(address));
    if (gone) throw drift(`the interface ${last.ifname} of ${target.name} has lost its address ${gone}`);
  }

  async missingHelpers(
    target: NetworkTarget,
    _last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<readonly string[]> {
    return [...(pastaOf(target.runtimeDir) ? [] : ['pasta']), ...(findDeadRelay(ports) ? ['relay'] : [])];
  }

  /** Nobody asks for names on a network of one pod. */
  async setNames(): Promise<void> {}

  async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    refuseSctp(ports);
    const { self } = this.#options.facts;
    const own = pastaOf(target.runtimeDir) ? keysOf(readStart(target.runtimeDir)?.ports ?? []) : new Set();
    const others = ports.filter((port) => !own.has(portKey(port)));
    const addresses = last.addresses.map((cidr) => cidr.split('/')[0] as string);
    const place = { directory: target.runtimeDir, runner: () => this.#netns(target), self, addresses };
    const relayed = new Map((await publishByRelay(place, others)).map((port) => [portKey(port), port]));
    return ports.map((port) => relayed.get(portKey(port)) ?? { ...port, via: viaPasta });
  }

  /** A port of pasta's own goes with a new pasta on the same namespace, which ends the connections through the old. */
  async unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const { runtimeDir } = target;
    await unpublishByRelay(runtimeDir, ports); // passes over those without a handle
    const start = readStart(runtimeDir);
    const gone = keysOf(ports.filter((port) => port.via === viaPasta));
    const left = start?.ports.filter((port) => !gone.has(portKey(port))) ?? [];
    if (!start || !pastaOf(runtimeDir) || left.length === start.ports.length) return;
    await endPasta(runtimeDir);
    await this.#start(target, { words: start.words, ports: left });
  }

  async #netns({ netnsPath }: NetworkTarget): Promise<Runner> {
    const { keeper, inside } = this.#options;
    return keeper ? keeper.netns(netnsPath, 'host') : (await inside()).netns(netnsPath);
  }

  /** Undefined where there is no such interface. Link-local addresses are the kernel's own affair. */
  async #link(target: NetworkTarget, ifname: string) {
    const netns = await this.#netns(target);
    const { stdout } = await netns.run(['ip', '-json', 'address', 'show', 'dev', ifname], { accept: 'any' });
    const [link] = JSON.parse(stdout || '[]') as IpLink[];
    if (!link) return undefined;
    const addresses = link.addr_info.filter(({ scope }) => scope === 'global');
    return { mtuBytes: link.mtu, addresses: addresses.map((one) => `${one.local}/${one.prefixlen}`) };
  }

  async #start(target: NetworkTarget, start: PastaStart): Promise<void> {
    const { keeper, host } = this.#options;
    // pasta makes a mount namespace of its own and leaves the host's, so that it holds no mount of anybody.
    const place = keeper ? await keeper.userNamespace() : host;
    const netns = keeper ? keeper.pathFromOutside(target.netnsPath) : target.netnsPath;
    writeStart(target.runtimeDir, start);
    const deadline = performance.now() + busyRetryMs;
    for (;;) {
      try {
        return await startPasta(place, target.runtimeDir, [
          ...['--foreground', '--quiet', '--config-net', '--netns', netns, '--pid', '/dev/stdout'],
          // Else it would become `nobody`, who may not enter a namespace of root's.
          ...(keeper ? [] : ['--runas', '0:0']),
          ...start.words,
          ...portWords('tcp', start.ports),
          ...portWords('udp', start.ports),
        ]);
      } catch (error) {
        const busy = error instanceof Error && /busy/.test(error.message);
        if (!busy || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
}

/** The parts of `ip -json address show` that matter here. */
interface IpLink {
  readonly mtu: number;
  readonly addr_info: readonly { local: string; prefixlen: number; scope: string }[];
}

function keysOf(ports: readonly PortMapping[]): Set<string> {
  return new Set(ports.map(portKey));
}

function refuseSctp(ports: readonly PortMapping[]): void {
  if (ports.every((port) => port.protocol !== 'sctp')) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', 'pasta does not publish sctp ports', {
    hint: 'a bridge of root does: --network bridge',
  });
}
