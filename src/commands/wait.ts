import { PeapodError } from '../errors.ts';
import { anyArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, string } from './flags.ts';
import { parseDurationMs } from './format/time.ts';
import { overlap } from './overlap.ts';
import { targets } from './targets.ts';

export const wait = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Blocks until the containers have stopped, then prints the exit code of each.',
  examples: ['wait web', 'wait --interval 5s web db'],
  flags: {
    condition: string('State to wait for', { default: 'stopped' }),
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
    const { containers } = await call.engine();
    return overlap(
      call,
      names,
      async (name) => String(await containers.wait(name, values.condition ?? 'stopped', intervalMs)),
      { limit: Number.POSITIVE_INFINITY },
    );
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
