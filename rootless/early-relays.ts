import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import { relaysOf, StartingRelay } from './relay.ts';
import { publishByRelay, type RelayPlace } from './relay-ports.ts';

/**
 * Relays that start while all else is still being found out and made: a process takes longer to start than to be given
 * ports. Only a head start, without which `publish` does the same.
 */
export class EarlyRelays {
  /** By directory. Undefined where it did not start: publishing says why, when its own does not either. */
  readonly #starting = new Map<string, Promise<StartingRelay | undefined>>();

  /** Resolves when it has been spawned. Nothing where the target has one, or a relay that runs. Never throws. */
  async begin(place: Omit<RelayPlace, 'addresses'>): Promise<void> {
    const { directory } = place;
    if (this.#starting.has(directory) || relaysOf(directory).length > 0) return;
    const starting = place
      .runner()
      .then((runner) => new StartingRelay({ ...place, runner }))
      .catch(() => undefined);
    this.#starting.set(directory, starting);
    await starting;
  }

  /** As publishByRelay. */
  async publish(place: RelayPlace, ports: readonly PortMapping[]): Promise<PublishedPort[]> {
    return publishByRelay(place, ports, await this.#take(place.directory));
  }

  /** Idempotent. */
  async giveUp(directory: string): Promise<void> {
    (await this.#take(directory))?.giveUp();
  }

  async #take(directory: string): Promise<StartingRelay | undefined> {
    const starting = this.#starting.get(directory);
    this.#starting.delete(directory);
    return starting;
  }
}
