import { isatty } from 'node:tty';
import { atLeast, noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, optionalBool, string } from './flags.ts';
import { overlap } from './overlap.ts';

export const pull = command({
  usage: '[options] IMAGE [IMAGE...]',
  description: 'Pulls images from a registry and prints their ids. Without a tag that is `latest`.',
  examples: ['pull docker.io/library/nginx', 'pull --tls-verify=false localhost:5000/app:v1'],
  flags: {
    policy: string('When to pull: always, missing, never or newer', { default: 'always' }),
    quiet: bool('Do not show progress', { short: 'q' }),
    'tls-verify': optionalBool('Require HTTPS and verified certificates', { default: 'true' }),
  },
  args: atLeast(1),
  async run(call) {
    const { policy = 'always', quiet, 'tls-verify': tlsVerify } = call.values;
    const { images } = await call.engine();
    const progress = (line: string) => {
      if (!quiet) call.stderr.line(line);
    };
    const work = (reference: string) => images.pull(reference, { policy, tlsVerify, quiet }, progress);
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
    if (input === undefined && isatty(0))
      throw wrongArguments(
        'cannot read from terminal, use command-line redirection or the --input flag',
        call.command,
      );
    const { images } = await call.engine();
    const names = await images.load(input, (line) => {
      if (!quiet) call.stderr.line(line);
    });
    for (const name of names) call.stdout.line(`Loaded image: ${name}`);
    return 0;
  },
});
