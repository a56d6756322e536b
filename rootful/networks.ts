import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPeapodError, PeapodError } from '../src/errors.ts';
import { findConfList, parseConfList, readConfLists } from '../src/network/conflist.ts';
import { type HostRoute, readHostRoutes } from '../src/network/host-routes.ts';
import { defaultNetwork } from '../src/network/select.ts';
import { makeSubnet, type Subnet, subnetsOverlap, subnetText } from '../src/network/subnet.ts';
import { type BridgeNetwork, bridgeNetwork } from './bridge-network.ts';

export interface NetworkDirectories {
  /** The administrator's conflists, shared with other runtimes: `/etc/cni/net.d`. Only read. */
  readonly networkConfig: string;
  /** peapod's own root: the default network is remembered below it, where no conflist defines it. */
  readonly root: string;
}

/** The bridge of podman's default network on CNI: a podman beside us shares leases and bridge. */
const defaultBridge = 'cni-podman0';

/**
 * Finds networks by name: conflists of the administrator first, then what peapod wrote itself. The default
 * network needs no file: without one it is made up, on 10.88.0.0/16 or the next subnet that the host does
 * not route yet, and written below peapod's root by the first attach, for pods keep their addresses only if
 * the subnet never moves. /etc/cni/net.d is left alone: a file there would change other runtimes' networks.
 */
export class Networks {
  readonly #directories: NetworkDirectories;
  readonly #routes: () => readonly HostRoute[];

  constructor(directories: NetworkDirectories, routes: () => readonly HostRoute[] = readHostRoutes) {
    this.#directories = directories;
    this.#routes = routes;
  }

  /** Touches nothing. Throws NOT_FOUND, NETWORK_CONFIG, NETWORK_UNSUPPORTED. */
  find(name: string): BridgeNetwork {
    const known = this.#read(name);
    if (known) return known;
    if (name === defaultNetwork)
      return bridgeNetwork(parseConfList('the built-in default network', this.#builtIn()));
    throw new PeapodError('NOT_FOUND', `network "${name}" not found`, {
      hint: `a file in ${this.#directories.networkConfig} ending in .conflist defines one`,
    });
  }

  /** As `find`, for good: the default network gets its file. */
  settle(name: string): BridgeNetwork {
    const known = this.#read(name);
    if (known || name !== defaultNetwork) return known ?? this.find(name);
    const directory = this.#ownDirectory();
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    const temporary = join(directory, `.${process.pid}`);
    writeFileSync(temporary, this.#builtIn());
    try {
      linkSync(temporary, join(directory, `${defaultNetwork}.conflist`));
    } catch (error) {
      // Another process was first: its choice stands.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
    return this.find(name);
  }

  /** Where leases of networks lie that want them elsewhere than in the runtime's directory. */
  dataDirs(): string[] {
    return readConfLists(this.#directories.networkConfig).flatMap(({ plugins }) => {
      try {
        return plugins[0]?.config.optionalObject('ipam')?.optionalString('dataDir') || [];
      } catch (error) {
        if (isPeapodError(error, 'NETWORK_CONFIG')) return [];
        throw error;
      }
    });
  }

  #read(name: string): BridgeNetwork | undefined {
    const { networkConfig } = this.#directories;
    const list = findConfList(networkConfig, name) ?? findConfList(this.#ownDirectory(), name);
    return list && bridgeNetwork(list);
  }

  #ownDirectory(): string {
    return join(this.#directories.root, 'networks');
  }

  #builtIn(): string {
    return `${JSON.stringify(defaultConfList(freeSubnet(this.#routes())), null, 2)}\n`;
  }
}

/** podman's default network on CNI, with another subnet where its own is taken. */
function defaultConfList(subnet: Subnet): unknown {
  return {
    cniVersion: '0.4.0',
    name: defaultNetwork,
    plugins: [
      {
        type: 'bridge',
        bridge: defaultBridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          routes: [{ dst: '0.0.0.0/0' }],
          ranges: [[{ subnet: subnetText(subnet) }]],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      { type: 'firewall' },
      { type: 'tuning' },
    ],
  };
}

/**
 * The first /16 from 10.88 up to 10.255, then of 172.16 to 172.31, that the host routes nowhere; a route by
 * the default bridge itself is what a crash or podman left, and no obstacle. Throws NETWORK_CONFIG.
 */
function freeSubnet(routes: readonly HostRoute[]): Subnet {
  const others = routes.filter((route) => route.interface !== defaultBridge);
  const tens = Array.from({ length: 168 }, (_, n) => (10 << 8) + 88 + n);
  const privates = Array.from({ length: 16 }, (_, n) => (172 << 8) + 16 + n);
  for (const upperHalf of [...tens, ...privates]) {
    const subnet = makeSubnet(BigInt(upperHalf) << 16n, 16, 4);
    if (!others.some(({ destination }) => subnetsOverlap(subnet, destination))) return subnet;
  }
  throw new PeapodError('NETWORK_CONFIG', 'the host routes every subnet that the default network could use', {
    hint: `define the network "${defaultNetwork}" with a subnet of your choice in a conflist`,
  });
}
