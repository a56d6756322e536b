import type { ContainerCreateRequest } from '../engine/requests.ts';
import { array, bool, type FlagValues, int, list, optionalBool, string, uint } from './flags.ts';
import { resourceFlags, resourceRequest } from './resource-flags.ts';
import { usernsFlags, usernsRequest } from './userns-flags.ts';

export const restartFlag = string(
  'Start the container again when it exits: no, on-failure[:n], always, unless-stopped',
  { value: 'policy', default: 'no' },
);

/** What `run` and `create` take beside names, images, networks and volumes: what ends up in config.json. */
export const hostConfigFlags = {
  ...resourceFlags,
  annotation: list('Add an annotation (key=value)'),
  'cgroup-parent': string("Make the container's cgroup below this one"),
  cgroupns: string('Cgroup namespace: private, host, container:NAME or ns:PATH'),
  cgroups: string('Whether the container has a cgroup of its own: enabled, disabled or no-conmon', {
    default: 'enabled',
  }),
  'conmon-pidfile': string("Write the pid of the container's monitor to this file"),
  device: list('Add a device of the host (SOURCE[:DESTINATION][:rwm])'),
  'device-cgroup-rule': list("Allow devices by a rule of the device cgroup, such as 'c 189:* rwm'"),
  'env-merge': array('Set a variable from others of the image: PATH=$PATH:/opt/bin'),
  'group-add': list("Add groups to the first process; 'keep-groups' for those of the caller"),
  hostuser: list('Add users of the host (names or ids) to /etc/passwd'),
  'http-proxy': optionalBool("Pass the caller's proxy variables", { default: 'true' }),
  init: bool('Run an init as the first process, which forwards signals and reaps'),
  'init-path': string('The program that --init runs'),
  ipc: string('IPC namespace: private, host, shareable, none, container:NAME or ns:PATH'),
  'image-volume': string('What becomes of volumes of the image: bind, tmpfs or ignore', { default: 'bind' }),
  'log-driver': string(
    'How output is kept: k8s-file, json-file (the same), journald, none, or passthrough: as whatever the caller has, such as a service',
    { default: 'k8s-file' },
  ),
  'log-opt': list('Options of the log: path=FILE, max-size=10mb, tag=TEXT'),
  mount: array('Mount a file system: type=bind|volume|tmpfs|image|devpts,source=…,target=…'),
  'no-hostname': bool("Leave the image's /etc/hostname as it is"),
  'no-hosts': bool("Leave the image's /etc/hosts as it is"),
  'oom-score-adj': int('Badness for the out-of-memory killer, -1000 to 1000'),
  passwd: optionalBool('Add a line to /etc/passwd and /etc/group for a user without one', {
    default: 'true',
  }),
  'passwd-entry': string('Write that line so; $USERNAME, $UID, $GID, $NAME and $HOME are filled in'),
  personality: string('Execution domain: LINUX or LINUX32'),
  pid: string('PID namespace: private, host, container:NAME or ns:PATH'),
  pidfile: string("Write the pid of the container's first process to this file"),
  'read-only-tmpfs': optionalBool('With --read-only: tmpfs on /run, /tmp and /var/tmp', { default: 'true' }),
  sdnotify: string('Only ignore: nobody is told by NOTIFY_SOCKET', { default: 'ignore' }),
  'shm-size': string('Size of /dev/shm', { default: '65536k', value: '<number>[<unit>]' }),
  sysctl: list('Set a kernel setting of a namespace (KEY=VALUE)'),
  systemd: string('Only false: containers are not prepared for a systemd of their own', { default: 'false' }),
  timeout: uint('Seconds after which the container is killed'),
  tz: string("Set the time zone, such as Europe/Berlin, or 'local' for that of the host", {
    aliases: ['timezone'],
  }),
  ulimit: list('Set a limit of the first process (name=soft:hard), or host'),
  umask: string('Set the umask', { default: '0022' }),
  unsetenv: array('Do not set this variable of the image or of peapod'),
  'unsetenv-all': bool('Set none of the variables of the image or of peapod'),
  'volumes-from': array('Mount the volumes and directories of another container (CONTAINER[:ro])'),
  ...usernsFlags,
  uts: string('UTS namespace: private, host, container:NAME or ns:PATH'),
} as const;

type HostConfigRequest = Pick<
  ContainerCreateRequest,
  | 'resources'
  | 'cgroup'
  | 'namespaces'
  | 'userns'
  | 'process'
  | 'environment'
  | 'passwd'
  | 'deviceFlags'
  | 'annotations'
  | 'mounts'
  | 'volumesFrom'
  | 'imageVolume'
  | 'logDriver'
  | 'logOptions'
  | 'noHosts'
  | 'noHostname'
  | 'timeoutSeconds'
  | 'systemd'
  | 'sdnotify'
  | 'readOnlyTmpfs'
  | 'pidFile'
  | 'conmonPidFile'
>;

export function hostConfigRequest(values: FlagValues<typeof hostConfigFlags>): HostConfigRequest {
  return {
    resources: resourceRequest(values),
    cgroup: {
      cgroupParent: values['cgroup-parent'],
      cgroups: values.cgroups,
    },
    namespaces: {
      pid: values.pid,
      ipc: values.ipc,
      uts: values.uts,
      cgroupns: values.cgroupns,
    },
    userns: usernsRequest(values),
    process: {
      ulimits: values.ulimit,
      oomScoreAdj: values['oom-score-adj'],
      umask: values.umask,
      groupAdd: values['group-add'],
      personality: values.personality,
      init: values.init,
      initPath: values['init-path'],
      timezone: values.tz,
    },
    environment: {
      unset: values.unsetenv,
      unsetAll: values['unsetenv-all'],
      merge: values['env-merge'],
      httpProxy: values['http-proxy'],
    },
    passwd: { passwd: values.passwd, entry: values['passwd-entry'], hostUsers: values.hostuser },
    deviceFlags: {
      devices: values.device,
      cgroupRules: values['device-cgroup-rule'],
      shmSize: values['shm-size'],
      sysctls: values.sysctl,
    },
    annotations: values.annotation,
    mounts: values.mount,
    volumesFrom: values['volumes-from'],
    imageVolume: values['image-volume'],
    logDriver: values['log-driver'],
    logOptions: values['log-opt'],
    noHosts: values['no-hosts'],
    noHostname: values['no-hostname'],
    timeoutSeconds: values.timeout,
    systemd: values.systemd,
    sdnotify: values.sdnotify,
    readOnlyTmpfs: values['read-only-tmpfs'],
    pidFile: values.pidfile,
    conmonPidFile: values['conmon-pidfile'],
  };
}
