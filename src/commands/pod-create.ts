import { atMost, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, type FlagValues, list, optionalBool, string } from './flags.ts';
import { networkFlags, networkRequest } from './network-flags.ts';
import { podLimitFlags, podLimitRequest } from './resource-flags.ts';
import { usernsFlags, usernsRequest } from './userns-flags.ts';

const flags = {
  ...networkFlags,
  ...podLimitFlags,
  device: list('Add a device of the host to each container (SOURCE[:DESTINATION][:rwm])'),
  'exit-policy': string("When the last container has ended: 'continue', or 'stop' the pod", {
    value: 'policy',
    default: 'continue',
  }),
  infra: optionalBool('Only false: a pod has no infra container', { default: 'false' }),
  name: string('Assign a name to the pod', { short: 'n' }),
  'no-hosts': bool('Leave /etc/hosts as the images have it'),
  pid: string('PID namespace of each container: private or host; --share pid makes one for all'),
  'pod-id-file': string('Write the id of the pod to this file'),
  'security-opt': array('Security options of each container, such as no-new-privileges or seccomp=FILE'),
  'share-parent': optionalBool(
    'Put the containers into a cgroup of the pod; so it is by itself where the pod has limits',
    { default: 'false' },
  ),
  'shm-size': string('Size of the /dev/shm that the containers share', {
    default: '65536k',
    value: '<number>[<unit>]',
  }),
  sysctl: list('Set a kernel setting of the shared namespaces (KEY=VALUE)'),
  ...usernsFlags,
  uts: string('UTS namespace of each container: private or host'),
  volume: array(
    'Mount a volume or a directory of the host into each container ([source:]destination[:options])',
    {
      short: 'v',
    },
  ),
  'volumes-from': array('Mount the volumes and directories of another container into each (CONTAINER[:ro])'),
} as const;

export const podCreate = command({
  usage: '[options] [NAME]',
  description: `Makes a pod: namespaces that its containers will share, with one network and one set of published ports.
Prints the pod's id. Its network is up from its first start on.`,
  examples: [
    'pod create --name web -p 8080:80',
    'pod create --network slirp4netns:allow_host_loopback=true dev',
    'pod create --memory 1g --cpus 2 limited',
    'pod create --share +pid --label tier=front front',
    'pod create --userns auto isolated',
    'pod create -v ./site:/site:ro --sysctl net.core.somaxconn=4096 --exit-policy stop job',
  ],
  flags,
  args: atMost(1),
  async run(call) {
    const { values, args } = call;
    if (values.name !== undefined && args.length > 0)
      throw wrongArguments('cannot specify --name and NAME at the same time', call.command);
    refuse(values, call.command);
    const engine = await call.engine();
    const id = await engine.pods.create({
      ...networkRequest(values),
      name: (values.name ?? args[0]) || undefined,
      hostname: values.hostname,
      labels: values.label,
      labelFiles: values['label-file'],
      share: values.share,
      exitPolicy: values['exit-policy'],
      volumes: values.volume,
      volumesFrom: values['volumes-from'],
      devices: values.device,
      securityOptions: values['security-opt'],
      pid: values.pid,
      uts: values.uts,
      userns: usernsRequest(values),
      noHosts: values['no-hosts'],
      sysctls: values.sysctl,
      shmSize: values['shm-size'],
      podIdFile: values['pod-id-file'],
      limits: podLimitRequest(values),
      cgroupParent: values['cgroup-parent'],
      shareParent: values['share-parent'],
      replace: values.replace,
    });
    call.stdout.line(id);
    return 0;
  },
});

/** podman has it true by default: false is what is so here. Both helps say why. */
function refuse(values: FlagValues<typeof flags>, typed: string): void {
  const why = flags.infra.help.replace(/^Only false: /, '');
  if (values.infra) throw wrongArguments(`--infra is not here: ${why}`, typed);
}
