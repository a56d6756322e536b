import type { PodView } from '../engine/views.ts';
import { PeapodError } from '../errors.ts';
import { noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import { memberColumns, podCells, podHeadings, podJson, podRow } from './pod-row.ts';
import { parseFilters } from './targets.ts';

const headings = ['POD ID', 'NAME', 'STATUS', 'CREATED', 'BACKEND', 'NETWORK', 'ADDRESSES', 'PORTS'];

export const podPs = command({
  usage: '[options]',
  description: 'Lists all pods with their state, network, addresses and published ports.',
  examples: ['pod ps', 'pod ps --ctr-names', 'pod ps --format "{{.Name}} {{.Backend}} {{.Addresses}}"'],
  flags: {
    'ctr-ids': bool('Show the ids of the containers'),
    'ctr-names': bool('Show the names of the containers'),
    'ctr-status': bool('Show the state of the containers'),
    filter: array('Show only what matches KEY=VALUE, such as name, id, status, label', { short: 'f' }),
    format: string("'json', or a Go template; 'table …' for columns"),
    latest: bool('Show the last created pod', { short: 'l' }),
    'no-trunc': bool('Do not truncate ids', { aliases: ['notruncate'] }),
    ns: bool('Show the namespaces that the containers share'),
    noheading: bool('Do not print headers', { short: 'n', aliases: ['no-heading'] }),
    quiet: bool('Print only ids', { short: 'q' }),
    sort: string('Sort by created, id, name, number or status', { default: 'created' }),
  },
  args: noArguments,
  async run(call) {
    const { values, stdout } = call;
    if (values.quiet && values.format !== undefined)
      throw wrongArguments('quiet and format cannot be used together', call.command);
    const sort = sorter(values.sort ?? 'created');
    const filters = parseFilters(values.filter);
    const engine = await call.engine();
    let found = [...(await engine.pods.list(filters))].sort(newestFirst);
    if (values.latest) found = found.slice(0, 1);
    found.sort(sort);

    const options = { noTrunc: values['no-trunc'], nowMs: call.nowMs() };
    if (isJson(values.format)) stdout.line(JSON.stringify(found.map(podJson), null, 2));
    else if (values.format !== undefined) {
      const rows = found.map((view) => podRow(view, options));
      stdout.write(
        await report(values.format, rows, {
          name: 'ps',
          typeName: 'pods.ListPodReporter',
          headings: podHeadings,
          noHeading: values.noheading,
        }),
      );
    } else if (values.quiet) for (const { id } of found) stdout.line(id);
    else {
      const chosen = Object.entries(memberColumns).filter(
        ([flag]) => values[flag as keyof typeof memberColumns],
      );
      const namespaces = values.ns
        ? [{ heading: 'NAMESPACES', cell: (view: PodView) => view.shared.join(',') }]
        : [];
      const counted =
        chosen.length > 0
          ? chosen.map(([, column]) => column)
          : [{ heading: '# OF CONTAINERS', cell: (view: PodView) => String(view.members.length) }];
      const last = [...namespaces, ...counted];
      const rows = found.map((view) => [
        ...podCells(view, options),
        ...last.map(({ cell }) => cell(view, options.noTrunc)),
      ]);
      const heading = [...headings, ...last.map((column) => column.heading)];
      stdout.write(table(values.noheading ? rows : [heading, ...rows]));
    }
    return 0;
  },
});

type Order = (a: PodView, b: PodView) => number;

const newestFirst: Order = (a, b) => b.createdAtMs - a.createdAtMs;
const by = (key: (view: PodView) => string): Order => {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
};

const orders: Readonly<Record<string, Order>> = {
  created: newestFirst,
  id: by((view) => view.id),
  name: by((view) => view.name),
  number: (a, b) => a.members.length - b.members.length,
  status: by((view) => view.status),
};

function sorter(key: string): Order {
  if (Object.hasOwn(orders, key)) return orders[key] as Order;
  throw new PeapodError('INVALID_ARGUMENT', `invalid option "${key}" for --sort`, {
    hint: `choose from: ${Object.keys(orders).join(', ')}`,
  });
}
