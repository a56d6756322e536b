import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { string } from './flags.ts';
import { isJson, normalize } from './format/report.ts';

export const info = command({
  usage: '[options]',
  description:
    'Displays the host, the tools that peapod uses on it, where it keeps its state, and its version.',
  examples: ['info', 'info --format json', "info --format '{{.Host.CgroupVersion}}'"],
  flags: { format: string("'json', or a Go template", { short: 'f' }) },
  args: noArguments,
  async run(call) {
    const { format } = call.values;
    const template =
      format === undefined || isJson(format)
        ? undefined
        : new (await import('./template/execute.ts')).Template(normalize(format), {
            name: 'info',
            typeName: '*define.Info',
            ignoreCase: true,
          });
    const { system } = await call.engine();
    const data = await system.info();
    if (template !== undefined) call.stdout.write(template.execute(data));
    else if (format !== undefined) call.stdout.line(JSON.stringify(data, null, 2));
    else {
      const { stringify } = await import('yaml');
      call.stdout.write(stringify(data, { indentSeq: false, lineWidth: 0 }));
    }
    return 0;
  },
});
