import { isTerminal } from '../host/terminal.ts';
import { wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, string } from './flags.ts';
import { platformFlags, progressOf } from './image-flags.ts';

export const importImage = command({
  usage: '[options] FILE|URL|- [NAME]',
  description: `Makes an image of an archive of files, such as export writes: a file, a download, or standard input. It may be
compressed by gzip or zstd. Prints the image's id.`,
  examples: ['import root.tar app:1', 'export web | peapod import --change \'CMD ["sh"]\' - web:flat'],
  flags: {
    ...platformFlags,
    change: array('Instruction for the image: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, …', { short: 'c' }),
    message: string('Comment in the history of the image', { short: 'm' }),
    quiet: bool('Do not show progress', { short: 'q' }),
  },
  args: (args, name) => {
    if (args.length === 0 || args.length > 2)
      throw wrongArguments(`accepts between 1 and 2 arg(s), received ${args.length}`, name);
  },
  async run(call) {
    const { values, args } = call;
    const [source = '', name] = args;
    if (source === '-' && isTerminal(0))
      throw wrongArguments('cannot read from terminal, use command-line redirection', call.command);
    const { images } = await call.engine();
    const { arch, os, variant, message } = values;
    const request = { source, name, changes: values.change, message, arch, os, variant };
    call.stdout.line(`sha256:${await images.import(request, progressOf(call, values.quiet))}`);
    return 0;
  },
});
