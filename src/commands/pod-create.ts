import { atMost, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { string } from './flags.ts';
import { networkFlags, networkRequest } from './network-flags.ts';

export const podCreate = command({
  usage: '[options] [NAME]',
  description: `Makes a pod: namespaces that its containers will share, with one network and one set of published ports.
Prints the pod's id. Its network is up from its first start on.`,
  examples: [
    'pod create --name web -p 8080:80',
    'pod create --network slirp4netns:allow_host_loopback=true dev',
    'pod create --share +pid --label tier=front front',
  ],
  flags: {
    ...networkFlags,
    name: string('Assign a name to the pod', { short: 'n' }),
    'pod-id-file': string('Write the id of the pod to this file'),
  },
  args: atMost(1),
  async run(call) {
    const { values, args } = call;
    if (values.name !== undefined && args.length > 0)
      throw wrongArguments('cannot specify --name and NAME at the same time', call.command);
    const engine = await call.engine();
    const id = await engine.pods.create({
      ...networkRequest(values),
      name: (values.name ?? args[0]) || undefined,
      hostname: values.hostname,
      labels: values.label,
      labelFiles: values['label-file'],
      share: values.share,
      podIdFile: values['pod-id-file'],
      replace: values.replace,
    });
    call.stdout.line(id);
    return 0;
  },
});
