import { isPeapodError, PeapodError } from '../src/errors.ts';
import { type ConfList, scanConfLists } from '../src/network/conflist.ts';
import type { HostRoute } from '../src/network/host-routes.ts';
import { type NetworkDirectories, NetworkFiles } from '../src/network/network-files.ts';
import { type BridgeNetwork, bridgeNetwork } from './bridge-network.ts';

/** Finds networks by name, as the bridge backend understands them. */
export class Networks {
  readonly #directories: NetworkDirectories;
  readonly #files: NetworkFiles;

  constructor(directories: NetworkDirectories, routes?: () => readonly HostRoute[]) {
    this.#directories = directories;
    this.#files = new NetworkFiles(directories, routes);
  }

  /** Touches nothing. Throws NOT_FOUND, NETWORK_CONFIG, NETWORK_UNSUPPORTED. */
  find(name: string): BridgeNetwork {
    return this.#understood(name, this.#files.find(name));
  }

  /** As `find`, for good: the default network gets its file. */
  settle(name: string): BridgeNetwork {
    return this.#understood(name, this.#files.settle(name));
  }

  /** Where leases of networks lie that want them elsewhere than in the runtime's directory. */
  dataDirs(): string[] {
    return scanConfLists(this.#directories.networkConfig).lists.flatMap(({ plugins }) => {
      try {
        return plugins[0]?.config.optionalObject('ipam')?.optionalString('dataDir') || [];
      } catch (error) {
        if (isPeapodError(error, 'NETWORK_CONFIG')) return [];
        throw error;
      }
    });
  }

  #understood(name: string, list: ConfList | undefined): BridgeNetwork {
    if (list) return bridgeNetwork(list);
    throw new PeapodError('NOT_FOUND', `unable to find network with name or ID ${name}: network not found`, {
      hint: `peapod network ls lists those there are, peapod network create ${name} makes one`,
    });
  }
}
