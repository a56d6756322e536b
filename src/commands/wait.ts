import { PeapodError } from '../errors.ts';
import { anyArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, list, string } from './flags.ts';
import { parseDurationMs } from './format/time.ts';
import { targets } from './targets.ts';

export const wait = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Blocks until the containers have stopped, then prints the exit code of each.',
  examples: ['wait web', 'wait --interval 5s web db', 'wait --condition running --condition exited web'],
  flags: {
    condition: list('State to wait for; several are alternatives', { value: 'state', default: 'stopped' }),
    ignore: bool('A container that does not exist has ended: -1 is printed for it'),
    interval: string('Time between two looks', { short: 'i', default: '250ms' }),
    latest: bool('Act on the last created container', { short: 'l' }),
  },
  args: anyArguments,
  async run(call) {
    const { values } = call;
    const intervalMs = values.interval === undefined ? undefined : milliseconds(values.interval);
    const names = await targets({
      command: call.command,
      names: call.args,
      latest: values.latest,
      missing: `"${call.command}" requires a name, id, or the "--latest" flag`,
      list: async (filters) => (await call.engine()).containers.list(filters),
    });
    const conditions = values.condition.length === 0 ? ['stopped'] : values.condition;
    const { containers } = await call.engine();
    const request = { conditions, intervalMs, ignore: values.ignore };
    for (const code of await containers.wait(names, request)) call.stdout.line(String(code));
    return 0;
  },
});

/** podman takes a plain number for milliseconds. */
function milliseconds(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : parseDurationMs(text);
  if (value === undefined || value <= 0)
    throw new PeapodError('INVALID_ARGUMENT', `invalid duration "${text}" for --interval`, {
      hint: 'write it as 250ms, 5s or 1m',
    });
  return value;
}
