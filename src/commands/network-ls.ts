import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import { networkCells, networkHeadings, networkJson, networkRow } from './network-row.ts';
import { parseFilters } from './targets.ts';

export const networkLs = command({
  usage: '[options]',
  description: 'Lists networks: those made here, those of other CNI runtimes, and the default one.',
  examples: ['network ls', 'network ls --filter dangling=true -q', 'network ls --format json'],
  flags: {
    filter: array('Show only what matches KEY=VALUE: name, id, driver, label, label!, until, dangling', {
      short: 'f',
    }),
    format: string("'json', or a Go template; 'table …' for columns"),
    'no-trunc': bool('Do not truncate ids', { aliases: ['notruncate'] }),
    noheading: bool('Do not print headers', { short: 'n', aliases: ['no-heading'] }),
    quiet: bool('Print only names', { short: 'q' }),
  },
  args: noArguments,
  async run(call) {
    const { values, stdout, stderr } = call;
    const filters = parseFilters(values.filter);
    const engine = await call.engine();
    const found = await engine.networks.list(filters, (line) => stderr.line(line));
    const noTrunc = values['no-trunc'];
    if (values.quiet) for (const { name } of found) stdout.line(name);
    else if (isJson(values.format)) stdout.line(JSON.stringify(found.map(networkJson), null, 2));
    else if (values.format !== undefined) {
      const rows = found.map((view) => networkRow(view, { noTrunc }));
      stdout.write(
        await report(values.format, rows, {
          name: 'ls',
          typeName: 'network.ListPrintReports',
          headings: networkHeadings,
          noHeading: values.noheading,
        }),
      );
    } else {
      const rows = found.map((view) => networkCells(view, noTrunc));
      stdout.write(table(values.noheading ? rows : [['NETWORK ID', 'NAME', 'DRIVER'], ...rows]));
    }
    return 0;
  },
});
