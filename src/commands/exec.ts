import { anyArguments, wrongArguments } from './arguments.ts';
import { detachKeysFlag } from './attach.ts';
import { command } from './command.ts';
import { array, bool, list, string, uint } from './flags.ts';
import { targets } from './targets.ts';

export const exec = command({
  usage: '[options] CONTAINER COMMAND [ARG...]',
  description: `Runs a command in a running container and ends with its exit code. On a terminal of its own (--tty), the detach
keys leave it running; --detach prints the id of its session.`,
  examples: ['exec -it shell sh', 'exec -w /tmp web pwd', 'exec --user root web ls'],
  flags: {
    detach: bool('Run in the background', { short: 'd' }),
    'detach-keys': detachKeysFlag,
    env: array('Set an environment variable', { short: 'e' }),
    'env-file': list('Read environment variables from a file'),
    interactive: bool('Keep standard input open', { short: 'i' }),
    latest: bool('Act on the last created container', { short: 'l' }),
    'preserve-fds': uint('Pass this many more file descriptors on, from 3 on', { default: '0' }),
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
    const [name] = await targets({
      command: call.command,
      names: named,
      latest: values.latest,
      list: async (filters) => (await call.engine()).containers.list(filters),
    });
    const { containers } = await call.engine();
    const preserveFds = values['preserve-fds'] ?? 0;
    if (preserveFds > 0 && (values.tty || values.detach))
      throw wrongArguments('--preserve-fds cannot be used with --tty or --detach', call.command);
    const request = {
      command: words,
      env: values.env,
      envFiles: values['env-file'],
      workdir: values.workdir,
      user: values.user,
      privileged: values.privileged,
      interactive: values.interactive,
      tty: values.tty,
      detach: values.detach,
      detachKeys: values['detach-keys'],
      preserveFds,
    };
    return containers.exec(name as string, request, (sessionId) => call.stdout.line(sessionId));
  },
});
