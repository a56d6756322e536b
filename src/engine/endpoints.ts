import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isPeapodError, messageOf } from '../errors.ts';
import { step } from '../host/trace.ts';
import type { Attachment, NetworkBackend, NetworkTarget, PodNetworkSpec } from '../network/backend.ts';
import { type PortMapping, portKey } from '../network/types.ts';
import { sandboxFiles } from '../sandbox/namespaces.ts';
import type { Attachments, EndpointSpec, PublishedAt, SandboxRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { forwarderAmong } from './name-servers.ts';

/** What the kernel has of a sandbox's networks. */
export interface Connected {
  readonly attachments: Attachments;
  readonly published: readonly PublishedAt[];
}

/** An endpoint with what its backend needs to know of it. */
interface Place {
  readonly endpoint: EndpointSpec;
  readonly backend: NetworkBackend;
  readonly target: NetworkTarget;
  readonly spec: PodNetworkSpec;
}

/**
 * A sandbox's places on its networks, made and taken away through their backends. Methods return what is so then;
 * the caller writes it down, and holds the operation on the sandbox.
 */
export class Endpoints {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** For the network namespace when it is made. */
  async namespaceScript(record: SandboxRecord): Promise<string> {
    const places = await this.#places(record);
    return places
      .map(({ backend, spec }) => backend.namespaceScript(spec))
      .filter(Boolean)
      .join('\n');
  }

  /** All of them at once, with the ports; or none and an error. */
  async attachAll(record: SandboxRecord): Promise<Connected> {
    const places = await this.#places(record);
    const [only] = places;
    if (only && places.length === 1) {
      // The backend may begin to publish while it attaches.
      const attachment = await this.#attach(only, record.spec.ports);
      return this.#publishOrUndo(record, places, { [only.endpoint.ifname]: attachment });
    }
    const outcomes = await Promise.allSettled(places.map((place) => this.#attach(place, [])));
    const attachments: Record<string, Attachment> = {};
    outcomes.forEach((outcome, index) => {
      const ifname = places[index]?.endpoint.ifname ?? '';
      if (outcome.status === 'fulfilled') attachments[ifname] = outcome.value;
    });
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) return this.#publishOrUndo(record, places, attachments);
    await this.detachAll({ ...record, attachments });
    throw failed.reason;
  }

  /** One more; with the ports, where none of the others could publish them. */
  async attach(record: SandboxRecord, ifname: string): Promise<Connected> {
    const [place] = (await this.#places(record)).filter(({ endpoint }) => endpoint.ifname === ifname);
    if (!place) return record;
    const attachment = await this.#attach(place, []);
    const attachments = { ...record.attachments, [ifname]: attachment };
    const waiting = waitingPorts(record);
    if (waiting.length === 0) return { attachments, published: record.published };
    const published = await this.publish({ ...record, attachments }, waiting).catch((error) => {
      if (isPeapodError(error, 'NETWORK_UNSUPPORTED')) return [];
      throw error;
    });
    return { attachments, published: [...record.published, ...published] };
  }

  /** One less; its ports go to another network that can publish them, where there is one. */
  async detach(record: SandboxRecord, ifname: string): Promise<Connected> {
    const [place] = (await this.#places(record)).filter(({ endpoint }) => endpoint.ifname === ifname);
    const { [ifname]: last, ...attachments } = record.attachments;
    const kept = record.published.filter(({ endpoint }) => endpoint !== ifname);
    await place?.backend.detach(place.target, last);
    const orphans = record.published.filter(({ endpoint }) => endpoint === ifname);
    if (orphans.length === 0 || Object.keys(attachments).length === 0)
      return { attachments, published: kept };
    const moved = await this.publish({ ...record, attachments }, orphans).catch((error) => {
      if (isPeapodError(error, 'NETWORK_UNSUPPORTED')) return [];
      throw error;
    });
    return { attachments, published: [...kept, ...moved] };
  }

  /** Idempotent; also what a killed command left, which no attachment tells of. */
  async detachAll(record: SandboxRecord): Promise<void> {
    const places = await this.#places(record);
    if (this.#isWiped(record, places)) await this.#endStrays(record);
    const outcomes = await Promise.allSettled(
      places.map(({ backend, target, endpoint }) =>
        step(`detach ${endpoint.ifname} from its network`, () =>
          backend.detach(target, record.attachments[endpoint.ifname]),
        ),
      ),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Puts back what is missing, of endpoints whose helpers are not all there or, `thoroughly`, of all. */
  async mend(record: SandboxRecord, thoroughly: boolean): Promise<Connected> {
    let { attachments, published } = record;
    const places = await this.#places(record);
    const isWiped = this.#isWiped(record, places);
    if (isWiped) await this.#endStrays(record);
    for (const { endpoint, backend, target, spec } of places) {
      const { ifname } = endpoint;
      const last = attachments[ifname];
      const its = published.filter((port) => port.endpoint === ifname);
      if (!last) continue;
      const isAsItWas = !thoroughly && !isWiped;
      if (isAsItWas && (await backend.missingHelpers(target, last, its)).length === 0) continue;
      mkdirSync(target.runtimeDir, { recursive: true, mode: 0o700 });
      const mended = await step(`mend ${spec.network}`, () => backend.mend(target, spec, last, its));
      attachments = { ...attachments, [ifname]: mended.attachment };
      const others = published.filter((port) => port.endpoint !== ifname);
      published = [...others, ...mended.published.map((port) => ({ ...port, endpoint: ifname }))];
    }
    return { attachments, published };
  }

  /** What the kernel lacks, in a sentence a network; empty where all is well. */
  async drift(record: SandboxRecord): Promise<string[]> {
    const found = await Promise.all(
      (await this.#places(record)).map(async ({ endpoint, backend, target }) => {
        const last = record.attachments[endpoint.ifname];
        const its = record.published.filter((port) => port.endpoint === endpoint.ifname);
        if (!last) return [];
        try {
          await backend.check(target, last, its);
          return [];
        } catch (error) {
          return [messageOf(error)];
        }
      }),
    );
    return found.flat();
  }

  /** Helper processes that should run and do not. Reads /proc only. */
  async missing(record: SandboxRecord): Promise<string[]> {
    const places = await this.#places(record);
    const names = await Promise.all(
      places.map(async ({ endpoint, backend, target }) => {
        const last = record.attachments[endpoint.ifname];
        const its = record.published.filter((port) => port.endpoint === endpoint.ifname);
        return last ? backend.missingHelpers(target, last, its) : [];
      }),
    );
    return [...new Set(names.flat())];
  }

  /** By the first network that can. Throws NETWORK_UNSUPPORTED where none can, PORT_IN_USE. */
  async publish(record: SandboxRecord, ports: readonly PortMapping[]): Promise<PublishedAt[]> {
    let refusal: unknown;
    for (const { endpoint, backend, target } of await this.#places(record)) {
      const last = record.attachments[endpoint.ifname];
      if (!last) continue;
      try {
        const published = await step(`publish ${ports.length} ports on ${last.network}`, () =>
          backend.publish(target, last, ports.map(bare)),
        );
        return published.map((port) => ({ ...port, endpoint: endpoint.ifname }));
      } catch (error) {
        if (!isPeapodError(error, 'NETWORK_UNSUPPORTED')) throw error;
        refusal ??= error;
      }
    }
    if (refusal) throw refusal;
    return [];
  }

  /** Says that `publish` is about to be asked; the returned function takes that back. */
  async expectPublish(record: SandboxRecord): Promise<() => Promise<void>> {
    for (const { endpoint, backend, target } of await this.#places(record)) {
      const last = record.attachments[endpoint.ifname];
      if (last) return (await backend.expectPublish?.(target, last)) ?? nothing;
    }
    return nothing;
  }

  /** Idempotent. */
  async unpublish(record: SandboxRecord, ports: readonly PublishedAt[]): Promise<void> {
    for (const { endpoint, backend, target } of await this.#places(record)) {
      const last = record.attachments[endpoint.ifname];
      const its = ports.filter((port) => port.endpoint === endpoint.ifname);
      if (last && its.length > 0) await backend.unpublish(target, last, its);
    }
  }

  /** Besides their own, the sandbox has these names on the networks that serve any. */
  async setNames(record: SandboxRecord, names: () => readonly string[]): Promise<void> {
    const places = await this.#places(record);
    const attachments = places.flatMap(({ endpoint }) => record.attachments[endpoint.ifname] ?? []);
    const forwarder = forwarderAmong(attachments);
    await Promise.all(
      places.map(async ({ endpoint, backend, target }) => {
        const last = record.attachments[endpoint.ifname];
        if (last && (last.dnsSearch || last === forwarder)) await backend.setNames(target, last, names);
      }),
    );
  }

  async #attach({ backend, target, spec }: Place, ports: readonly PortMapping[]): Promise<Attachment> {
    mkdirSync(target.runtimeDir, { recursive: true, mode: 0o700 });
    return step(`attach ${spec.network} by ${backend.name}`, () =>
      backend.attach(target, { ...spec, ports }),
    );
  }

  async #publishOrUndo(
    record: SandboxRecord,
    places: readonly Place[],
    attachments: Attachments,
  ): Promise<Connected> {
    try {
      const forwarder = forwarderAmong(Object.values(attachments));
      const place = forwarder && places.find(({ endpoint }) => attachments[endpoint.ifname] === forwarder);
      // Others have their own names from `attach`.
      if (place) await place.backend.setNames(place.target, forwarder, () => []);
      const { ports } = record.spec;
      const published = ports.length > 0 ? await this.publish({ ...record, attachments }, ports) : [];
      this.#context.interrupt.check();
      return { attachments, published };
    } catch (error) {
      await Promise.all(
        places.map(({ backend, target, endpoint }) => backend.detach(target, attachments[endpoint.ifname])),
      );
      throw error;
    }
  }

  /** The files of its helpers are gone, but not by a reboot: they run, and nobody finds them by their files. */
  #isWiped({ bootId, attachments }: SandboxRecord, places: readonly Place[]): boolean {
    return (
      bootId === this.#context.facts.bootId &&
      places.some(({ endpoint, target }) => attachments[endpoint.ifname] && !existsSync(target.runtimeDir))
    );
  }

  async #endStrays({ id }: SandboxRecord): Promise<void> {
    const { endStrays, namedPath } = await import('../host/process-list.ts');
    await endStrays(new RegExp(namedPath(this.#context.paths.sandbox(id))));
  }

  async #places(record: SandboxRecord): Promise<Place[]> {
    const { network, dns } = record.spec;
    if (network.kind !== 'own') return [];
    const files = sandboxFiles(this.#context.paths.sandbox(record.id));
    const name = this.#context.store.names.nameOf(record.id) ?? record.id.slice(0, 12);
    // With `none` the pod has no resolv.conf of ours.
    const dnsServers = dns.servers.includes('none') ? [] : dns.servers;
    return Promise.all(
      network.endpoints.map(async (endpoint) => ({
        endpoint,
        backend: await this.#context.backend(endpoint.backend),
        spec: { ...endpoint.spec, dnsServers },
        target: {
          id: record.id,
          name,
          network: endpoint.spec.network,
          ifname: endpoint.ifname,
          netnsPath: files.namespace('net'),
          runtimeDir: join(files.network, endpoint.ifname),
        },
      })),
    );
  }
}

async function nothing(): Promise<void> {}

/** Reserved ports that no network publishes. */
function waitingPorts({ spec, published }: SandboxRecord): PortMapping[] {
  const served = new Set(published.map(portKey));
  return spec.ports.filter((port) => !served.has(portKey(port)));
}

/** Without what another backend knew of it. */
function bare({ protocol, hostIp, hostPort, containerPort }: PortMapping): PortMapping {
  return { protocol, hostIp, hostPort, containerPort };
}
