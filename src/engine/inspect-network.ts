import type { SandboxRecord } from '../store/records.ts';

/** podman's `HostIp`/`HostPort` pairs by `80/tcp`. */
export function portBindings(sandbox: SandboxRecord): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
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

function endpoint(sandbox: SandboxRecord | undefined): Endpoint {
  const attachment = sandbox?.attachment;
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
  netnsPath: string,
): Record<string, unknown> {
  const own = endpoint(sandbox);
  const network = sandbox?.spec.network;
  const networks =
    network?.kind === 'backend' && network.backend === 'bridge'
      ? {
          [network.spec.network]: {
            ...own,
            NetworkID: network.spec.network,
            DriverOpts: null,
            IPAMConfig: null,
            Links: null,
          },
        }
      : {};
  return {
    ...own,
    Bridge: '',
    SandboxID: sandbox?.id ?? '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: sandbox ? portBindings(sandbox) : {},
    SandboxKey: netnsPath,
    ...(Object.keys(networks).length > 0 ? { Networks: networks } : {}),
  };
}

/** `HostConfig.NetworkMode` as podman spells it. */
export function networkMode(sandbox: SandboxRecord | undefined, memberOfPod: boolean): string {
  const network = sandbox?.spec.network;
  if (!network) return '';
  if (memberOfPod) return 'pod';
  if (network.kind === 'backend') return network.backend;
  if (network.kind === 'netns') return `ns:${network.path}`;
  return network.kind === 'container' ? `container:${network.containerId}` : network.kind;
}
