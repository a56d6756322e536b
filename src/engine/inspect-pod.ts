import { posix } from 'node:path';
import type { MemberDefaults } from '../store/records/pod-options.ts';
import type { MountSpec, PodRecord, SandboxRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { inspectedTime, netnsPath } from './inspect.ts';
import { inspectPodLimits } from './inspect-host-config.ts';
import { inspectMounts } from './inspect-mounts.ts';
import { portBindings } from './inspect-network.ts';
import { networkNames } from './name-servers.ts';
import { parseVolume } from './parse-volume.ts';
import { attachmentsOf, endpointsOf } from './sandbox-networks.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { Views } from './views-of.ts';

/** podman's InspectPodData; `Network` is peapod's own, since there is no infra container to look at. */
export async function inspectPod(
  context: Context,
  views: Views,
  sandboxes: Sandboxes,
  pod: PodRecord,
): Promise<Record<string, unknown>> {
  const sandbox = context.store.sandboxes.get(pod.id) as SandboxRecord;
  const view = await views.pod(pod);
  const { spec } = sandbox;
  const { members = {} } = pod.options;
  const cgroupPath = view.cgroupParent;
  const { network } = spec;
  const endpoints = endpointsOf(sandbox);
  const attachments = attachmentsOf(sandbox);
  const drift = await sandboxes.networks.drift(sandbox);
  return {
    Id: pod.id,
    Name: pod.name,
    Created: inspectedTime(pod.createdAtMs),
    CreateCommand: pod.createCommand,
    State: view.status,
    Hostname: spec.hostname,
    Labels: pod.labels,
    CreateCgroup: spec.cgroup !== undefined,
    CgroupParent: cgroupPath && posix.dirname(cgroupPath),
    CgroupPath: cgroupPath,
    ...inspectPodLimits(spec.cgroup?.resources ?? {}),
    CreateInfra: false,
    InfraContainerID: '',
    InfraConfig: {
      PortBindings: portBindings(sandbox),
      HostNetwork: network.kind === 'host',
      StaticIP: endpoints[0]?.spec.staticAddresses[0] ?? '',
      StaticMAC: endpoints[0]?.spec.macAddress ?? '',
      DNSServer: spec.dns.servers,
      DNSSearch: spec.dns.searches,
      DNSOption: spec.dns.options,
      HostAdd: spec.hostEntries.map(({ host, address }) => `${host}:${address}`),
      Networks: view.networks,
      NetworkOptions: Object.fromEntries(endpoints.map((one) => [one.spec.network, one.spec.options])),
      NoManageResolvConf: spec.dns.servers.includes('none'),
      NoManageHosts: members.noHosts ?? false,
      pid_ns: members.pid ?? 'private',
      uts_ns: members.uts ?? 'private',
      userns: spec.userns?.mode ?? 'host',
    },
    ...inspectMembers(context, members),
    ExitPolicy: pod.options.exitPolicy ?? 'continue',
    SharedNamespaces: [...(spec.userns ? ['user'] : []), ...pod.shared],
    NumContainers: view.members.length,
    Containers: view.members.map(({ id, name, status }) => ({ Id: id, Name: name, State: status })),
    Network: {
      Backend: view.backend,
      Networks: view.networks,
      Attachments: attachments.map((attachment) => ({
        Network: attachment.network,
        Backend: attachment.backend,
        Interface: attachment.ifname,
        Addresses: attachment.addresses,
        Gateways: attachment.gateways,
        MacAddress: attachment.macAddress ?? '',
        MTU: attachment.mtuBytes,
        DNS: attachment.dns,
      })),
      Addresses: attachments.flatMap(({ addresses }) => addresses),
      DNS: spec.dns.servers.length > 0 ? spec.dns.servers : networkNames(attachments).servers,
      Ports: view.ports.map((port) => ({
        HostIp: port.hostIp,
        HostPort: port.hostPort,
        ContainerPort: port.containerPort,
        Protocol: port.protocol,
        Via: port.via,
      })),
      NamespacePath: netnsPath(context, sandbox),
      Missing: view.missing,
      // What the kernel or the firewall has lost of it.
      Drift: drift,
    },
  };
}

/** What every container of the pod gets. */
function inspectMembers(context: Context, members: MemberDefaults): Record<string, unknown> {
  const mounts = [...(members.inherited ?? []), ...(members.volumes ?? []).flatMap(mountOf)];
  return {
    ...(mounts.length > 0 ? { mounts: inspectMounts(context, mounts) } : {}),
    ...(members.securityOptions ? { security_opt: members.securityOptions } : {}),
    ...(members.volumesFrom ? { volumes_from: members.volumesFrom } : {}),
  };
}

/** Nothing for a directory that is gone since. */
function mountOf(word: string): MountSpec[] {
  try {
    return [parseVolume(word, '/')];
  } catch {
    return [];
  }
}
