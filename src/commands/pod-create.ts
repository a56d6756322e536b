import { atMost, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, type FlagValues, list, optionalBool, string } from './flags.ts';
import { networkFlags, networkRequest } from './network-flags.ts';
import { podLimitFlags, podLimitRequest } from './resource-flags.ts';

/** podman's, with why peapod has them not: they are told by name. */
const refusedFlags = {
  'infra-command': noInfra(),
  'infra-conmon-pidfile': noInfra(),
  'infra-image': noInfra(),
  'infra-name': noInfra(),
  gidmap: noUserNamespace(),
  subgidname: noUserNamespace(),
  subuidname: noUserNamespace(),
  uidmap: noUserNamespace(),
  userns: noUserNamespace(),
} as const;

function noInfra() {
  return list('Refused: a pod has no infra container, its namespaces are kept without one');
}

function noUserNamespace() {
  return list('Refused: the containers of a pod are in the user namespace of their caller');
}

const flags = {
  ...networkFlags,
  ...podLimitFlags,
  ...refusedFlags,
  'exit-policy': string("When the last container has ended: 'continue', or 'stop' the pod", {
    value: 'policy',
    default: 'continue',
  }),
  infra: optionalBool('Refused if true: a pod has no infra container', { default: 'false' }),
  name: string('Assign a name to the pod', { short: 'n' }),
  'no-hosts': bool('Leave /etc/hosts as the images have it'),
  pid: string('PID namespace of each container: private or host; --share pid makes one for all'),
  'pod-id-file': string('Write the id of the pod to this file'),
  'security-opt': array('Security options of each container, such as no-new-privileges or seccomp=FILE'),
  'share-parent': optionalBool('Refused if true: a pod has no cgroup of its own', { default: 'false' }),
  'shm-size': string('Size of the /dev/shm that the containers share', {
    default: '65536k',
    value: '<number>[<unit>]',
  }),
  sysctl: list('Set a kernel setting of the shared namespaces (KEY=VALUE)'),
  uts: string('UTS namespace of each container: private or host'),
  volume: array(
    'Mount a volume or a directory of the host into each container ([source:]destination[:options])',
    {
      short: 'v',
    },
  ),
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
      securityOptions: values['security-opt'],
      pid: values.pid,
      uts: values.uts,
      noHosts: values['no-hosts'],
      sysctls: values.sysctl,
      shmSize: values['shm-size'],
      podIdFile: values['pod-id-file'],
      limits: podLimitRequest(values),
      cgroupParent: values['cgroup-parent'],
      replace: values.replace,
    });
    call.stdout.line(id);
    return 0;
  },
});

function refuse(values: FlagValues<typeof flags>, typed: string): void {
  const asked = Object.keys(refusedFlags) as (keyof typeof refusedFlags)[];
  const name = asked.find((each) => values[each].length > 0);
  if (name) throw refused(name, flags[name].help, typed);
  if (values.infra) throw refused('infra', flags.infra.help, typed);
  if (values['share-parent']) throw refused('share-parent', flags['share-parent'].help, typed);
}

function refused(name: string, help: string, typed: string) {
  return wrongArguments(`--${name} is not supported: ${help.replace(/^Refused[^:]*: /, '')}`, typed);
}
