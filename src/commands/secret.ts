import { isTerminal } from '../host/terminal.ts';
import { anyArguments, exactly, noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, list, string } from './flags.ts';
import { report } from './format/report.ts';
import { table } from './format/table.ts';
import { ago } from './format/time.ts';
import { overlap } from './overlap.ts';
import { parseFilters } from './targets.ts';

export const secretCreate = command({
  usage: '[options] NAME FILE|-',
  description: `Creates a secret of what is in a file, on standard input ('-') or in a variable, and prints its id.
It is kept in a file that only you can read, and is shown by no command but 'secret inspect --showsecret'.`,
  examples: [
    'secret create password ./password.txt',
    'printf %s "$PASSWORD" | peapod secret create password -',
    'secret create --env password PASSWORD',
  ],
  flags: {
    driver: string('Only file', { short: 'd', default: 'file' }),
    'driver-opts': list('Options of the driver: path=DIRECTORY keeps the secret there'),
    env: bool('FILE is the name of an environment variable'),
    label: array('Set a label (key=value)', { short: 'l' }),
    replace: bool('Replace a secret of that name'),
  },
  args: exactly(2),
  async run(call) {
    const [name, source] = call.args as [string, string];
    const { driver, env, label, replace } = call.values;
    if (source === '-' && !env && isTerminal(0))
      throw wrongArguments('if `-` is used, data must be passed into stdin', call.command);
    const { secrets } = await call.engine();
    const driverOptions = call.values['driver-opts'];
    const request = { name, source, fromEnvironment: env, driver, driverOptions, labels: label, replace };
    call.stdout.line(await secrets.create(request));
    return 0;
  },
});

const headings = ['ID', 'NAME', 'DRIVER', 'CREATED', 'UPDATED'];

export const secretLs = command({
  usage: '[options]',
  examples: ['secret ls', 'secret ls --filter name=pass -q', "secret ls --format '{{.Name}} {{.CreatedAt}}'"],
  flags: {
    filter: array('Show only what matches KEY=VALUE: name, id', { short: 'f' }),
    format: string("'json', or a Go template; 'table …' for columns"),
    noheading: bool('Do not print headers', { short: 'n', aliases: ['no-heading'] }),
    quiet: bool('Print only ids', { short: 'q' }),
  },
  args: noArguments,
  async run(call) {
    const { values, stdout } = call;
    const filters = parseFilters(values.filter);
    const { secrets } = await call.engine();
    const rows = (await secrets.list(filters)).map(({ id, name, createdAtMs }) => {
      const created = ago(createdAtMs, call.nowMs());
      return { ID: id, Name: name, Driver: 'file', CreatedAt: created, UpdatedAt: created };
    });
    if (values.quiet) for (const { ID } of rows) stdout.line(ID);
    else if (values.format?.trim() === 'json') stdout.line(JSON.stringify(rows, null, 2));
    else if (values.format !== undefined) {
      stdout.write(
        await report(values.format, rows, {
          name: 'ls',
          typeName: 'secrets.secretReport',
          headings: { CreatedAt: 'CREATED', UpdatedAt: 'UPDATED' },
          noHeading: values.noheading,
        }),
      );
    } else {
      const cells = rows.map((row) => Object.values(row));
      stdout.write(table(values.noheading ? cells : [headings, ...cells]));
    }
    return 0;
  },
});

export const secretRm = command({
  usage: '[options] SECRET [SECRET...]',
  description: `Removes secrets. Containers keep the files that they were created with; variables are missed at the next start.`,
  examples: ['secret rm password', 'secret rm --all'],
  flags: {
    all: bool('Remove all secrets', { short: 'a' }),
    ignore: bool('A secret that does not exist is no error', { short: 'i' }),
  },
  args: anyArguments,
  async run(call) {
    const { all, ignore } = call.values;
    if (all === call.args.length > 0)
      throw wrongArguments('`secret rm` requires one argument, or the --all flag', call.command);
    const { secrets } = await call.engine();
    const names = all ? (await secrets.list()).map(({ id }) => id) : call.args;
    return overlap(call, names, (name) => secrets.remove(name), { limit: 1, ignoreMissing: ignore });
  },
});
