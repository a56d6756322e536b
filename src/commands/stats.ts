import type { StatsRequest } from '../engine/container-flags.ts';
import type { StatsView } from '../engine/views.ts';
import { PeapodError } from '../errors.ts';
import { anyArguments, wrongArguments } from './arguments.ts';
import { type Call, type Command, command } from './command.ts';
import { bool, type FlagSet, int, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import { podStatsFormat, statsFormat } from './stats-row.ts';
import { targets } from './targets.ts';

const commonFlags = {
  format: string("'json', or a Go template; 'table …' for columns"),
  latest: bool('Act on the last created one', { short: 'l' }),
  'no-reset': bool('Print below, instead of anew from the top of the screen'),
  'no-stream': bool('Show what is used now, and end'),
} as const;

const defaultIntervalSeconds = 5;

export const stats: Command = command({
  usage: '[options] [CONTAINER...]',
  description: `Displays what running containers use: CPU, memory, network, block devices, processes. Goes on until it is
interrupted. The first line of a container has its average since its start.`,
  examples: [
    'stats --no-stream',
    'stats web',
    'stats -a --no-stream --format "table {{.Name}} {{.MemUsage}}"',
  ],
  flags: {
    ...commonFlags,
    all: bool('Show containers that do not run, too', { short: 'a' }),
    interval: int('Seconds between two samples', { short: 'i', default: '5' }),
    'no-trunc': bool('Do not truncate ids'),
  },
  args: anyArguments,
  async run(call) {
    const { values, args } = call;
    const { containers } = await call.engine();
    const names = await named(call, (filters) => containers.list(filters));
    const intervalSeconds = values.interval ?? defaultIntervalSeconds;
    if (intervalSeconds < 1)
      throw wrongArguments('invalid interval, must be a positive number greater zero', call.command);
    const request: StatsRequest = {
      ...(names.length > 0 ? { containers: names } : {}),
      all: values.all || args.length > 0,
      stream: !values['no-stream'],
      intervalMs: intervalSeconds * 1000,
    };
    return show(call, request, statsFormat(values['no-trunc']));
  },
});

export const podStats: Command = command({
  usage: '[options] [POD...]',
  description: 'Displays what the running containers of pods use, until it is interrupted.',
  examples: ['pod stats --no-stream', 'pod stats web'],
  flags: { ...commonFlags, all: bool('Show all pods', { short: 'a' }) },
  args: anyArguments,
  async run(call) {
    const { pods } = await call.engine();
    const names = await named(call, (filters) => pods.list(filters));
    const request: StatsRequest = {
      ...(names.length > 0 ? { pods: names } : {}),
      onlyPods: true,
      all: false,
      stream: !call.values['no-stream'],
      intervalMs: defaultIntervalSeconds * 1000,
    };
    return show(call, request, podStatsFormat);
  },
});

/** None for all. */
async function named(
  {
    args,
    values,
    command: typed,
  }: Pick<Call<FlagSet>, 'args' | 'command'> & {
    values: { all: boolean; latest: boolean };
  },
  list: Parameters<typeof targets>[0]['list'],
): Promise<readonly string[]> {
  if ([values.all, values.latest, args.length > 0].filter(Boolean).length > 1)
    throw new PeapodError('INVALID_ARGUMENT', '--all, --latest and containers cannot be used together');
  if (!values.latest) return args;
  return targets({ command: typed, names: [], latest: true, list });
}

/** How a kind of stats is written. */
export interface StatsFormat {
  readonly name: string;
  readonly typeName: string;
  readonly headings: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  row(view: StatsView): Record<string, string>;
  json(view: StatsView): Record<string, string>;
}

/** Moves to the top left of an emptied screen, see console_codes(4). */
const clearScreen = '\x1b[2J\x1b[1;1H';

async function show(
  call: Pick<Call, 'engine' | 'stdout'> & { values: { format: string | undefined; 'no-reset': boolean } },
  request: StatsRequest,
  format: StatsFormat,
): Promise<number> {
  const { values, stdout } = call;
  const { containers } = await call.engine();
  const reset = request.stream && !values['no-reset'] && !isJson(values.format);
  let written: Promise<void> = Promise.resolve();
  await containers.stats(request, (views) => {
    const text = write(values.format, views, format);
    written = written.then(async () => {
      stdout.write(`${reset ? clearScreen : ''}${await text}`);
      stdout.flush();
    });
  });
  await written;
  return 0;
}

async function write(
  template: string | undefined,
  views: readonly StatsView[],
  format: StatsFormat,
): Promise<string> {
  if (isJson(template)) return `${JSON.stringify(views.map(format.json), null, 1)}\n`;
  const rows = views.map((view) => format.row(view));
  if (template === undefined) {
    const heading = format.columns.map((column) => format.headings[column] ?? column);
    return table([heading, ...rows.map((row) => format.columns.map((column) => row[column] ?? ''))]);
  }
  const { name, typeName, headings } = format;
  return report(template, rows, { name, typeName, headings, noHeading: false });
}
