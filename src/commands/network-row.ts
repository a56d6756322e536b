import type { NetworkUserView, NetworkView } from '../engine/views.ts';
import { shortId } from './container-row.ts';
import { GoTime } from './template/values.ts';

/** A network as `network ls` and `network inspect` show it: podman's names, those of its netavark backend. */

export const networkHeadings: Readonly<Record<string, string>> = { ID: 'NETWORK ID' };

export function networkCells(view: NetworkView, noTrunc: boolean): string[] {
  return [shortId(view.id, noTrunc), view.name, view.driver];
}

type Json = Record<string, unknown>;

export function networkJson(view: NetworkView): Json {
  return {
    name: view.name,
    id: view.id,
    driver: view.driver,
    ...(view.networkInterface === '' ? {} : { network_interface: view.networkInterface }),
    created: created(view),
    ...(view.subnets.length === 0 ? {} : { subnets: view.subnets.map(subnetJson) }),
    ...(view.routes.length === 0 ? {} : { routes: view.routes }),
    ipv6_enabled: view.ipv6,
    internal: view.internal,
    dns_enabled: view.dnsEnabled,
    ...(view.dnsServers.length === 0 ? {} : { network_dns_servers: view.dnsServers }),
    ...(isEmpty(view.labels) ? {} : { labels: view.labels }),
    ...(isEmpty(view.options) ? {} : { options: view.options }),
    ipam_options: { driver: view.ipamDriver },
  };
}

/** As `networkJson`, then who is on the network; pods, which podman shows by their infra containers, apart. */
export function networkInspectJson(view: NetworkView): Json {
  const pods = view.users.filter(({ kind }) => kind === 'pod');
  const members = view.users.flatMap((user) =>
    (user.kind === 'container' ? [user] : user.members).map(
      ({ id, name }) => [id, { name, interfaces: interfacesJson(user) }] as const,
    ),
  );
  return {
    ...networkJson(view),
    containers: Object.fromEntries(members),
    pods: Object.fromEntries(
      pods.map((pod) => [pod.id, { name: pod.name, interfaces: interfacesJson(pod) }]),
    ),
    config_file: view.file,
  };
}

/** Go's names, for templates; as JSON it reads like the rest. */
export function networkRow(view: NetworkView, { noTrunc }: { noTrunc: boolean }): Json {
  return {
    ...networkFields(view),
    ID: shortId(view.id, noTrunc),
    Labels: Object.entries(view.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  };
}

export function networkInspectRow(view: NetworkView): Json {
  const json = networkInspectJson(view);
  const fields = {
    ...networkFields(view),
    Containers: new Map(Object.entries(json.containers as Json)),
    Pods: new Map(Object.entries(json.pods as Json)),
    ConfigFile: view.file,
  };
  return withJson(fields, json);
}

function networkFields(view: NetworkView): Json {
  return withJson(
    {
      Name: view.name,
      ID: view.id,
      Driver: view.driver,
      NetworkInterface: view.networkInterface,
      Created: GoTime.fromMs(view.createdAtMs),
      Subnets: view.subnets.map((one) =>
        withJson(
          {
            Subnet: one.subnet,
            Gateway: one.gateway ?? '',
            LeaseRange: one.leaseRange ? { StartIP: one.leaseRange.first, EndIP: one.leaseRange.last } : null,
          },
          subnetJson(one),
        ),
      ),
      Routes: view.routes.map((one) => withJson({ Destination: one.destination, Gateway: one.gateway }, one)),
      IPv6Enabled: view.ipv6,
      Internal: view.internal,
      DNSEnabled: view.dnsEnabled,
      NetworkDNSServers: view.dnsServers,
      Labels: new Map(Object.entries(view.labels)),
      Options: new Map(Object.entries(view.options)),
      IPAMOptions: new Map([['driver', view.ipamDriver]]),
    },
    networkJson(view),
  );
}

function created(view: NetworkView): string {
  return GoTime.fromMs(view.createdAtMs).rfc3339;
}

function subnetJson({ subnet, gateway, leaseRange }: NetworkView['subnets'][number]): Json {
  return {
    subnet,
    ...(gateway === undefined ? {} : { gateway }),
    ...(leaseRange ? { lease_range: { start_ip: leaseRange.first, end_ip: leaseRange.last } } : {}),
  };
}

function interfacesJson({ interfaces }: NetworkUserView): Json {
  return Object.fromEntries(
    interfaces.map(({ ifname, addresses, gateways, macAddress }) => [
      ifname,
      {
        subnets: addresses.map((ipnet) => {
          const gateway = gateways.find((one) => one.includes(':') === ipnet.includes(':'));
          return { ipnet, ...(gateway === undefined ? {} : { gateway }) };
        }),
        mac_address: macAddress,
      },
    ]),
  );
}

/** Not enumerable: a method would show among the fields. */
function withJson(fields: Json, json: Json): Json {
  return Object.defineProperty({ ...fields }, 'toJSON', { value: () => json });
}

function isEmpty(record: Readonly<Record<string, string>>): boolean {
  return Object.keys(record).length === 0;
}
