import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { buildContainerenv, buildHostname, buildHosts } from '../container/etc-files.ts';
import { mergeLines } from '../container/merge-lines.ts';
import { buildResolvConf, readHostResolvConf } from '../container/resolv-conf.ts';
import type { Attachment } from '../network/backend.ts';
import type { ContainerRecord } from '../store/records.ts';
import { version as peapodVersion } from '../version.ts';
import type { Context } from './context.ts';
import { networkNames } from './name-servers.ts';
import type { ReadySandbox } from './sandboxes.ts';

/** Files that say something about networks: they follow when a running container's networks change. */
const networkFiles = ['hosts', 'resolv.conf'] as const;

/** What was generated last, beside the file, which the container may have edited. */
const generated = (name: string) => `${name}.generated`;

/**
 * Writes what a container finds as /etc/hosts, /etc/hostname, /etc/resolv.conf and /run/.containerenv. Files
 * are rewritten in place: a container may have them mounted already.
 */
export function writeEtcFiles(context: Context, record: ContainerRecord, sandbox: ReadySandbox): void {
  const { spec } = record;
  const dir = context.paths.containerRuntime(record.id);
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text, { mode: 0o644 });
  for (const name of networkFiles) {
    const text = networkFile(name, context, record, sandbox);
    write(name, text);
    write(generated(name), text);
  }
  write('hostname', buildHostname(spec.hostname));
  write(
    '.containerenv',
    buildContainerenv({
      version: peapodVersion,
      name: record.name,
      id: record.id,
      imageName: spec.imageName,
      imageId: spec.rootfs.kind === 'image' ? spec.rootfs.imageId : '',
      rootless: context.facts.rootless,
      privileged: spec.privileged,
    }),
  );
}

/** After networks of a running container have come or gone; what somebody has written there stays. */
export function updateEtcFiles(context: Context, record: ContainerRecord, sandbox: ReadySandbox): void {
  const dir = context.paths.containerRuntime(record.id);
  for (const name of networkFiles) {
    const path = join(dir, name);
    const before = readFileSync(join(dir, generated(name)), 'utf8');
    const after = networkFile(name, context, record, sandbox);
    if (after === before) continue;
    writeFileSync(path, mergeLines(before, after, readFileSync(path, 'utf8')));
    writeFileSync(join(dir, generated(name)), after);
  }
}

function networkFile(
  name: (typeof networkFiles)[number],
  context: Context,
  record: ContainerRecord,
  { record: { spec }, attachments }: ReadySandbox,
): string {
  const addresses = attachments.flatMap((attachment) =>
    attachment.addresses.map((cidr) => cidr.split('/')[0] as string),
  );
  if (name === 'resolv.conf') {
    const hostNetwork = spec.network.kind === 'host';
    const names = networkNames(attachments);
    return buildResolvConf({
      host: readHostResolvConf(),
      dns: spec.dns,
      networkServers: names.servers,
      networkSearches: names.searches,
      hostNetwork,
      ipv6: hostNetwork || addresses.some((address) => address.includes(':')),
    });
  }
  const podName = record.podId ? context.store.names.nameOf(record.podId) : undefined;
  return buildHosts({
    base: readFileSync('/etc/hosts', 'utf8'),
    added: spec.hostEntries.map((entry) => ({
      ...entry,
      address: addressOf(entry.address, context, attachments),
    })),
    addresses,
    names: [record.spec.hostname, record.name, podName ?? ''],
    hostAddress: hostAddress(context, attachments),
  });
}

/** podman's word for the host in `--add-host`. */
function addressOf(word: string, context: Context, attachments: readonly Attachment[]): string {
  return word === 'host-gateway' ? (hostAddress(context, attachments) ?? '127.0.0.1') : word;
}

/**
 * Where a pod finds its host: the address of a bridge that is the host's own, not in a user's network namespace;
 * else any that the host has on a real interface.
 */
function hostAddress({ facts }: Context, attachments: readonly Attachment[]): string | undefined {
  if (attachments.length === 0) return undefined;
  const [gateway] = attachments.flatMap(({ backend, gateways }) => (backend === 'bridge' ? gateways : []));
  if (gateway && !facts.rootless) return gateway;
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.find((address) => address && !address.internal && address.family === 'IPv4')?.address;
}
