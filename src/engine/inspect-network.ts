import type { Attachment } from '../network/backend.ts';
import type { SandboxRecord } from '../store/records.ts';
import { endpointsOf } from './sandbox-networks.ts';

type PortBindings = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** podman's `HostIp`/`HostPort` pairs by `80/tcp`; null for what is exposed and not published. */
export function portBindings(sandbox: SandboxRecord, exposed: readonly string[] = []): PortBindings {
  const bindings: PortBindings = Object.fromEntries(exposed.map((port) => [port, null]));
  const ports = sandbox.published.length > 0 ? sandbox.published : sandbox.spec.ports;
  for (const port of ports) {
    const key = `${port.containerPort}/${port.protocol}`;
    bindings[key] ??= [];
    bindings[key].push({ HostIp: port.hostIp, HostPort: String(port.hostPort) });
  }
  return bindings;
}

interface Endpoint {
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly IPv6Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly MacAddress: string;
}

function endpointView(attachment: Attachment | undefined): Endpoint {
  const [address4 = '', prefix4 = '0'] =
    attachment?.addresses.find((cidr) => !cidr.includes(':'))?.split('/') ?? [];
  const [address6 = '', prefix6 = '0'] =
    attachment?.addresses.find((cidr) => cidr.includes(':'))?.split('/') ?? [];
  return {
    EndpointID: '',
    Gateway: attachment?.gateways.find((address) => !address.includes(':')) ?? '',
    IPAddress: address4,
    IPPrefixLen: Number(prefix4),
    IPv6Gateway: attachment?.gateways.find((address) => address.includes(':')) ?? '',
    GlobalIPv6Address: address6,
    GlobalIPv6PrefixLen: Number(prefix6),
    MacAddress: attachment?.macAddress ?? '',
  };
}

/** `NetworkSettings` of podman's InspectContainerData. */
export function networkSettings(
  sandbox: SandboxRecord | undefined,
  exposed: readonly string[],
  netnsPath: string,
): Record<string, unknown> {
  const endpoints = sandbox ? endpointsOf(sandbox) : [];
  const views = endpoints.map(({ backend, ifname, spec }) => ({
    backend,
    network: spec.network,
    aliases: spec.options.alias?.split(',') ?? [],
    view: endpointView(sandbox?.attachments[ifname]),
  }));
  const networks = Object.fromEntries(
    views
      .filter(({ backend }) => backend === 'bridge')
      .map(({ network, aliases, view }) => [
        network,
        {
          ...view,
          NetworkID: network,
          DriverOpts: null,
          IPAMConfig: null,
          Links: null,
          ...(aliases.length > 0 ? { Aliases: aliases } : {}),
        },
      ]),
  );
  return {
    // podman has these for one network only: the first.
    ...(views[0]?.view ?? endpointView(undefined)),
    Bridge: '',
    SandboxID: sandbox?.id ?? '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: sandbox ? portBindings(sandbox, exposed) : {},
    SandboxKey: netnsPath,
    ...(Object.keys(networks).length > 0 ? { Networks: networks } : {}),
  };
}

/** `HostConfig.NetworkMode` as podman spells it. */
export function networkMode(sandbox: SandboxRecord | undefined, memberOfPod: boolean): string {
  const network = sandbox?.spec.network;
  if (!network) return '';
  if (memberOfPod) return 'pod';
  if (network.kind === 'own') return network.endpoints[0]?.backend ?? 'none';
  if (network.kind === 'netns') return `ns:${network.path}`;
  return network.kind === 'container' ? `container:${network.containerId}` : network.kind;
}
