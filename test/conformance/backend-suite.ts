import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Attachment, NetworkTarget, PodNetworkSpec } from '../../src/network/backend.ts';
import type { PortMapping } from '../../src/network/types.ts';
import type { ConformanceEnvironment } from './environment.ts';

const port = (hostPort: number, containerPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  protocol: 'tcp',
  hostIp: '',
  hostPort,
  containerPort,
  ...more,
});
const coded = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

/** What every backend must do, whatever it is made of. */
export function describeBackend(name: string, makeEnvironment: () => Promise<ConformanceEnvironment>): void {
  describe(`the ${name} backend`, () => {
    let env: ConformanceEnvironment;
    let targets: NetworkTarget[] = [];
    const spec = (more: Partial<PodNetworkSpec> = {}): PodNetworkSpec => ({
      network: env.network,
      options: {},
      staticAddresses: [],
      ports: [],
      ...more,
    });
    const attached = async (more: Partial<PodNetworkSpec> = {}) => {
      const target = env.makeTarget();
      targets.push(target);
      const attachment = await env.backend.attach(target, spec(more));
      return { target, attachment };
    };
    const addressOf = ({ addresses }: Attachment) => addresses[0]?.split('/')[0] ?? '';

    beforeAll(async () => {
      env = await makeEnvironment();
    });
    // A test that failed half-way must not make the next ones fail.
    afterEach(async () => {
      for (const target of targets) await env.backend.detach(target);
      targets = [];
      env.clear();
    });
    afterAll(() => env.close());

    it('gives a pod its interface, addresses and default route, and tells them truly [A1, A8, A10]', async () => {
      const { target, attachment } = await attached();
      const seen = env.look(target);
      expect(seen.interfaces).toContain(attachment.ifname);
      expect(seen.addresses).toEqual(expect.arrayContaining([...attachment.addresses]));
      expect(seen.defaultGateways).toEqual(attachment.gateways);
      expect(attachment.backend).toBe(env.backend.name);
      expect(Buffer.byteLength(attachment.ifname)).toBeLessThan(16);
      expect(JSON.parse(JSON.stringify(attachment))).toEqual(attachment);
      await env.backend.check(target, attachment, []);
      await env.backend.detach(target, attachment);
      await expect.poll(() => env.look(target).interfaces).toEqual(['lo']);
    });

    it('leaves nothing after detach, called twice or without the attachment', async () => {
      const { target, attachment } = await attached();
      await env.backend.publish(target, attachment, [port(8080, 80)]);
      await env.backend.detach(target, attachment);
      await env.backend.detach(target, attachment);
      await env.backend.detach(target);
      expect(env.leftovers()).toEqual([]);

      const other = await attached();
      await env.backend.publish(other.target, other.attachment, [port(8080, 80, { protocol: 'udp' })]);
      await env.backend.detach(other.target);
      expect(env.leftovers()).toEqual([]);
    });

    it('detaches a pod whose namespace is gone, and one that was never attached', async () => {
      const { target, attachment } = await attached();
      await env.backend.publish(target, attachment, [port(8080, 80)]);
      env.destroyNamespace(target);
      await env.backend.detach(target, attachment);
      await env.backend.detach(env.makeTarget());
      expect(env.leftovers()).toEqual([]);
    });

    it('undoes a failed attach, and the next one succeeds', async () => {
      const broken = env.makeTarget();
      env.destroyNamespace(broken);
      await expect(env.backend.attach(broken, spec())).rejects.toThrow();
      expect(env.leftovers()).toEqual([]);
      const { target, attachment } = await attached();
      await env.backend.detach(target, attachment);
    });

    it('publishes ports on every address of the host, loopback too, and takes them back [A5, A7]', async () => {
      const { target, attachment } = await attached();
      await env.serve(target, 'tcp', 80);
      expect(env.ask('127.0.0.1', 'tcp', 8080)).toBeUndefined();
      const published = await env.backend.publish(target, attachment, [port(8080, 80), port(8081, 80)]);
      expect(published).toMatchObject([port(8080, 80), port(8081, 80)]);
      expect(JSON.parse(JSON.stringify(published))).toEqual(published);
      expect(env.ask('127.0.0.1', 'tcp', 8080)).toBe(target.id);
      expect(env.ask('198.51.100.1', 'tcp', 8081)).toBe(target.id);
      await env.backend.check(target, attachment, published);
      expect(await env.backend.missingHelpers(target, attachment, published)).toEqual([]);

      await env.backend.unpublish(target, attachment, published.slice(0, 1));
      expect(env.ask('127.0.0.1', 'tcp', 8080)).toBeUndefined();
      expect(env.ask('127.0.0.1', 'tcp', 8081)).toBe(target.id);
      expect(await env.backend.missingHelpers(target, attachment, published.slice(1))).toEqual([]);
      await env.backend.unpublish(target, attachment, published);
      await env.backend.unpublish(target, attachment, published);
      expect(env.ask('127.0.0.1', 'tcp', 8081)).toBeUndefined();
      await env.backend.detach(target, attachment);
      expect(env.leftovers()).toEqual([]);
    });

    it('publishes on one address only where one is named [A6]', async () => {
      const { target, attachment } = await attached();
      await env.serve(target, 'tcp', 80);
      await env.backend.publish(target, attachment, [port(8080, 80, { hostIp: '127.0.0.1' })]);
      expect(env.ask('127.0.0.1', 'tcp', 8080)).toBe(target.id);
      expect(env.ask('198.51.100.1', 'tcp', 8080)).toBeUndefined();
      await env.backend.detach(target, attachment);
    });

    it('publishes udp beside tcp on one number', async () => {
      const { target, attachment } = await attached();
      await env.serve(target, 'udp', 53);
      await env.backend.publish(target, attachment, [port(5353, 53), port(5353, 53, { protocol: 'udp' })]);
      expect(env.ask('127.0.0.1', 'udp', 5353)).toBe(target.id);
      await env.backend.detach(target, attachment);
      expect(env.ask('127.0.0.1', 'udp', 5353)).toBeUndefined();
    });

    it('refuses a host port that is taken, naming the holder, and publishes none of the others', async () => {
      const { target, attachment } = await attached();
      await env.serve(target, 'tcp', 80);
      const free = await env.occupy(8081);
      const wanted = [port(8080, 80), port(8081, 80), port(8082, 80)];
      await expect(env.backend.publish(target, attachment, wanted)).rejects.toThrow(
        coded('PORT_IN_USE', /8081\/tcp is in use by \S+/),
      );
      expect(env.ask('127.0.0.1', 'tcp', 8080)).toBeUndefined();
      await free();
      await env.backend.publish(target, attachment, wanted);
      expect(env.ask('127.0.0.1', 'tcp', 8082)).toBe(target.id);
      await env.backend.detach(target, attachment);
    });

    it('may be told ahead that ports will be published: without any, nothing of that stays', async () => {
      const { target, attachment } = await attached();
      await env.serve(target, 'tcp', 80);
      // The kernel adds routes for a link's own IPv6 address when it likes.
      const held = () => env.leftovers().filter((entry) => !entry.startsWith('route '));
      const before = held();
      const giveUp = await env.backend.expectPublish?.(target, attachment);
      await giveUp?.();
      await giveUp?.();
      await expect.poll(held).toEqual(before);

      await env.backend.expectPublish?.(target, attachment);
      const free = await env.occupy(8081);
      const wanted = [port(8080, 80), port(8081, 80)];
      await expect(env.backend.publish(target, attachment, wanted)).rejects.toThrow(coded('PORT_IN_USE'));
      await free();

      const tooLate = await env.backend.expectPublish?.(target, attachment);
      const published = await env.backend.publish(target, attachment, wanted);
      await tooLate?.();
      expect(env.ask('127.0.0.1', 'tcp', 8081)).toBe(target.id);
      await env.backend.unpublish(target, attachment, published);
      await expect.poll(held).toEqual(before);
      await env.backend.expectPublish?.(target, attachment);
      await env.backend.detach(target, attachment);
      await expect.poll(() => env.leftovers()).toEqual([]);
    });

    it('holds a published port: neither a second pod nor another program gets it', async () => {
      const first = await attached();
      const second = await attached();
      await env.backend.publish(first.target, first.attachment, [port(8080, 80)]);
      await expect(env.backend.publish(second.target, second.attachment, [port(8080, 80)])).rejects.toThrow(
        coded('PORT_IN_USE'),
      );
      await expect(env.occupy(8080)).rejects.toThrow();
      await env.backend.detach(first.target, first.attachment);
      await env.backend.publish(second.target, second.attachment, [port(8080, 80)]);
      await env.backend.detach(second.target, second.attachment);
      expect(env.leftovers()).toEqual([]);
    });

    it('tells drift, and nothing else', async () => {
      const { target, attachment } = await attached();
      const published = await env.backend.publish(target, attachment, [port(8080, 80)]);
      await env.backend.check(target, attachment, published);
      env.damage(target, attachment);
      await expect(env.backend.check(target, attachment, published)).rejects.toThrow(coded('NETWORK_DRIFT'));
      await env.backend.detach(target, attachment);
      expect(env.leftovers()).toEqual([]);
    });

    it('mends what was lost: the pod keeps its addresses and ports, and all is there again [A3, E4]', async () => {
      const { target, attachment } = await attached();
      await env.serve(target, 'tcp', 80);
      const ports = await env.backend.publish(target, attachment, [port(8080, 80)]);
      env.damage(target, attachment);
      const mended = await env.backend.mend(target, spec(), attachment, ports);
      const { addresses, gateways, ifname } = attachment;
      expect(mended.attachment).toMatchObject({ addresses, gateways, ifname });
      await env.backend.check(target, mended.attachment, mended.published);
      expect(await env.backend.missingHelpers(target, mended.attachment, mended.published)).toEqual([]);
      expect(env.ask('127.0.0.1', 'tcp', 8080)).toBe(target.id);
      const again = await env.backend.mend(target, spec(), mended.attachment, mended.published);
      expect(again.attachment).toMatchObject({ addresses, gateways, ifname });
      await env.backend.check(target, again.attachment, again.published);
      await env.backend.detach(target, again.attachment);
      expect(env.leftovers()).toEqual([]);
    });

    it('gives a pod the addresses again that it had, where they are free', async () => {
      const before = await attached();
      if (!env.backend.capabilities.staticAddress) {
        const { attachment } = await attached({ formerAddresses: ['10.123.0.9'] });
        expect(attachment.addresses).toEqual(before.attachment.addresses);
        return;
      }
      const formerAddresses = before.attachment.addresses.map((cidr) => cidr.split('/')[0] as string);
      const other = await attached({ formerAddresses });
      expect(addressOf(other.attachment)).not.toBe(addressOf(before.attachment));
      await env.backend.detach(before.target, before.attachment);
      const again = await attached({ formerAddresses });
      expect(again.attachment.addresses).toEqual(before.attachment.addresses);
    });

    it('keeps two pods apart: one goes, the other stays as it is', async () => {
      const [one, two] = await Promise.all([attached(), attached()]);
      await env.serve(two.target, 'tcp', 80);
      await env.backend.publish(one.target, one.attachment, [port(8080, 80)]);
      const published = await env.backend.publish(two.target, two.attachment, [port(8081, 80)]);
      await env.backend.detach(one.target, one.attachment);
      await env.backend.check(two.target, two.attachment, published);
      expect(env.ask('127.0.0.1', 'tcp', 8081)).toBe(two.target.id);
      await env.backend.detach(two.target, two.attachment);
      expect(env.leftovers()).toEqual([]);
    });

    it('does what its capabilities promise, and refuses the rest before anything is made [A11]', async () => {
      const { capabilities } = env.backend;
      const wish = spec({ staticAddresses: [env.staticAddress ?? '10.123.0.9'] });
      if (capabilities.staticAddress) {
        await env.backend.validate(wish);
        const { target, attachment } = await attached(wish);
        expect(addressOf(attachment)).toBe(env.staticAddress);
        const rival = env.makeTarget();
        await expect(env.backend.validate(wish)).rejects.toThrow(coded('ADDRESS_IN_USE'));
        await expect(env.backend.attach(rival, wish)).rejects.toThrow(coded('ADDRESS_IN_USE'));
        await env.backend.check(target, attachment, []);
        await expect(env.backend.validate(spec({ staticAddresses: ['192.0.2.77'] }))).rejects.toThrow(
          coded('ADDRESS_FOREIGN'),
        );
        await env.backend.detach(target, attachment);
      } else {
        await expect(env.backend.validate(wish)).rejects.toThrow(coded('NETWORK_UNSUPPORTED'));
      }
      for (const protocol of ['tcp', 'udp', 'sctp'] as const) {
        const validation = env.backend.validate(spec({ ports: [port(8080, 80, { protocol })] }));
        if (capabilities.protocols.includes(protocol)) await validation;
        else await expect(validation).rejects.toThrow(coded('NETWORK_UNSUPPORTED'));
      }
      await expect(env.backend.validate(spec({ options: { colour: 'red' } }))).rejects.toThrow(
        coded('INVALID_ARGUMENT', /colour/),
      );
      expect(env.leftovers()).toEqual([]);
    });

    it('connects pods by address exactly where it says so [A8]', async () => {
      const [one, two] = await Promise.all([attached(), attached()]);
      await env.serve(two.target, 'tcp', 80);
      const answer = env.ask(addressOf(two.attachment), 'tcp', 80, one.target);
      expect(answer === two.target.id).toBe(env.backend.capabilities.podToPod);
      await env.backend.detach(one.target, one.attachment);
      await env.backend.detach(two.target, two.attachment);
    });
  });
}
