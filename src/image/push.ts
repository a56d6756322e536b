import { resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import { accessFlags, type RegistryAccess } from './access.ts';
import type { Found } from './lookup.ts';
import { layOut } from './outgoing.ts';
import { fullName, parseReference } from './reference.ts';
import { tlsFor } from './registry-tls.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

export interface PushOptions extends RegistryAccess {
  /** `oci`, `v2s2` or `v2s1`; the image's own where undefined. */
  readonly format?: string | undefined;
  readonly compressionFormat?: string | undefined;
  readonly compressionLevel?: number | undefined;
  /** `dir:` only. */
  readonly compress: boolean;
  readonly digestFile?: string | undefined;
  readonly removeSignatures: boolean;
  readonly signBy?: string | undefined;
  readonly signByKey?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly quiet: boolean;
}

const formats = ['oci', 'v2s2', 'v2s1'];
const transport = /^(docker:\/\/|docker-archive:|docker-daemon:|oci-archive:|oci:|dir:|containers-storage:)/;

/**
 * Copies an image to a registry, an archive, a directory or another tool's storage. Without a destination,
 * to where its name says. Throws INVALID_ARGUMENT, COMMAND_FAILED, NOT_FOUND.
 */
export async function pushImage(
  transfers: Transfers,
  { image, name }: Found,
  destination: string | undefined,
  options: PushOptions,
  progress: Progress,
): Promise<void> {
  if (options.format !== undefined && !formats.includes(options.format)) {
    throw new PeapodError('INVALID_ARGUMENT', `unknown format "${options.format}": choose oci, v2s2 or v2s1`);
  }
  if (options.compress && !destination?.startsWith('dir:')) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      '--compress can be set only when pushing to a directory using the "dir" transport',
    );
  }
  const target = resolveTarget(transfers, destination ?? name ?? image.names[0] ?? image.id, options);
  const flags = [
    ...accessFlags({ ...options, tlsVerify: target.tlsVerify }, 'dest-'),
    ...(options.format ? [`--format=${options.format}`] : []),
    ...(options.compress ? ['--dest-compress'] : []),
    ...(options.compressionFormat ? [`--dest-compress-format=${options.compressionFormat}`] : []),
    ...(options.compressionLevel === undefined ? [] : [`--dest-compress-level=${options.compressionLevel}`]),
    ...(options.digestFile ? [`--digestfile=${resolve(options.digestFile)}`] : []),
    ...(options.removeSignatures ? ['--remove-signatures'] : []),
    ...(options.signBy ? [`--sign-by=${options.signBy}`] : []),
    ...(options.signByKey ? [`--sign-by-sigstore-private-key=${options.signByKey}`] : []),
    ...(options.passphraseFile ? [`--sign-passphrase-file=${options.passphraseFile}`] : []),
    ...(options.quiet ? ['--quiet'] : []),
  ];
  const { stores, skopeo } = transfers;
  await transfers.run(async (workDirectory) => {
    const source = await layOut(stores.blobs, image, workDirectory, options.format);
    const report = options.quiet ? () => {} : progress;
    await skopeo.copy(source, target.name, { cwd: process.cwd(), flags, progress: report });
  });
}

function resolveTarget(
  transfers: Transfers,
  text: string,
  options: PushOptions,
): { name: string; tlsVerify: boolean | undefined } {
  const typed = transport.exec(text)?.[0];
  if (typed !== undefined && typed !== 'docker://') return { name: text, tlsVerify: options.tlsVerify };
  const unknown = /^([a-z][a-z-]*):\//.exec(text);
  if (typed === undefined && unknown) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `Invalid image name "${text}", unknown transport "${unknown[1]}"`,
      { hint: 'push takes docker://, docker-archive:, oci-archive:, oci:, dir: and containers-storage:' },
    );
  }
  const reference = parseReference(text.slice(typed?.length ?? 0));
  if (reference.registry === 'localhost') {
    throw new PeapodError('INVALID_ARGUMENT', `${fullName(reference)} names no registry to push to`, {
      hint: 'give a destination: peapod push IMAGE REGISTRY/REPOSITORY[:TAG]',
    });
  }
  return {
    name: `docker://${fullName(reference)}`,
    tlsVerify: tlsFor(transfers, reference, options),
  };
}
