import { anyArguments, atLeast, wrongArguments } from './arguments.ts';
import { type Call, command } from './command.ts';
import { array, bool, type FlagSet, string, uint } from './flags.ts';
import { overlap } from './overlap.ts';
import { targets } from './targets.ts';

const chooseFlags = {
  all: bool('Act on all containers', { short: 'a' }),
  cidfile: array('Read the id of the container from this file'),
  filter: array('Act on what matches KEY=VALUE'),
  latest: bool('Act on the last created container', { short: 'l' }),
} as const;

const timeFlag = uint('Seconds to wait for the container to stop before killing it', {
  short: 't',
  aliases: ['timeout'],
  default: '10',
});

const ignoreFlag = bool('A container that does not exist is no error', { short: 'i' });

/** What `--all` means for verbs that end a container. */
const alive = ['running', 'restarting'];

interface Chosen {
  readonly all: boolean;
  readonly latest: boolean;
  readonly cidfile: readonly string[];
  readonly filter: readonly string[];
}

async function chosenContainers(
  call: Pick<Call<FlagSet>, 'command' | 'args' | 'engine'> & { values: Chosen },
  states?: readonly string[],
) {
  const { values } = call;
  return targets({
    command: call.command,
    names: call.args,
    all: values.all,
    latest: values.latest,
    idFiles: values.cidfile,
    filters: values.filter,
    list: async (filters) => {
      const { containers } = await call.engine();
      return containers.list(states !== undefined && values.all ? { ...filters, status: states } : filters);
    },
  });
}

export const stop = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Stops running containers: the stop signal, then SIGKILL when the time is over.',
  examples: ['stop web', 'stop --time 2 web 6e534f14da9d', 'stop --all'],
  flags: {
    ...chooseFlags,
    filter: array('Act on what matches KEY=VALUE', { short: 'f' }),
    ignore: ignoreFlag,
    time: timeFlag,
  },
  args: anyArguments,
  async run(call) {
    const names = await chosenContainers(call, alive);
    const engine = await call.engine();
    const { ignore, time } = call.values;
    const work = async (name: string) => {
      await engine.containers.stop(name, time);
      return name;
    };
    return overlap(call, names, work, { ignoreMissing: ignore });
  },
});

export const kill = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Sends SIGKILL, or the signal given, to the main process of running containers.',
  examples: ['kill web', 'kill --signal TERM 860a4b23'],
  flags: {
    ...chooseFlags,
    signal: string('Signal to send, by name or number', { short: 's', default: 'KILL' }),
  },
  args: anyArguments,
  async run(call) {
    const names = await chosenContainers(call, alive);
    const engine = await call.engine();
    return overlap(call, names, async (name) => {
      await engine.containers.kill(name, call.values.signal ?? 'KILL');
      return name;
    });
  },
});

export const remove = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Removes containers. A running one is refused without --force. Images stay.',
  examples: ['rm web', 'rm --force --all'],
  flags: {
    ...chooseFlags,
    force: bool('Stop a running container first', { short: 'f' }),
    ignore: ignoreFlag,
    time: timeFlag,
    volumes: bool('Remove the anonymous volumes of the container too', { short: 'v' }),
  },
  args: anyArguments,
  async run(call) {
    const { force, ignore, time: timeoutSeconds, volumes } = call.values;
    if (timeoutSeconds !== undefined && !force)
      throw wrongArguments('--force option must be specified to use the --time option', call.command);
    const names = await chosenContainers(call);
    const engine = await call.engine();
    const work = async (name: string) => {
      await engine.containers.remove(name, { force, volumes, timeoutSeconds });
      return name;
    };
    return overlap(call, names, work, {
      ignoreMissing: ignore || force,
      exitCodes: { NOT_FOUND: 1, WRONG_STATE: 2 },
    });
  },
});

/** conmon starts it when a container's main process has ended. */
export const cleanup = command({
  usage: 'CONTAINER [CONTAINER...]',
  flags: {},
  args: atLeast(1),
  async run(call) {
    const engine = await call.engine();
    return overlap(call, call.args, async (id) => {
      await engine.containers.cleanup(id);
      return undefined;
    });
  },
});
