import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import { exactly, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { splitCreateCommand } from './create-command.ts';
import { array, bool, optionalBool, string, uint } from './flags.ts';
import { isJson } from './format/report.ts';

export const generateSystemd = command({
  usage: '[options] {CONTAINER|POD}',
  description: `Prints services for systemd that start and stop a container, or a pod with its members.
With --new each start makes them anew, by the command line that made them first, and each stop removes them.`,
  examples: [
    'generate systemd --name web',
    'generate systemd --new --files --name front',
    'generate systemd --template --files --name worker',
    'generate systemd --restart-policy always --after network.target web',
  ],
  flags: {
    after: array('Start after this unit', { value: 'unit' }),
    'container-prefix': string("What names of containers' services begin with", { default: 'container' }),
    env: array('Set an environment variable in the services: KEY=value, or KEY for the value it has here', {
      short: 'e',
    }),
    files: bool('Write the services to files in the current directory, and print their paths', {
      short: 'f',
    }),
    format: string("'json' for an object of services by name"),
    name: bool('Use names instead of ids', { short: 'n' }),
    new: optionalBool('Make the container or pod anew at each start'),
    'no-header': bool('Do not print when and by what a service was made'),
    'pod-prefix': string("What names of pods' services begin with", { default: 'pod' }),
    requires: array('Require this unit', { value: 'unit' }),
    'restart-policy': string('When systemd starts it again', { default: 'on-failure' }),
    'restart-sec': uint('Seconds that systemd waits before it starts it again'),
    separator: string('What stands between prefix and name', { default: '-' }),
    'start-timeout': uint('Seconds that a start may take'),
    'stop-timeout': uint('Seconds between the stop signal and SIGKILL', {
      short: 't',
      aliases: ['time'],
      default: "the container's own",
    }),
    template: bool(
      'Make a template, by --new: NAME@ONE.service and NAME@TWO.service have a container each, of one command line',
    ),
    wants: array('Want this unit', { value: 'unit' }),
  },
  args: exactly(1),
  async run(call) {
    const { values, stdout } = call;
    if (values.format !== undefined && !isJson(values.format))
      throw new PeapodError('INVALID_ARGUMENT', `unknown format ${values.format}`, { hint: "'json' is one" });
    if (values.template && values.new === false)
      throw wrongArguments('--template cannot be set without --new', call.command);
    const engine = await call.engine();
    const request = {
      byName: values.name,
      create: values.new === true || values.template,
      template: values.template,
      header: !values['no-header'],
      containerPrefix: values['container-prefix'] ?? 'container',
      podPrefix: values['pod-prefix'] ?? 'pod',
      separator: values.separator ?? '-',
      restartPolicy: values['restart-policy'],
      restartSeconds: values['restart-sec'],
      startTimeoutSeconds: values['start-timeout'],
      stopTimeoutSeconds: values['stop-timeout'],
      environment: values.env,
      wants: values.wants,
      after: values.after,
      requires: values.requires,
    };
    const [name = ''] = call.args;
    const units = await engine.system.generateSystemd(name, request, splitCreateCommand);
    if (values.files) {
      for (const [unit, text] of units) {
        const path = resolve(`${unit}.service`);
        writeFileSync(path, text);
        stdout.line(path);
      }
    } else if (isJson(values.format)) stdout.line(JSON.stringify(Object.fromEntries(units), null, 1));
    else stdout.write([...units.values()].join('\n'));
    return 0;
  },
});
