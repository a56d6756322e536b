import { isWildcard } from '../../src/network/ports-overlap.ts';
import { describeBackend } from './backend-suite.ts';
import type { ConformanceEnvironment } from './environment.ts';
import { FakeBackend, FakeHost } from './fake-backend.ts';

function makeFake(): ConformanceEnvironment {
  const host = new FakeHost();
  let made = 0;
  const namespaceOf = (target: { netnsPath: string }) => host.namespaces.get(target.netnsPath);
  return {
    backend: new FakeBackend(host),
    network: 'podman',
    staticAddress: '10.77.0.99',
    makeTarget(more = {}) {
      made += 1;
      const id = made.toString(16).padStart(64, '0');
      host.namespaces.set(`/ns/${id}`, { attachment: undefined, servers: new Set() });
      return {
        ...{ id, name: `pod${made}`, network: 'podman', ifname: 'eth0' },
        ...{ netnsPath: `/ns/${id}`, runtimeDir: `/run/${id}` },
        ...more,
      };
    },
    destroyNamespace: (target) => void host.namespaces.delete(target.netnsPath),
    look(target) {
      const attachment = namespaceOf(target)?.attachment;
      return {
        interfaces: attachment ? ['lo', attachment.ifname] : ['lo'],
        addresses: attachment?.addresses ?? [],
        defaultGateways: attachment?.gateways ?? [],
      };
    },
    async serve(target, protocol, port) {
      namespaceOf(target)?.servers.add(`${protocol}/${port}`);
    },
    ask(address, protocol, port) {
      for (const [path, { attachment, servers }] of host.namespaces) {
        const id = path.slice('/ns/'.length);
        const its = attachment?.addresses.some((cidr) => cidr.startsWith(`${address}/`));
        if (its && servers.has(`${protocol}/${port}`)) return id;
        const published = [...host.published.values()].find(
          (entry) =>
            entry.target === id &&
            entry.port.protocol === protocol &&
            entry.port.hostPort === port &&
            (isWildcard(entry.port.hostIp) || entry.port.hostIp === address),
        );
        if (published && servers.has(`${protocol}/${published.port.containerPort}`)) return id;
      }
      return undefined;
    },
    async occupy(port) {
      if (host.holderOf({ protocol: 'tcp', hostIp: '', hostPort: port, containerPort: 0 }))
        throw new Error('in use');
      host.occupied.add(port);
      return async () => void host.occupied.delete(port);
    },
    damage(target) {
      const namespace = namespaceOf(target);
      if (namespace) namespace.attachment = undefined;
    },
    leftovers: () => [
      ...[...host.published.keys()].map((key) => `port ${key}`),
      ...[...host.namespaces].flatMap(([path, { attachment }]) => (attachment ? [`address in ${path}`] : [])),
    ],
    clear() {
      host.namespaces.clear();
      host.published.clear();
    },
    close() {},
  };
}

describeBackend('fake', async () => makeFake());
