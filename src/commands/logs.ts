import type { LogSink } from '../engine/engine.ts';
import type { LogsRequest } from '../engine/requests.ts';
import { PeapodError } from '../errors.ts';
import { anyArguments, wrongArguments } from './arguments.ts';
import { type Call, command } from './command.ts';
import { bool, type FlagValues, int, string } from './flags.ts';
import { targets } from './targets.ts';

const logFlags = {
  color: bool('Show each container in a colour of its own'),
  follow: bool('Go on with what is written from now on', { short: 'f' }),
  latest: bool('Act on the last created one', { short: 'l' }),
  names: bool('Of several containers, print the names before the lines and not the ids', { short: 'n' }),
  since: string('Show lines since a time: RFC 3339, Unix seconds, or a duration back from now (10m)'),
  tail: int('Show only this many lines from the end', { default: '-1, all' }),
  timestamps: bool('Print the time before each line', { short: 't' }),
  until: string('Show lines until a time'),
} as const;

function logsRequest(values: FlagValues<typeof logFlags>): LogsRequest {
  return {
    follow: values.follow,
    tail: values.tail === undefined || values.tail < 0 ? undefined : values.tail,
    since: values.since,
    until: values.until,
    timestamps: values.timestamps,
    names: values.names,
    color: values.color,
  };
}

/** What a container wrote to its error goes to ours. */
function sinkOf(call: Pick<Call, 'stdout' | 'stderr'>): LogSink {
  return (stream, line, partial) => call[stream].write(partial ? line : `${line}\n`);
}

export const logs = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Prints what containers wrote, also of those that ended.',
  examples: ['logs web', 'logs --tail 2 web', 'logs --follow --since 10m web', 'logs --names web db'],
  flags: logFlags,
  args: anyArguments,
  async run(call) {
    const names = await targets({
      command: call.command,
      names: call.args,
      latest: call.values.latest,
      missing: 'specify at least one container name or ID to log',
      list: async (filters) => (await call.engine()).containers.list(filters),
    });
    const engine = await call.engine();
    await engine.containers.logs(names, logsRequest(call.values), sinkOf(call));
    return 0;
  },
});

export const podLogs = command({
  usage: '[options] POD',
  description: "Prints what the pod's containers wrote.",
  examples: ['pod logs web', 'pod logs --names --follow web', 'pod logs -c server web'],
  flags: { ...logFlags, container: string('Show only this container', { short: 'c' }) },
  args: anyArguments,
  async run(call) {
    const { values } = call;
    if (call.args.length > 1) throw wrongArguments('only one pod can be named', call.command);
    const [name] = await targets({
      command: call.command,
      names: call.args,
      latest: values.latest,
      missing: 'specify a pod name or ID to log',
      list: async (filters) => (await call.engine()).pods.list(filters),
    });
    const { pods, containers } = await call.engine();
    const request = logsRequest(values);
    if (values.container === undefined) await pods.logs(name as string, request, sinkOf(call));
    else {
      await requireMember(await pods.inspect(name as string), values.container);
      await containers.logs([values.container], request, sinkOf(call));
    }
    return 0;
  },
});

async function requireMember(pod: Readonly<Record<string, unknown>>, container: string): Promise<void> {
  const members = (pod.Containers ?? []) as readonly { Id: string; Name: string }[];
  if (members.some(({ Id, Name }) => Name === container || Id.startsWith(container))) return;
  throw new PeapodError('NOT_FOUND', `pod ${pod.Name} has no container "${container}"`, {
    hint: `its containers: ${members.map(({ Name }) => Name).join(', ') || 'none'}`,
  });
}
