import { PeapodError } from '../errors.ts';
import { isTerminal } from '../host/terminal.ts';
import { anyArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, int, string } from './flags.ts';
import { contentTrust, progressOf, registryAccess, registryFlags } from './image-flags.ts';

export const push = command({
  usage: '[options] IMAGE [DESTINATION]',
  description: `Copies an image to a registry, by default to where its name says. A destination may also be
docker-archive:FILE[:NAME], oci-archive:FILE[:NAME], oci:DIRECTORY[:TAG], dir:DIRECTORY or containers-storage:NAME.`,
  examples: [
    'push localhost:5000/app:v1',
    'push --creds me:secret app quay.io/me/app:v1',
    'push app oci:layout:v1',
  ],
  flags: {
    ...registryFlags,
    compress: bool("Compress layers of a directory ('dir:' only)"),
    'compression-format': string('Compress layers as gzip or zstd'),
    'compression-level': int('Compress layers with this level'),
    digestfile: string('Write the digest of the pushed image to this file'),
    ...contentTrust,
    format: string("Format of the manifest: oci, v2s2 or v2s1; the image's own by default", { short: 'f' }),
    quiet: bool('Do not show progress', { short: 'q' }),
    'remove-signatures': bool('Leave signatures out'),
    'sign-by': string('Sign with the GPG key of this fingerprint'),
    'sign-by-sigstore-private-key': string('Sign with the sigstore key in this file'),
    'sign-passphrase-file': string('File with the passphrase of the key'),
  },
  args: (args, name) => {
    if (args.length === 0 || args.length > 2)
      throw wrongArguments(`accepts between 1 and 2 arg(s), received ${args.length}`, name);
  },
  async run(call) {
    const { values, args } = call;
    const { images } = await call.engine();
    const { quiet } = values;
    await images.push(
      args[0] as string,
      {
        ...registryAccess(values),
        destination: args[1],
        format: values.format,
        compress: values.compress,
        compressionFormat: values['compression-format'],
        compressionLevel: values['compression-level'],
        digestFile: values.digestfile,
        removeSignatures: values['remove-signatures'],
        signBy: values['sign-by'],
        signByKey: values['sign-by-sigstore-private-key'],
        passphraseFile: values['sign-passphrase-file'],
        quiet,
      },
      progressOf(call, quiet),
    );
    return 0;
  },
});

export const save = command({
  usage: '[options] IMAGE [NAME...]',
  description: `Writes an image to an archive or a directory that load, podman and docker read. Further arguments are
names for it, or with -m further images.`,
  examples: [
    'save -o app.tar app',
    'save --format oci-archive app > app.tar',
    'save -m -o all.tar app database',
  ],
  flags: {
    compress: bool('Compress the layers of a docker-dir'),
    format: string('oci-archive, oci-dir, docker-archive or docker-dir', { default: 'docker-archive' }),
    'multi-image-archive': bool('All arguments are images (docker-archive only)', { short: 'm' }),
    output: string('Write to this file or directory instead of standard output', { short: 'o' }),
    quiet: bool('Do not show progress', { short: 'q' }),
    uncompressed: bool('Leave plain layers as they are (oci-archive and oci-dir)'),
  },
  args: anyArguments,
  async run(call) {
    const { format, output, quiet, compress, uncompressed } = call.values;
    if (call.args.length === 0) throw wrongArguments('need at least 1 argument', call.command);
    if (output === undefined && isTerminal(1))
      throw new PeapodError('INVALID_ARGUMENT', 'refusing to save to terminal. Use -o flag or redirect');
    const { images } = await call.engine();
    const several = call.values['multi-image-archive'];
    const request = { format, output, several, compress, uncompressed };
    await images.save(call.args, request, progressOf(call, quiet));
    return 0;
  },
});
