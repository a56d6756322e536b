import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, string } from './flags.ts';
import { isJson, report } from './format/report.ts';

export const systemCheck = command({
  usage: '[options]',
  description: `Compares processes, mounts, namespaces, addresses, rules, cgroups, directories and files with the store, and names what
belongs to nothing in it. Every command recovers what a killed one has left; this proves that nothing is left.
The exit code is 0 where nothing is, or all of it was repaired, else 1.`,
  examples: ['system check', 'system check --repair', 'system check --format json'],
  flags: {
    format: string("'json', or a Go template; 'table …' for columns"),
    repair: bool('Take away what is found; a volume without a row is adopted instead', { short: 'r' }),
  },
  args: noArguments,
  async run(call) {
    const { format, repair } = call.values;
    const { stdout } = call;
    const { system } = await call.engine();
    const leaks = await system.check({ repair });
    const rows = leaks.map(({ kind, what, why, repaired }) => ({
      Kind: kind,
      What: what,
      Why: why,
      Repaired: repaired,
    }));
    if (isJson(format)) stdout.line(JSON.stringify(rows, null, 2));
    else if (format !== undefined) {
      const names = { name: 'check', typeName: 'Leak', headings: {}, noHeading: false };
      stdout.write(await report(format, rows, names));
    } else {
      for (const { Kind, What, Why, Repaired } of rows)
        stdout.line(`${Repaired ? 'repaired' : 'leaked'} ${Kind}: ${What}: ${Why}`);
      if (rows.length === 0) stdout.line('Nothing is leaked.');
    }
    const left = leaks.filter(({ repaired }) => !repaired).length;
    if (left > 0 && !repair && format === undefined)
      call.stderr.line(`hint: peapod system check --repair takes ${left === 1 ? 'it' : 'them'} away`);
    return left === 0 ? 0 : 1;
  },
});
