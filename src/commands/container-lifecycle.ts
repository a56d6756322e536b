import { anyArguments, wrongArguments } from './arguments.ts';
import { chooseContainers, chosenContainers, filterFlag } from './chosen.ts';
import { command } from './command.ts';
import { bool, string, uint } from './flags.ts';
import { overlap } from './overlap.ts';

const timeFlag = uint('Seconds to wait for the container to stop before killing it', {
  short: 't',
  aliases: ['timeout'],
  default: '10',
});

const ignoreFlag = bool('A container that does not exist is no error', { short: 'i' });

/** What `--all` means for verbs that end a container. */
const alive = ['running', 'paused', 'restarting'];

export const stop = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Stops running containers: the stop signal, then SIGKILL when the time is over.',
  examples: ['stop web', 'stop --time 2 web 6e534f14da9d', 'stop --all'],
  flags: {
    ...chooseContainers,
    filter: { ...filterFlag, short: 'f' },
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

export const restart = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Stops containers and starts them again; one that does not run is only started.',
  examples: ['restart web', 'restart --time 2 web db', 'restart --running'],
  flags: {
    ...chooseContainers,
    filter: { ...filterFlag, short: 'f' },
    running: bool('Act on all running containers'),
    time: timeFlag,
  },
  args: anyArguments,
  async run(call) {
    const { values } = call;
    const { running } = values;
    if (running && (values.all || values.latest))
      throw wrongArguments('--running cannot be used with --all or --latest', call.command);
    const all = values.all || (running && values.filter.length === 0);
    const chosen = { ...call, values: { ...values, all } };
    const names = await chosenContainers(chosen, running ? ['running'] : undefined, true);
    const { containers } = await call.engine();
    return overlap(call, names, async (name) => {
      await containers.restart(name, values.time);
      return name;
    });
  },
});

export const init = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: `Makes all that containers need to run, namespaces, mounts and network, without starting their programs:
what can be looked at, or prepared, before the first instruction.`,
  examples: ['init web', 'init --all'],
  flags: { all: chooseContainers.all, latest: chooseContainers.latest },
  args: anyArguments,
  async run(call) {
    const names = await chosenContainers(call, ['created', 'exited']);
    const { containers } = await call.engine();
    return overlap(call, names, async (name) => {
      await containers.init(name);
      return name;
    });
  },
});

export const kill = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Sends SIGKILL, or the signal given, to the main process of running containers.',
  examples: ['kill web', 'kill --signal TERM 860a4b23'],
  flags: {
    ...chooseContainers,
    filter: filterFlag,
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
  examples: ['rm web', 'rm --force --all', 'rm --depend --force gateway'],
  flags: {
    ...chooseContainers,
    depend: bool('Remove the containers that depend on it, too: those on its network'),
    filter: filterFlag,
    force: bool('Stop a running container first', { short: 'f' }),
    ignore: ignoreFlag,
    time: timeFlag,
    volumes: bool('Remove the anonymous volumes of the container too', { short: 'v' }),
  },
  args: anyArguments,
  async run(call) {
    const { all, force, ignore, time: timeoutSeconds, volumes } = call.values;
    if (timeoutSeconds !== undefined && !force)
      throw wrongArguments('--force option must be specified to use the --time option', call.command);
    const depend = call.values.depend || all;
    const names = await chosenContainers(call);
    const engine = await call.engine();
    const work = async (name: string) => {
      const removed = await engine.containers.remove(name, { force, volumes, depend, timeoutSeconds });
      return [...removed.slice(0, -1), name].join('\n');
    };
    return overlap(call, names, work, {
      ignoreMissing: ignore || force || all,
      exitCodes: { NOT_FOUND: 1, WRONG_STATE: 2 },
    });
  },
});

/** conmon starts it when a container's main process has ended. */
export const cleanup = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description:
    'Records how containers have ended, and frees what only a running one needs. Running ones are left alone.',
  flags: {
    all: chooseContainers.all,
    exec: string('Remove only what is left of this session of exec'),
    latest: chooseContainers.latest,
    rm: bool('Remove the containers, too'),
    rmi: bool('Remove their images, too, which no container may have any more'),
  },
  args: anyArguments,
  async run(call) {
    const { all, exec: session, rm, rmi } = call.values;
    if (session !== undefined && (all || rmi))
      throw wrongArguments(`exec and ${all ? 'all' : 'rmi'} options conflict`, call.command);
    const ids = await chosenContainers(call, ['exited', 'stopped']);
    if (session !== undefined && ids.length > 1)
      throw wrongArguments('cannot use exec option when more than one container is given', call.command);
    const { containers } = await call.engine();
    const more = rm || rmi || session !== undefined;
    const request = more ? { remove: rm, removeImage: rmi, session } : undefined;
    return overlap(call, ids, async (id) => {
      await (request ? containers.cleanup(id, request) : containers.cleanup(id));
      return undefined;
    });
  },
});
