import { wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, string } from './flags.ts';
import { progressOf } from './image-flags.ts';

export const commit = command({
  usage: '[options] CONTAINER [IMAGE]',
  description: `Makes an image of what a container is now, running or not, and prints its id. What lies in volumes is not
part of it.`,
  examples: [
    'commit web web:changed',
    "commit --change 'CMD [\"nginx\"]' --change 'EXPOSE 80' web web:2",
    'commit --format docker --message "before the update" web web:3',
  ],
  flags: {
    author: string('Author of the image', { short: 'a' }),
    change: array('Instruction for the image: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, …', { short: 'c' }),
    format: string('oci or docker', { short: 'f', default: 'oci' }),
    iidfile: string('Write the id of the image to this file'),
    'include-volumes': bool('Volumes of the container become volumes of the image'),
    message: string("Comment of the image, in docker's format", { short: 'm' }),
    pause: bool('Pause the container meanwhile', { short: 'p' }),
    quiet: bool('Do not show progress', { short: 'q' }),
    squash: bool('Make one layer of all', { short: 's' }),
  },
  args: (args, name) => {
    if (args.length === 0 || args.length > 2)
      throw wrongArguments(`accepts between 1 and 2 arg(s), received ${args.length}`, name);
  },
  async run(call) {
    const { values, args } = call;
    const { files } = await call.engine();
    const request = {
      name: args[1],
      author: values.author,
      changes: values.change,
      format: values.format,
      message: values.message,
      pause: values.pause,
      squash: values.squash,
      includeVolumes: values['include-volumes'],
      idFile: values.iidfile,
    };
    call.stdout.line(await files.commit(args[0] as string, request, progressOf(call, values.quiet)));
    return 0;
  },
});
