import { anyArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, list, string } from './flags.ts';
import { targets } from './targets.ts';

export const exec = command({
  usage: '[options] CONTAINER COMMAND [ARG...]',
  description: 'Runs a command in a running container and ends with its exit code.',
  examples: ['exec -it shell sh', 'exec -w /tmp web pwd', 'exec --user root web ls'],
  flags: {
    detach: bool('Run in the background', { short: 'd' }),
    env: array('Set an environment variable', { short: 'e' }),
    'env-file': list('Read environment variables from a file'),
    interactive: bool('Keep standard input open', { short: 'i' }),
    latest: bool('Act on the last created container', { short: 'l' }),
    privileged: bool('Give the command all capabilities'),
    tty: bool('Allocate a terminal', { short: 't' }),
    user: string('Run as this user (name or id, optionally with :group)', { short: 'u' }),
    workdir: string('Working directory inside the container', { short: 'w' }),
  },
  optionsFirst: true,
  args: anyArguments,
  async run(call) {
    const { values } = call;
    const [named, words] = values.latest ? [[], call.args] : [call.args.slice(0, 1), call.args.slice(1)];
    if (named.length === 0 && !values.latest)
      throw wrongArguments('exec requires the name or ID of a container or the --latest flag', call.command);
    if (words.length === 0)
      throw wrongArguments('must provide a non-empty command to start an exec session', call.command);
    const [name] = await targets({
      command: call.command,
      names: named,
      latest: values.latest,
      list: async (filters) => (await call.engine()).containers.list(filters),
    });
    const { containers } = await call.engine();
    return containers.exec(name as string, {
      command: words,
      env: values.env,
      envFiles: values['env-file'],
      workdir: values.workdir,
      user: values.user,
      privileged: values.privileged,
      interactive: values.interactive,
      tty: values.tty,
      detach: values.detach,
    });
  },
});
