import type { Runner } from '../src/host/exec.ts';
import { type BridgeNetwork, networkFamilies } from './bridge-network.ts';
import type { HostTools } from './host-tools.ts';
import { areGone, isListed } from './interface-list.ts';
import { type IpBatch, IpBatchFailed, type IpBatchInside, runIpBatch, runIpRemovals } from './ip-batch.ts';
import {
  announceScript,
  bridgeAddresses,
  createBridgeLines,
  isHostInterface,
  ourAlias,
  type PodLink,
  plugInLines,
  podLines,
  routingSwitches,
  sysctlScript,
} from './links.ts';
import { reachableFromLocalhost } from './nftables.ts';

/** One interface of the host, from `ip -json -details address show`. */
export interface ListedLink {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly master?: string;
  readonly operstate?: string;
  readonly flags: readonly string[];
  readonly address?: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly family: string;
  }[];
}

const createAttempts = 4;
/** Any number that nobody else uses: interfaces of one group go in one stroke. */
const removalGroup = 0x706561;

/** Bridges and cables in one network namespace. */
export class Bridges {
  readonly #runner: Runner;
  readonly #tools: HostTools;

  constructor(runner: Runner, tools: HostTools) {
    this.#runner = runner;
    this.#tools = tools;
  }

  /**
   * Connects a pod's namespace with the network's bridge, made where it is missing, and gives its interface
   * addresses and routes. The usual case, a bridge that is there, takes one spawn; so does a bridge that `fresh`
   * rightly says is missing. What stands in the way tells what to do before the next attempt.
   */
  async connect(network: BridgeNetwork, link: PodLink, fresh: boolean): Promise<void> {
    const lines = plugInLines(network, link);
    const script = sysctlScript(network, reachableFromLocalhost(network));
    const inside = {
      netnsPath: link.netnsPath,
      lines: podLines(network, link),
      script: link.announce ? announceScript(link) : undefined,
    };
    let before: string[] = fresh ? createBridgeLines(network) : [];
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#batch({ lines: [...before, ...lines], script }, inside);
        if (network.forceAddress && before.length === 0) await this.#removeOtherAddresses(network);
        return;
      } catch (error) {
        if (!(error instanceof IpBatchFailed) || attempt === createAttempts) throw error;
        const failed = error.line - before.length;
        if (failed === 0 && error.said.includes('Cannot find device')) {
          before = createBridgeLines(network);
        } else if (error.line === 0 && before.length > 0 && error.said.includes('File exists')) {
          before = []; // another process made it in between
        } else if (lines[failed]?.startsWith(`link add name ${link.hostInterface}`) && isExisting(error)) {
          await this.remove([link.hostInterface]); // a killed attach left it
        } else throw error;
      }
    }
  }

  /** A guess, which saves an attempt: another process may make or remove it at any moment. */
  isProbablyMissing(bridge: string): boolean {
    return this.#isHere() && !isListed(bridge);
  }

  async list(): Promise<ListedLink[]> {
    const { stdout } = await this.#runner.run([
      this.#tools.path('ip'),
      '-json',
      '-details',
      'address',
      'show',
    ]);
    return (JSON.parse(stdout || '[]') as ListedLink[]).filter((link) => link.ifname);
  }

  /**
   * Idempotent. Several go together: the kernel waits a grace period for each stroke, not each interface, and
   * two for a bridge, some 18 ms each. It does so when the interfaces are gone for everybody else, so nobody
   * waits here for the end of ip.
   */
  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const lines =
      names.length === 1
        ? [`link delete dev ${names[0]}`]
        : [
            ...names.map((name) => `link set dev ${name} group ${removalGroup}`),
            `link delete group ${removalGroup}`,
          ];
    const removal = runIpRemovals(this.#runner, this.#tools.path('ip'), lines);
    await (this.#isHere() ? Promise.race([removal, areGone(names, removal)]) : removal);
  }

  /** The switches of the kernel that routing for the bridge needs and that are off, as sysctl names them. */
  async switchesOff(network: BridgeNetwork): Promise<string[]> {
    const paths = routingSwitches(network, reachableFromLocalhost(network));
    if (paths.length === 0) return [];
    const { stdout } = await this.#runner.run(
      ['grep', '-lsx', '0', ...paths.map((path) => `/proc/sys/net/${path}`)],
      {
        accept: 'any',
      },
    );
    return paths.filter((path) => stdout.includes(path)).map((path) => `net.${path.replaceAll('/', '.')}`);
  }

  /** For a bridge that is there. */
  async switchOn(network: BridgeNetwork): Promise<void> {
    await this.#runner.run(['sh', '-c', sysctlScript(network, reachableFromLocalhost(network))]);
  }

  /** Whether the bridges are in this process' own network namespace. */
  #isHere(): boolean {
    return this.#runner.prefix.length === 0;
  }

  #batch(batch: IpBatch, inside?: IpBatchInside): Promise<void> {
    return runIpBatch(this.#runner, this.#tools.path('ip'), batch, inside);
  }

  async #removeOtherAddresses(network: BridgeNetwork): Promise<void> {
    const bridge = (await this.list()).find(({ ifname }) => ifname === network.bridge);
    const wanted = new Set(bridgeAddresses(network));
    const families = networkFamilies(network);
    const others = (bridge?.addr_info ?? [])
      .filter(({ family, local }) => families.has(family === 'inet6' ? 6 : 4) && !local.startsWith('fe80:'))
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
      .filter((cidr) => !wanted.has(cidr));
    if (others.length === 0) return;
    const lines = others.map((cidr) => `address delete ${cidr} dev ${network.bridge}`);
    await this.#batch({ lines });
  }
}

/** Bridges without a cable of ours, and which of them are ours to remove. */
export function idleBridges(
  links: readonly ListedLink[],
  without: string,
): { readonly idle: (bridge: string) => boolean; readonly removable: string[] } {
  const ports = links.filter(({ ifname, master }) => master && ifname !== without);
  const inUse = new Set(ports.filter(({ ifname }) => isHostInterface(ifname)).map(({ master }) => master));
  const occupied = new Set(ports.map(({ master }) => master));
  return {
    idle: (bridge) => !inUse.has(bridge),
    removable: links
      .filter(({ ifname, ifalias, linkinfo }) => {
        return linkinfo?.info_kind === 'bridge' && ifalias === ourAlias && !occupied.has(ifname);
      })
      .map(({ ifname }) => ifname),
  };
}

function isExisting(error: IpBatchFailed): boolean {
  return error.said.includes('File exists');
}
