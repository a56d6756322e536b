import type { ContainerView } from '../engine/views.ts';
import { PeapodError } from '../errors.ts';
import { noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { containerCells, containerHeadings, containerJson, containerRow, shortId } from './container-row.ts';
import { array, bool, int, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import { parseFilters } from './targets.ts';

const headings = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'];

export const ps = command({
  usage: '[options]',
  description: 'Lists running containers; with --all every one.',
  examples: ['ps -a', 'ps --pod', 'ps -a --format "{{.ID}}  {{.Image}}  {{.Labels}}  {{.Mounts}}"'],
  flags: {
    all: bool('Show all the containers, default is only running containers', { short: 'a' }),
    filter: array('Show only what matches KEY=VALUE, such as name, id, status, pod, label', { short: 'f' }),
    format: string("'json', or a Go template; 'table …' for columns"),
    last: int('Show the n last created containers, in any state', { short: 'n', default: '-1, not in use' }),
    latest: bool('Show the last created container', { short: 'l' }),
    'no-trunc': bool('Do not truncate output', { aliases: ['notruncate'] }),
    noheading: bool('Do not print headers', { aliases: ['no-heading'] }),
    pod: bool('Show the id and name of the pod that a container is in', { short: 'p' }),
    quiet: bool('Print only ids', { short: 'q' }),
    sort: string('Sort by command, created, id, image, names, runningfor or status', { value: 'choice' }),
  },
  args: noArguments,
  async run(call) {
    const { values, stdout } = call;
    const sort = sorter(values.sort);
    const last = values.latest ? 1 : values.last;
    if (values.latest && values.last !== undefined && values.last >= 0)
      throw wrongArguments('last and latest are mutually exclusive', call.command);

    const limited = last !== undefined && last >= 0;
    const filters = parseFilters(values.filter);
    const anyState = values.all || limited || filters.status !== undefined;
    const engine = await call.engine();
    let found = await engine.containers.list(
      anyState ? filters : { ...filters, status: ['running', 'restarting'] },
    );
    found = [...found].sort(byCreation);
    if (limited) found = last === 0 ? found : found.slice(-last);
    if (sort !== undefined) found.sort(sort);

    const options = { noTrunc: values['no-trunc'], nowMs: call.nowMs() };
    if (isJson(values.format)) {
      const rows = found.map((view) => containerJson(view, options.nowMs));
      stdout.line(JSON.stringify(rows, null, 2));
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
      for (const { id } of found) stdout.line(shortId(id, options.noTrunc));
    } else {
      const rows = found.map((view) => containerCells(view, options, values.pod));
      const heading = values.pod ? [...headings, 'POD ID', 'PODNAME'] : headings;
      stdout.write(table(values.noheading ? rows : [heading, ...rows]));
    }
    return 0;
  },
});

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

function sorter(key: string | undefined): Order | undefined {
  if (key === undefined) return undefined;
  if (Object.hasOwn(orders, key)) return orders[key];
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `invalid argument "${key}" for "--sort" flag: not a valid value`,
    {
      hint: `choose from: ${Object.keys(orders).join(', ')}`,
    },
  );
}
