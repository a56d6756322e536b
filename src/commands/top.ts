import type { Processes } from '../engine/engine.ts';
import { anyArguments, wrongArguments } from './arguments.ts';
import { type Call, command } from './command.ts';
import { bool, type FlagSet } from './flags.ts';
import { table } from './format/table.ts';
import { targets } from './targets.ts';

const usage = (kind: string) => `[options] ${kind} [FORMAT-DESCRIPTORS|ARGS...]`;

const note = `FORMAT-DESCRIPTORS are names of columns: args, capamb, capbnd, capeff, capinh, capprm, comm, etime, group, groups,
hgroup, hgroups, hpid, huser, label, nice, pcpu, pgid, pid, ppid, rgroup, rss, ruser, seccomp, state, stime,
time, tty, user and vsz, or ps(1)'s %C and the like. Anything else is handed to the ps of the container.`;

export const top = command({
  usage: usage('CONTAINER'),
  description: `Displays the running processes of a container.\n${note}`,
  examples: ['top web', 'top web pid seccomp args %C', 'top web -eo user,pid,comm'],
  flags: { latest: bool('Act on the last created container', { short: 'l' }) },
  optionsFirst: true,
  args: anyArguments,
  async run(call) {
    const { containers } = await call.engine();
    const [name, words] = await target(call, 'container', (filters) => containers.list(filters));
    return show(call, await containers.top(name, words));
  },
});

export const podTop = command({
  usage: usage('POD'),
  description: `Displays the running processes of all containers of a pod.\n${note}`,
  examples: ['pod top web', 'pod top web pid hpid user args'],
  flags: { latest: bool('Act on the last created pod', { short: 'l' }) },
  optionsFirst: true,
  args: anyArguments,
  async run(call) {
    const { pods } = await call.engine();
    const [name, words] = await target(call, 'pod', (filters) => pods.list(filters));
    return show(call, await pods.top(name, words));
  },
});

async function target(
  { args, command: typed, values }: Pick<Call<FlagSet>, 'args' | 'command'> & { values: { latest: boolean } },
  kind: string,
  list: Parameters<typeof targets>[0]['list'],
): Promise<[name: string, words: readonly string[]]> {
  const { latest } = values;
  if (!latest && args.length === 0)
    throw wrongArguments(`you must provide the name or id of a running ${kind}`, typed);
  const names = latest ? [] : args.slice(0, 1);
  const [name] = await targets({ command: typed, names, latest, list });
  return [name as string, latest ? args : args.slice(1)];
}

function show({ stdout }: Pick<Call, 'stdout'>, processes: Processes): number {
  if ('table' in processes) stdout.write(table(processes.table));
  else for (const line of processes.lines) stdout.line(line);
  return 0;
}
