import type { Engine } from '../engine/engine.ts';
import type { ContainerView } from '../engine/views.ts';
import { PeapodError } from '../errors.ts';
import { noArguments, wrongArguments } from './arguments.ts';
import { type Call, command } from './command.ts';
import {
  containerCells,
  containerHeadings,
  containerJson,
  containerRow,
  namespaceCells,
  namespaceHeadings,
  type RowOptions,
  shortId,
  sizeText,
} from './container-row.ts';
import { array, bool, type FlagValues, int, string, uint } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import { parseFilters } from './targets.ts';

const headings = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'];

const flags = {
  all: bool('Show all the containers, default is only running containers', { short: 'a' }),
  filter: array('Show only what matches KEY=VALUE, such as name, id, status, pod, label', { short: 'f' }),
  format: string("'json', or a Go template; 'table …' for columns"),
  last: int('Show the n last created containers, in any state', { short: 'n', default: '-1, not in use' }),
  latest: bool('Show the last created container', { short: 'l' }),
  'no-trunc': bool('Do not truncate output', { aliases: ['notruncate'] }),
  noheading: bool('Do not print headers', { aliases: ['no-heading'] }),
  pod: bool('Show the id and name of the pod that a container is in', { short: 'p' }),
  quiet: bool('Print only ids', { short: 'q' }),
  external: bool(
    'Show containers of other tools in the same storage, too: peapod shares its storage with none',
  ),
  ns: bool('Show the namespaces of running containers'),
  size: bool('Show what containers have written, and that with their image', { short: 's' }),
  sort: string('Sort by command, created, id, image, names, runningfor, size or status', {
    value: 'choice',
  }),
  sync: bool('Ask the kernel for the state of containers, which is done in any case'),
  watch: uint('Show it again after so many seconds, until interrupted', { short: 'w', value: 'seconds' }),
} as const;

export const ps = command({
  usage: '[options]',
  description: 'Lists running containers; with --all every one.',
  examples: [
    'ps -a',
    'ps --pod',
    'ps --size --sort size',
    'ps --watch 2',
    'ps -a --format "{{.ID}}  {{.Image}}  {{.Labels}}  {{.Mounts}}"',
  ],
  flags,
  args: noArguments,
  async run(call) {
    const { values } = call;
    sorter(values.sort);
    refuseConflicts(values, call.command);
    const { containers } = await call.engine();
    if (!values.watch) await show(call);
    else
      await containers.watch(values.watch * 1000, async () => {
        call.stdout.write('\x1b[2J\x1b[1;1H');
        await show(call);
        call.stdout.flush();
      });
    return 0;
  },
});

type Values = FlagValues<typeof flags>;

function refuseConflicts({ latest, last, quiet, size, ns, filter }: Values, typed: string): void {
  if (latest && last !== undefined && last >= 0)
    throw wrongArguments('last and latest are mutually exclusive', typed);
  if (quiet && (size || ns)) throw wrongArguments('quiet conflicts with size and namespace', typed);
  if (size && ns) throw wrongArguments('size and namespace options conflict', typed);
  parseFilters(filter);
}

async function show(call: Pick<Call, 'stdout' | 'engine' | 'nowMs'> & { values: Values }): Promise<void> {
  const { values, stdout } = call;
  const { containers } = await call.engine();
  const found = await chosen(containers, values);
  const ids = found.map(({ id }) => id);
  const options: RowOptions = {
    noTrunc: values['no-trunc'],
    nowMs: call.nowMs(),
    ...(values.size || values.sort === 'size' ? { sizes: await containers.sizes(ids) } : {}),
    ...(values.ns ? { namespaces: await containers.namespaces(ids) } : {}),
  };
  const sort = sorter(values.sort, options.sizes);
  if (sort !== undefined) found.sort(sort);
  if (isJson(values.format)) {
    stdout.line(
      JSON.stringify(
        found.map((view) => containerJson(view, options)),
        null,
        2,
      ),
    );
  } else if (values.format !== undefined) {
    const { GoTime } = await import('./template/values.ts');
    const rows = found.map((view) => containerRow(view, options, GoTime.fromMs));
    stdout.write(
      await report(values.format, rows, {
        name: 'ps',
        typeName: 'containers.psReporter',
        headings: containerHeadings,
        noHeading: values.noheading,
      }),
    );
  } else if (values.quiet) {
    for (const id of ids) stdout.line(shortId(id, options.noTrunc));
  } else stdout.write(table(tableOf(found, options, values)));
}

async function chosen(containers: Engine['containers'], values: Values): Promise<ContainerView[]> {
  const last = values.latest ? 1 : values.last;
  const limited = last !== undefined && last >= 0;
  const filters = parseFilters(values.filter);
  const anyState = values.all || limited || filters.status !== undefined;
  const listed = await containers.list(
    anyState ? filters : { ...filters, status: ['running', 'restarting'] },
  );
  const found = [...listed].sort(byCreation);
  return limited && last > 0 ? found.slice(-last) : found;
}

function tableOf(found: readonly ContainerView[], options: RowOptions, values: Values): string[][] {
  const [heading, cells] = values.ns
    ? [namespaceHeadings, (view: ContainerView) => namespaceCells(view, options)]
    : [
        [...headings, ...(values.pod ? ['POD ID', 'PODNAME'] : []), ...(values.size ? ['SIZE'] : [])],
        (view: ContainerView) => [
          ...containerCells(view, options, values.pod),
          ...(values.size ? [sizeText(view, options)] : []),
        ],
      ];
  const rows = found.map(cells);
  return values.noheading ? rows : [[...heading], ...rows];
}

type Order = (a: ContainerView, b: ContainerView) => number;

const byCreation: Order = (a, b) => a.createdAtMs - b.createdAtMs;
const by = (key: (view: ContainerView) => string): Order => {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
};

const orders: Readonly<Record<string, Order>> = {
  command: by((view) => view.command.join(' ')),
  created: byCreation,
  id: by((view) => view.id),
  image: by((view) => view.image),
  names: by((view) => view.name),
  runningfor: byCreation,
  status: by((view) => view.state),
};

function sorter(key: string | undefined, sizes?: RowOptions['sizes']): Order | undefined {
  if (key === undefined) return undefined;
  const written = ({ id }: ContainerView) => sizes?.get(id)?.rwBytes ?? 0;
  if (key === 'size') return (a, b) => written(a) - written(b);
  if (Object.hasOwn(orders, key)) return orders[key];
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `invalid argument "${key}" for "--sort" flag: not a valid value`,
    {
      hint: `choose from: ${[...Object.keys(orders), 'size'].sort().join(', ')}`,
    },
  );
}
