import { exactly } from './arguments.ts';
import { command } from './command.ts';

export const healthcheckRun = command({
  usage: 'CONTAINER',
  description: `Checks the health of a running container now.
The exit code is 0 where the check has passed, 1 where it has not, 125 where there is none or the container does not run.`,
  examples: ['healthcheck run web'],
  flags: {},
  args: exactly(1),
  async run(call) {
    const engine = await call.engine();
    if (await engine.containers.checkHealth(call.args[0] as string)) return 0;
    call.stdout.line('unhealthy');
    return 1;
  },
});
