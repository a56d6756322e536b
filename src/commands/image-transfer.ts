import { isTerminal } from '../host/terminal.ts';
import { atLeast, noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, string } from './flags.ts';
import { contentTrust, platformFlags, progressOf, registryAccess, registryFlags } from './image-flags.ts';
import { overlap } from './overlap.ts';

export const pull = command({
  usage: '[options] IMAGE [IMAGE...]',
  description: `Pulls images from a registry and prints their ids. Without a tag that is \`latest\`. An image may also be
docker-archive:FILE, oci-archive:FILE, oci:DIRECTORY or dir:DIRECTORY. What an interrupted pull has fetched is
kept for a day for the next attempt.`,
  examples: [
    'pull docker.io/library/nginx',
    'pull --tls-verify=false localhost:5000/app:v1',
    'pull --platform linux/arm64 quay.io/prometheus/busybox',
    'pull --all-tags localhost:5000/app',
  ],
  flags: {
    'all-tags': bool('Pull all tags of the repository', { short: 'a' }),
    ...contentTrust,
    ...platformFlags,
    platform: string('OS/ARCH[/VARIANT] to choose, instead of --arch, --os and --variant'),
    policy: string('When to pull: always, missing, never or newer', { default: 'always' }),
    quiet: bool('Do not show progress', { short: 'q' }),
    ...registryFlags,
  },
  args: atLeast(1),
  async run(call) {
    const { policy = 'always', quiet, arch, os, variant, platform } = call.values;
    const { images } = await call.engine();
    const request = {
      ...registryAccess(call.values),
      policy,
      quiet,
      allTags: call.values['all-tags'],
      arch,
      os,
      variant,
      platform,
    };
    const progress = progressOf(call, quiet);
    const work = async (reference: string) => {
      const ids = await images.pull(reference, request, progress);
      return ids.length === 0 ? undefined : ids.join('\n');
    };
    return overlap(call, call.args, work, { limit: 1 });
  },
});

export const load = command({
  usage: '[options]',
  description: 'Loads images from a docker-archive or oci-archive: a file, or standard input.',
  examples: ['load -i image.tar', 'load < image.tar'],
  flags: {
    input: string('Read from this file instead of standard input', { short: 'i' }),
    quiet: bool('Do not show progress', { short: 'q' }),
  },
  args: noArguments,
  async run(call) {
    const { input, quiet } = call.values;
    if (input === undefined && isTerminal(0))
      throw wrongArguments(
        'cannot read from terminal, use command-line redirection or the --input flag',
        call.command,
      );
    const { images } = await call.engine();
    const names = await images.load(input, progressOf(call, quiet));
    for (const name of names) call.stdout.line(`Loaded image: ${name}`);
    return 0;
  },
});
