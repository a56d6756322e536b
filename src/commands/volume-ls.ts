import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import { parseFilters } from './targets.ts';
import { volumeHeadings, volumeJson, volumeRow } from './volume-row.ts';

export const volumeLs = command({
  usage: '[options]',
  examples: ['volume ls', 'volume ls --filter dangling=true -q', 'volume ls --format json'],
  flags: {
    filter: array(
      'Show only what matches KEY=VALUE: name, label, label!, opt, dangling, driver, scope, anonymous, until, since, after',
      { short: 'f' },
    ),
    format: string("'json', or a Go template; 'table …' for columns"),
    noheading: bool('Do not print headers', { short: 'n', aliases: ['no-heading'] }),
    quiet: bool('Print only names', { short: 'q' }),
  },
  args: noArguments,
  async run(call) {
    const { values, stdout } = call;
    const filters = parseFilters(values.filter);
    const { volumes } = await call.engine();
    const found = await volumes.list(filters);
    if (values.quiet) for (const { name } of found) stdout.line(name);
    else if (isJson(values.format)) stdout.line(JSON.stringify(found.map(volumeJson), null, 2));
    else if (values.format !== undefined) {
      stdout.write(
        await report(values.format, found.map(volumeRow), {
          name: 'ls',
          typeName: 'volumes.listReporter',
          headings: volumeHeadings,
          noHeading: values.noheading,
        }),
      );
    } else if (found.length > 0) {
      const rows = found.map(({ name }) => ['local', name]);
      stdout.write(table(values.noheading ? rows : [['DRIVER', 'VOLUME NAME'], ...rows]));
    }
    return 0;
  },
});
