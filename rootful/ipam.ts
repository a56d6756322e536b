import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import {
  type AddressRange,
  gatewayFor,
  type HostLocalIpam,
  inRange,
  rangeOf,
} from '../src/network/ipam-config.ts';
import {
  type Lease,
  LeaseDirectory,
  type LeaseOwner,
  type OpenLeases,
} from '../src/network/lease-directory.ts';
import { addressNumber, addressText, type Subnet, subnetText } from '../src/network/subnet.ts';
import type { BridgeNetwork } from './bridge-network.ts';

/** An address that a pod has been given. */
export interface AssignedAddress {
  readonly address: string;
  readonly subnet: Subnet;
  readonly gateway: string | undefined;
}

/** Gives the addresses of one network, as CNI's host-local does: round robin, gateway skipped. */
export class Ipam {
  readonly #network: Pick<BridgeNetwork, 'name' | 'ipam'>;
  readonly leases: LeaseDirectory;

  /** `leasesRoot` holds one directory a network, `/var/lib/cni/networks` for root. */
  constructor(network: Pick<BridgeNetwork, 'name' | 'ipam'>, leasesRoot: string) {
    this.#network = network;
    const root = (network.ipam.kind === 'host-local' && network.ipam.dataDir) || leasesRoot;
    this.leases = new LeaseDirectory(join(root, network.name));
  }

  /**
   * Whether these addresses could be had, without taking them.
   * Throws ADDRESS_FOREIGN, ADDRESS_IN_USE.
   */
  check(requested: readonly string[]): void {
    this.#plan(requested);
    const taken = requested.length > 0 ? this.leases.read() : [];
    for (const address of requested) {
      const holder = taken.find((lease) => lease.address === address);
      if (holder) throw this.#inUse(address, holder);
    }
  }

  /**
   * One address of each range set, requested ones first; of a network with static ipam, its addresses. What
   * the owner holds already it keeps, so that a pod comes back from a crash with its address; `former` ones it
   * gets again where they are free. Throws ADDRESS_FOREIGN, ADDRESS_IN_USE, ADDRESS_EXHAUSTED; then nothing has been taken.
   */
  async allocate(
    owner: LeaseOwner,
    requested: readonly string[],
    former: readonly string[] = [],
  ): Promise<AssignedAddress[]> {
    const wishes = this.#plan(requested);
    return this.leases.locked((leases) => {
      const held = leases.all().filter(({ id, ifname }) => id === owner.id && ifname === owner.ifname);
      const kept = new Set<string>();
      const added: string[] = [];
      try {
        const given = wishes.map((wish) => {
          const address = this.#choose(leases, held, wish, former);
          if (!leases.holder(address)) {
            leases.add(address, owner);
            added.push(address);
            if (wish.rangeSet !== undefined) leases.setLastReserved(wish.rangeSet, address);
          }
          kept.add(address);
          return this.#assigned(address);
        });
        for (const { address } of held) if (!kept.has(address)) leases.remove(address);
        return given;
      } catch (error) {
        for (const address of added) leases.remove(address);
        throw error;
      }
    });
  }

  /** What each range set (or static address) is to give: a certain address, or any. */
  #plan(requested: readonly string[]): Wish[] {
    const { ipam } = this.#network;
    if (ipam.kind === 'static') {
      if (requested.length > 0) throw this.#foreign(requested[0] as string, 'which has fixed addresses');
      return ipam.addresses.map(({ address }) => ({ rangeSet: undefined, address }));
    }
    const wishes: Wish[] = ipam.rangeSets.map((_, rangeSet) => ({ rangeSet, address: undefined }));
    for (const address of requested) {
      const at = ipam.rangeSets.findIndex((set) => set.some((range) => inRange(range, address)));
      if (at < 0) throw this.#foreign(address, `whose addresses are ${describeRanges(ipam)}`);
      if (wishes[at]?.address) {
        throw this.#foreign(
          address,
          `which gives a pod one address of ${describeSet(ipam.rangeSets[at] ?? [])}`,
        );
      }
      if (rangeOf(ipam, address)?.gateway === address) {
        throw new PeapodError(
          'ADDRESS_IN_USE',
          `${address} is the gateway of network "${this.#network.name}"`,
          {
            hint: 'choose another address',
          },
        );
      }
      wishes[at] = { rangeSet: at, address };
    }
    return wishes;
  }

  #choose(leases: OpenLeases, held: readonly Lease[], wish: Wish, former: readonly string[]): string {
    const isHeld = (address: string) => held.some((lease) => lease.address === address);
    if (wish.address !== undefined) {
      const holder = leases.holder(wish.address);
      if (holder && !isHeld(wish.address)) throw this.#inUse(wish.address, holder);
      return wish.address;
    }
    const rangeSet = wish.rangeSet ?? 0;
    const set = this.#rangeSet(rangeSet);
    const own = held.find(({ address }) => set.some((range) => inRange(range, address)));
    if (own) return own.address;
    const again = former.find((address) => set.some((range) => mayGive(range, address)));
    if (again && !leases.holder(again)) return again;
    for (const address of candidates(set, leases.lastReserved(rangeSet))) {
      if (!leases.holder(address)) return address;
    }
    throw new PeapodError(
      'ADDRESS_EXHAUSTED',
      `network "${this.#network.name}" has no free address in ${describeSet(set)}`,
      { hint: 'remove pods that are no longer needed, or choose a network with a larger subnet' },
    );
  }

  #rangeSet(index: number): readonly AddressRange[] {
    const { ipam } = this.#network;
    return (ipam.kind === 'host-local' && ipam.rangeSets[index]) || [];
  }

  #assigned(address: string): AssignedAddress {
    const { ipam } = this.#network;
    const subnet =
      ipam.kind === 'static'
        ? ipam.addresses.find((one) => one.address === address)?.subnet
        : rangeOf(ipam, address)?.subnet;
    return { address, subnet: subnet as Subnet, gateway: gatewayFor(ipam, address) };
  }

  #foreign(address: string, why: string): PeapodError {
    return new PeapodError(
      'ADDRESS_FOREIGN',
      `${address} is not for network "${this.#network.name}", ${why}`,
      {
        hint: 'choose an address of the network, or none',
      },
    );
  }

  #inUse(address: string, holder: Lease): PeapodError {
    return new PeapodError(
      'ADDRESS_IN_USE',
      `${address} of network "${this.#network.name}" is taken by ${holder.id.slice(0, 12)}`,
      { hint: 'choose another address, or none' },
    );
  }
}

function mayGive(range: AddressRange, address: string): boolean {
  return inRange(range, address) && range.gateway !== address;
}

/** What one range set is to give. */
interface Wish {
  /** Undefined for a static address, which belongs to none. */
  readonly rangeSet: number | undefined;
  /** Undefined where the set may choose. */
  readonly address: string | undefined;
}

/** Every address of a set once, beginning behind the last one given, without gateways. */
export function* candidates(set: readonly AddressRange[], last: string | undefined): Generator<string> {
  const startAt = last === undefined ? -1 : set.findIndex((range) => inRange(range, last));
  const first = set[Math.max(startAt, 0)];
  if (!first) return;
  const begin = startAt < 0 ? first.first : addressNumber(last as string) + 1n;
  yield* span(first, begin, first.last);
  for (let step = 1; step < set.length; step++) {
    const range = set[(Math.max(startAt, 0) + step) % set.length] as AddressRange;
    yield* span(range, range.first, range.last);
  }
  yield* span(first, first.first, begin - 1n);
}

function* span(range: AddressRange, from: bigint, to: bigint): Generator<string> {
  for (let number = from; number <= to; number++) {
    const address = addressText(number, range.subnet.family);
    if (address !== range.gateway) yield address;
  }
}

function describeRanges(ipam: HostLocalIpam): string {
  return ipam.rangeSets.map(describeSet).join(' and ');
}

function describeSet(set: readonly AddressRange[]): string {
  return set
    .map(({ subnet, first, last }) => {
      const whole = first === subnet.network + 1n && last >= subnet.last - 1n;
      return whole
        ? subnetText(subnet)
        : `${addressText(first, subnet.family)}-${addressText(last, subnet.family)}`;
    })
    .join(', ');
}
