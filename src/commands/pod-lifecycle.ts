import { anyArguments } from './arguments.ts';
import { choosePods, chosenPods } from './chosen.ts';
import { command } from './command.ts';
import { array, bool, string, uint } from './flags.ts';
import { overlap } from './overlap.ts';

const chooseFlags = {
  ...choosePods,
  'pod-id-file': array('Read the id of the pod from this file'),
} as const;

const timeFlag = uint('Seconds to wait for containers to stop before killing them', {
  short: 't',
  aliases: ['timeout'],
  default: '10',
});

const ignoreFlag = bool('A pod that does not exist is no error', { short: 'i' });

export const podStart = command({
  usage: '[options] POD [POD...]',
  description: "Starts the pod's network and all of its containers. Prints the id of each pod.",
  examples: ['pod start web', 'pod start --all'],
  flags: chooseFlags,
  args: anyArguments,
  async run(call) {
    const names = await chosenPods(call);
    const engine = await call.engine();
    return overlap(call, names, (name) => engine.pods.start(name));
  },
});

export const podStop = command({
  usage: '[options] POD [POD...]',
  description: 'Stops all containers of the pod, then its network. Prints the id of each pod.',
  examples: ['pod stop web', 'pod stop --time 0 490eb 3557fb'],
  flags: { ...chooseFlags, ignore: ignoreFlag, time: timeFlag },
  args: anyArguments,
  async run(call) {
    const names = await chosenPods(call);
    const engine = await call.engine();
    const { ignore, time } = call.values;
    return overlap(call, names, (name) => engine.pods.stop(name, time), { ignoreMissing: ignore });
  },
});

export const podRemove = command({
  usage: '[options] POD [POD...]',
  description:
    'Removes pods. One with containers is refused without --force; with it, they are stopped and removed first.',
  examples: ['pod rm web', 'pod rm -f -a'],
  flags: {
    ...chooseFlags,
    force: bool('Stop and remove the containers of the pod first', { short: 'f' }),
    ignore: ignoreFlag,
    time: timeFlag,
  },
  args: anyArguments,
  async run(call) {
    const names = await chosenPods(call);
    const engine = await call.engine();
    const { force, ignore, time: timeoutSeconds } = call.values;
    return overlap(call, names, (name) => engine.pods.remove(name, { force, timeoutSeconds }), {
      ignoreMissing: ignore || force,
      exitCodes: { NOT_FOUND: 1 },
    });
  },
});

export const podRestart = command({
  usage: '[options] POD [POD...]',
  description: 'Stops all containers of the pod and its network, then starts them again.',
  examples: ['pod restart web', 'pod restart --all'],
  flags: choosePods,
  args: anyArguments,
  async run(call) {
    const names = await chosenPods(call);
    const { pods } = await call.engine();
    return overlap(call, names, (name) => pods.restart(name));
  },
});

export const podKill = command({
  usage: '[options] POD [POD...]',
  description:
    'Sends SIGKILL, or the signal given, to the main process of each running container of the pod.',
  examples: ['pod kill web', 'pod kill --signal TERM web'],
  flags: {
    ...choosePods,
    signal: string('Signal to send, by name or number', { short: 's', default: 'KILL' }),
  },
  args: anyArguments,
  async run(call) {
    const names = await chosenPods(call);
    const { pods } = await call.engine();
    return overlap(call, names, (name) => pods.kill(name, call.values.signal ?? 'KILL'));
  },
});
