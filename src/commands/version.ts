import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { string } from './flags.ts';
import { isJson, normalize } from './format/report.ts';

/** What is shown, and how it is called there. */
const shown = [
  ['Version', 'Version:'],
  ['APIVersion', 'API Version:'],
  ['GoVersion', 'Runtime:'],
  ['GitCommit', 'Git Commit:'],
  ['BuiltTime', 'Built:'],
  ['OsArch', 'OS/Arch:'],
] as const;

export const version = command({
  usage: '[options]',
  examples: ['version', "version --format '{{.Client.Version}}'"],
  flags: { format: string("'json', or a Go template", { short: 'f' }) },
  args: noArguments,
  async run(call) {
    const { format } = call.values;
    const { system } = await call.engine();
    const versions = await system.version();
    const client = versions.Client as Record<string, unknown>;
    if (isJson(format)) call.stdout.line(JSON.stringify(versions));
    else if (format !== undefined) {
      const { Template } = await import('./template/execute.ts');
      const template = new Template(normalize(format), { name: 'version', typeName: '*define.Version' });
      call.stdout.write(template.execute({ ...versions, ...client }));
    } else {
      const lines = [
        ['Client:', 'peapod'],
        ...shown.flatMap(([key, heading]) =>
          client[key] === undefined || client[key] === '' ? [] : [[heading, String(client[key])]],
        ),
      ];
      const width = Math.max(...lines.map(([left]) => (left as string).length));
      for (const [left, right] of lines) call.stdout.line(`${(left as string).padEnd(width)}  ${right}`);
    }
    return 0;
  },
});
