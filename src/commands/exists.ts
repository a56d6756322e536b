import type { Engine } from '../engine/engine.ts';
import { exactly } from './arguments.ts';
import { type Command, command } from './command.ts';
import { bool } from './flags.ts';

export const podExists = existence('pod', 'POD', (engine, name) => engine.pods.exists(name));
export const containerExists = existence('container', 'CONTAINER', (engine, name) =>
  engine.containers.exists(name),
);
export const imageExists = existence('image', 'IMAGE', (engine, name) => engine.images.exists(name));
export const networkExists = existence('network', 'NETWORK', (engine, name) => engine.networks.exists(name));
export const volumeExists = existence('volume', 'VOLUME', (engine, name) => engine.volumes.exists(name));
export const secretExists = existence('secret', 'SECRET', (engine, name) => engine.secrets.exists(name));

/** Silent: the answer is the exit code. */
function existence(
  kind: string,
  argument: string,
  exists: (engine: Engine, name: string) => Promise<boolean>,
): Command {
  return command({
    usage: argument,
    description: `The exit code is 0 where the ${kind} exists, 1 where it does not.`,
    examples: [`${kind} exists NAME && echo there`],
    flags:
      kind === 'container'
        ? { external: bool('Look for containers of other tools, too: there are none in this storage') }
        : {},
    args: exactly(1),
    async run(call) {
      return (await exists(await call.engine(), call.args[0] as string)) ? 0 : 1;
    },
  });
}
