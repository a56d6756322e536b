import { anyArguments } from './arguments.ts';
import { chooseContainers, choosePods, chosenContainers, chosenPods, filterFlag } from './chosen.ts';
import { type Command, command } from './command.ts';
import { overlap } from './overlap.ts';

const freezing = {
  pause: {
    does: 'Freezes all processes of',
    states: ['running'],
    note: '; they keep their memory and sockets',
  },
  unpause: { does: 'Lets the frozen processes of', states: ['paused'], note: ' go on' },
} as const;

export const pause = containerVerb('pause');
export const unpause = containerVerb('unpause');
export const podPause = podVerb('pause');
export const podUnpause = podVerb('unpause');

function containerVerb(verb: keyof typeof freezing): Command {
  const { does, states, note } = freezing[verb];
  return command({
    usage: '[options] CONTAINER [CONTAINER...]',
    description: `${does} containers${note}. Containers of an unprivileged user can be paused where they have a cgroup.`,
    examples: [`${verb} web`, `${verb} --all`],
    flags: { ...chooseContainers, filter: { ...filterFlag, short: 'f' } },
    args: anyArguments,
    async run(call) {
      const names = await chosenContainers(call, states, true);
      const { containers } = await call.engine();
      return overlap(call, names, async (name) => {
        await containers[verb](name);
        return name;
      });
    },
  });
}

function podVerb(verb: keyof typeof freezing): Command {
  const { does, note } = freezing[verb];
  return command({
    usage: '[options] POD [POD...]',
    description: `${does} all containers of pods${note}. Prints the id of each pod.`,
    examples: [`pod ${verb} web`, `pod ${verb} --all`],
    flags: choosePods,
    args: anyArguments,
    async run(call) {
      const names = await chosenPods(call);
      const { pods } = await call.engine();
      return overlap(call, names, (name) => pods[verb](name));
    },
  });
}
