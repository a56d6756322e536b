import { PeapodError } from '../errors.ts';
import { isAlive } from '../host/processes.ts';
import type { Attachment } from '../network/backend.ts';
import { type PortMapping, portKey } from '../network/types.ts';
import type { ContainerRecord, EndpointSpec, SandboxRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { type Connected, Endpoints } from './endpoints.ts';

/**
 * The networks of sandboxes, in the kernel and in the store. Callers hold the operation on the sandbox's id;
 * `isUp` tells whether it has its networks now, whatever the store remembers.
 */
export class SandboxNetworks {
  readonly #context: Context;
  readonly #endpoints: Endpoints;
  readonly #isUp: (record: SandboxRecord) => boolean;

  constructor(context: Context, isUp: (record: SandboxRecord) => boolean) {
    this.#context = context;
    this.#endpoints = new Endpoints(context);
    this.#isUp = isUp;
  }

  /** For the network namespace when it is made. */
  namespaceScript(record: SandboxRecord): Promise<string> {
    return this.#endpoints.namespaceScript(record);
  }

  /** Helper processes that should run and do not. Reads /proc only. */
  async missing(record: SandboxRecord): Promise<string[]> {
    return this.#isUp(record) ? this.#endpoints.missing(record) : [];
  }

  /** What networks lack of what the store remembers, in words. */
  async drift(record: SandboxRecord): Promise<string[]> {
    return this.#isUp(record) ? this.#endpoints.drift(record) : [];
  }

  /** All networks, ports and names. What fails is undone. */
  async attach(record: SandboxRecord): Promise<void> {
    this.#saveConnected(record, await this.#endpoints.attachAll(record));
    // Its own names it has by now.
    if (this.#context.store.containers.ofPod(record.id).length > 0) await this.announce(record.id);
  }

  /** Puts back what helpers that were killed, or with `thoroughly` people and programs, have taken with them. */
  async mend(record: SandboxRecord, thoroughly = false): Promise<void> {
    const mended = await this.#endpoints.mend(record, thoroughly);
    if (mended.attachments !== record.attachments) this.#saveConnected(record, mended);
    if (thoroughly || mended.attachments !== record.attachments) await this.announce(record.id);
  }

  /** Gives a `publish` that is to follow a head start; the returned function takes it back. */
  async expectPublish(id: string): Promise<() => Promise<void>> {
    const record = this.#require(id);
    return (await this.#isUpNow(record)) ? this.#endpoints.expectPublish(record) : async () => {};
  }

  /** Makes further ports of a running sandbox reachable; all or none. A sandbox without a network keeps them for its start. */
  async publish(id: string, ports: readonly PortMapping[]): Promise<void> {
    const record = this.#require(id);
    if (!(await this.#isUpNow(record))) return;
    const published = await this.#endpoints.publish(record, ports);
    const others = record.published.filter(
      (one) => !published.some((port) => portKey(port) === portKey(one)),
    );
    this.#save({ ...record, published: [...others, ...published] });
  }

  /**
   * Tells the network who answers in a pod: its running members, and one that is about to run. Idempotent;
   * nothing where the network has no names of its own.
   */
  async announce(id: string, joining?: ContainerRecord): Promise<void> {
    const { store } = this.#context;
    const record = store.sandboxes.get(id);
    if (!record || !this.#isUp(record)) return;
    await this.#endpoints.setNames(record, () =>
      store.containers
        .ofPod(id)
        .filter((member) => member.sandboxId === id)
        .filter((member) => member.id === joining?.id || this.#runs(member))
        .flatMap((member) => [member.name, member.id.slice(0, 12)]),
    );
  }

  /** Takes ports back; established connections go on. Idempotent. */
  async unpublish(id: string, ports: readonly PortMapping[]): Promise<void> {
    const record = this.#require(id);
    const keys = new Set(ports.map(portKey));
    const gone = record.published.filter((port) => keys.has(portKey(port)));
    if (gone.length === 0) return;
    await this.#endpoints.unpublish(record, gone);
    const published = record.published.filter((port) => !keys.has(portKey(port)));
    this.#save({ ...record, published });
  }

  /** A place on one more network, in the store first. A sandbox that is not up keeps it for its start. */
  async connect(id: string, endpoint: EndpointSpec): Promise<void> {
    const before = this.#require(id);
    this.#setEndpoints(before, [...endpointsOf(before), endpoint]);
    const record = this.#require(id);
    if (!(await this.#isUpNow(record))) return;
    try {
      this.#saveConnected(record, await this.#endpoints.attach(record, endpoint.ifname));
      this.#context.interrupt.check();
      await this.announce(id);
    } catch (error) {
      await this.#context.interrupt.shielded(() => this.disconnect(id, endpoint.ifname));
      throw error;
    }
  }

  /** A place on one network less. Idempotent. */
  async disconnect(id: string, ifname: string): Promise<void> {
    const record = this.#require(id);
    const isUp = await this.#isUpNow(record);
    const left = isUp ? await this.#endpoints.detach(record, ifname) : record;
    this.#context.store.db.transaction(() => {
      const others = endpointsOf(record).filter((endpoint) => endpoint.ifname !== ifname);
      this.#setEndpoints(record, others);
      if (isUp) this.#save({ ...record, ...left });
    });
  }

  /** Puts back what people and programs have removed of a running sandbox's networks. */
  async reload(id: string): Promise<void> {
    const record = this.#require(id);
    if (await this.#isUpNow(record)) await this.mend(record, true);
  }

  /** After a change that was killed: what has no attachment never was, the rest is as it should be. */
  async reconcile(id: string): Promise<void> {
    const record = this.#require(id);
    if (!(await this.#isUpNow(record))) return;
    for (const { ifname } of endpointsOf(record)) {
      if (!record.attachments[ifname]) await this.disconnect(id, ifname);
    }
    await this.reload(id);
    const { spec, published } = this.#require(id);
    const served = new Set(published.map(portKey));
    const waiting = spec.ports.filter((port) => !served.has(portKey(port)));
    // A publish that was killed. Where it cannot be, the ports stay reserved, and `unpublish` knows them.
    if (waiting.length > 0) await this.publish(id, waiting).catch(() => {});
  }

  /** As `detach`, of a sandbox that goes: nothing is written down. */
  discard(record: SandboxRecord): Promise<void> {
    return this.#endpoints.detachAll(record);
  }

  /** Takes the networks away; namespaces stay. Idempotent. */
  async detach(record: SandboxRecord): Promise<void> {
    await this.#endpoints.detachAll(record);
    this.#save(
      { ...record, attachments: {}, published: [] },
      record.state === 'ready' ? 'stopped' : record.state,
    );
  }

  /** With the addresses, so that the sandbox gets them again after a stop, a crash or a reboot. */
  #saveConnected(record: SandboxRecord, connected: Connected): void {
    this.#context.store.db.transaction(() => {
      this.#setEndpoints(
        record,
        endpointsOf(record).map((endpoint) => withAddresses(endpoint, connected)),
      );
      this.#save({ ...record, ...connected }, 'ready');
    });
  }

  #setEndpoints({ id }: SandboxRecord, endpoints: readonly EndpointSpec[]): void {
    const { spec } = this.#require(id);
    if (spec.network.kind !== 'own') return;
    const network = { ...spec.network, endpoints };
    this.#context.store.sandboxes.setSpec(id, { ...spec, network });
  }

  #runs({ state, bootId, process }: ContainerRecord): boolean {
    const isUp = state === 'running' || state === 'paused';
    return isUp && bootId === this.#context.facts.bootId && process !== undefined && isAlive(process);
  }

  /** For changes: where a keeper was killed, the next one sees the namespaces that live on. */
  async #isUpNow(record: SandboxRecord): Promise<boolean> {
    if (record.state !== 'ready') return false;
    await this.#context.inside();
    return this.#isUp(record);
  }

  #save(record: SandboxRecord, state = record.state): void {
    const { attachments, published, pause } = record;
    const { bootId } = this.#context.facts;
    this.#context.store.sandboxes.setState(record.id, state, bootId, { attachments, published, pause });
  }

  #require(id: string): SandboxRecord {
    const record = this.#context.store.sandboxes.get(id);
    if (!record) throw new PeapodError('NOT_FOUND', `no sandbox ${id.slice(0, 12)}`);
    return record;
  }
}

export function endpointsOf({ spec }: SandboxRecord): readonly EndpointSpec[] {
  return spec.network.kind === 'own' ? spec.network.endpoints : [];
}

/** In the order of the networks. */
export function attachmentsOf(record: SandboxRecord): Attachment[] {
  return endpointsOf(record).flatMap(({ ifname }) => record.attachments[ifname] ?? []);
}

function withAddresses(endpoint: EndpointSpec, { attachments }: Connected): EndpointSpec {
  const attachment = attachments[endpoint.ifname];
  if (!attachment) return endpoint;
  const formerAddresses = attachment.addresses.map((cidr) => cidr.split('/')[0] as string);
  return { ...endpoint, spec: { ...endpoint.spec, formerAddresses } };
}
