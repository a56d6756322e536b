import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { buildContainerenv, buildHostname, buildHosts } from '../container/etc-files.ts';
import { buildResolvConf, readHostResolvConf } from '../container/resolv-conf.ts';
import type { Attachment } from '../network/backend.ts';
import type { ContainerRecord } from '../store/records.ts';
import { version as peapodVersion } from '../version.ts';
import type { Context } from './context.ts';
import type { ReadySandbox } from './sandboxes.ts';

/**
 * Writes what a container finds as /etc/hosts, /etc/hostname, /etc/resolv.conf and /run/.containerenv. Files
 * are rewritten in place: a container may have them mounted already.
 */
export function writeEtcFiles(context: Context, record: ContainerRecord, sandbox: ReadySandbox): void {
  const { spec } = record;
  const dir = context.paths.containerRuntime(record.id);
  const { network, hostEntries, dns } = sandbox.record.spec;
  const hostNetwork = network.kind === 'host';
  const podName = record.podId ? context.store.names.nameOf(record.podId) : undefined;
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text, { mode: 0o644 });
  write(
    'hosts',
    buildHosts({
      base: readFileSync('/etc/hosts', 'utf8'),
      added: hostEntries.map((entry) => ({
        ...entry,
        address: addressOf(entry.address, sandbox.attachment),
      })),
      addresses: (sandbox.attachment?.addresses ?? []).map((cidr) => cidr.split('/')[0] as string),
      names: [spec.hostname, record.name, podName ?? ''],
      hostAddress: sandbox.attachment && hostAddress(sandbox.attachment),
    }),
  );
  write('hostname', buildHostname(spec.hostname));
  write(
    'resolv.conf',
    buildResolvConf({
      host: readHostResolvConf(),
      dns,
      networkServers: sandbox.attachment?.dns ?? [],
      networkSearches: sandbox.attachment?.dnsSearch ?? [],
      hostNetwork,
      ipv6: hostNetwork || (sandbox.attachment?.addresses.some((cidr) => cidr.includes(':')) ?? false),
    }),
  );
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

/** podman's word for the host in `--add-host`. */
function addressOf(word: string, attachment: Attachment | undefined): string {
  if (word !== 'host-gateway') return word;
  return (attachment && hostAddress(attachment)) ?? '127.0.0.1';
}

/** Where a pod finds its host: the bridge's own address, else any that the host has on a real interface. */
function hostAddress(attachment: Attachment): string | undefined {
  if (attachment.backend === 'bridge') return attachment.gateways[0];
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.find((address) => address && !address.internal && address.family === 'IPv4')?.address;
}
