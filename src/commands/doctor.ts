import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { string } from './flags.ts';
import { isJson, report } from './format/report.ts';

export const doctor = command({
  usage: '[options]',
  description: `Checks this host and names each thing that is missing with the command that mends it.
The exit code is 1 where peapod cannot run pods without it, 0 where all that is missing may be missing.`,
  examples: ['doctor', 'doctor --format json'],
  flags: { format: string("'json', or a Go template", { short: 'f' }) },
  args: noArguments,
  async run(call) {
    const { format } = call.values;
    const { stdout } = call;
    const { system } = await call.engine();
    const findings = await system.doctor();
    if (isJson(format)) stdout.line(JSON.stringify(findings, null, 2));
    else if (format !== undefined) {
      const rows = findings.map(({ what, problem, remedy, required }) => ({
        What: what,
        Problem: problem,
        Remedy: remedy,
        Required: required,
      }));
      const options = { name: 'doctor', typeName: 'Finding', headings: {}, noHeading: false };
      stdout.write(await report(format, rows, options));
    } else if (findings.length === 0) stdout.line('Everything that peapod needs is here.');
    for (const { what, problem, remedy, required } of format === undefined ? findings : []) {
      stdout.line(`${required ? 'missing' : 'better with'}: ${what}: ${problem}`);
      stdout.line(`  mend it: ${remedy}`);
    }
    return findings.some(({ required }) => required) ? 1 : 0;
  },
});
