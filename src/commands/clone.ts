import { between } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, list, string } from './flags.ts';
import { limitFlags, limitRequest, podLimitFlags, podLimitRequest } from './resource-flags.ts';
import { usernsFlags, usernsRequest } from './userns-flags.ts';

const { 'device-read-iops': _, 'device-write-iops': __, 'pids-limit': ___, ...cloneLimits } = limitFlags;

export const containerClone = command({
  usage: '[options] CONTAINER [NAME [IMAGE]]',
  description: `Makes a container from what another was made from, with another image, other limits or in another pod, and prints
its id. What the original has written to its own files is not copied; volumes are shared. With another image, what came
from the old one (command, variables, user and so on) comes from the new one. Published ports are those of the original,
which has to go for them: --destroy.`,
  examples: [
    'container clone web',
    'container clone --memory 1g --run web web-large',
    'container clone --destroy web web-new docker.io/library/nginx:1.28',
  ],
  flags: {
    ...cloneLimits,
    destroy: bool('Remove the original, whose ports the clone takes over'),
    force: bool('With --destroy: also where the original runs', { short: 'f' }),
    name: string('Assign a name to the clone; by default that of the original with -clone behind it'),
    pod: string('Make the clone in this pod'),
    run: bool('Start the clone in the background'),
  },
  args: between(1, 3),
  async run(call) {
    const [original, name, image] = call.args as [string, string?, string?];
    const { values, stderr } = call;
    const { destroy, force, pod, run } = values;
    const limits = limitRequest({ ...values, ...absentLimits });
    const { containers } = await call.engine();
    const request = { name: name ?? (values.name || undefined), image, pod, destroy, force, run, limits };
    const sinks = {
      progress: (line: string) => stderr.line(line),
      warn: (line: string) => stderr.line(`Warning: ${line}`),
    };
    call.stdout.line(await containers.clone(original, request, sinks));
    return 0;
  },
});

/** podman's clone has them not: update changes them. */
const absentLimits = { 'device-read-iops': [], 'device-write-iops': [], 'pids-limit': undefined };

export const podClone = command({
  usage: '[options] POD [NAME]',
  description: `Makes a pod, and its containers, from what another was made from, and prints its id. What containers have written to
their own files is not copied; volumes are shared. Options are added to those of the original. Published ports are those
of the original, which has to go for them: --destroy.`,
  examples: [
    'pod clone web',
    'pod clone --start --memory 1g web web-large',
    'pod clone --destroy web web-new',
  ],
  flags: {
    ...podLimitFlags,
    ...usernsFlags,
    destroy: bool('Remove the original with its containers, running or not; the clone takes its ports over'),
    device: list('Add a device of the host to each container (SOURCE[:DESTINATION][:rwm])'),
    hostname: string('Set the host name', { short: 'h' }),
    label: array('Set a label (key=value)', { short: 'l' }),
    'label-file': list('Read labels from a file, one a line'),
    name: string('Assign a name to the clone; by default that of the original with -clone behind it', {
      short: 'n',
    }),
    pid: string('PID namespace of each container: private or host'),
    'security-opt': array('Security options of each container, such as no-new-privileges or seccomp=FILE'),
    'shm-size': string('Size of the /dev/shm that the containers share', { value: '<number>[<unit>]' }),
    start: bool('Start the clone with its containers'),
    sysctl: list('Set a kernel setting of the shared namespaces (KEY=VALUE)'),
    uts: string('UTS namespace of each container: private or host'),
    volume: array('Mount a volume or a directory of the host into each container', { short: 'v' }),
    'volumes-from': array(
      'Mount the volumes and directories of another container into each (CONTAINER[:ro])',
    ),
  },
  args: between(1, 2),
  async run(call) {
    const [original, name] = call.args as [string, string?];
    const { values, stderr } = call;
    const { destroy, start } = values;
    const changes = {
      hostname: values.hostname,
      labels: values.label,
      labelFiles: values['label-file'],
      volumes: values.volume,
      volumesFrom: values['volumes-from'],
      devices: values.device,
      securityOptions: values['security-opt'],
      pid: values.pid,
      uts: values.uts,
      sysctls: values.sysctl,
      shmSize: values['shm-size'],
      limits: podLimitRequest(values),
      cgroupParent: values['cgroup-parent'],
      userns: usernsRequest(values),
    };
    const { pods } = await call.engine();
    const request = { name: name ?? (values.name || undefined), destroy, start, changes };
    call.stdout.line(await pods.clone(original, request, (line) => stderr.line(`Warning: ${line}`)));
    return 0;
  },
});
