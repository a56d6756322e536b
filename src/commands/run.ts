import type { ContainerCreateRequest } from '../engine/requests.ts';
import { atLeast, wrongArguments } from './arguments.ts';
import { detachKeysFlag, sigProxyFlag } from './attach.ts';
import { type Call, type Command, command } from './command.ts';
import { hostConfigFlags, hostConfigRequest, restartFlag } from './container-flags.ts';
import { array, bool, type FlagValues, list, optionalBool, string, uint } from './flags.ts';
import { healthFlags, healthRequest } from './health-flags.ts';
import { contentTrust, platformFlags, registryFlags } from './image-flags.ts';
import { networkFlags, networkRequest } from './network-flags.ts';
import { readId } from './targets.ts';

const createFlags = {
  ...networkFlags,
  ...healthFlags,
  ...hostConfigFlags,
  ...platformFlags,
  ...contentTrust,
  attach: list(
    "Show only stdout or stderr; of 'stdin' alone, which --interactive passes on, run prints the id",
    {
      short: 'a',
    },
  ),
  authfile: registryFlags.authfile,
  'cap-add': list('Add capabilities'),
  'cap-drop': list('Drop capabilities'),
  cidfile: string('Write the id of the container to this file'),
  entrypoint: string("Run this instead of the image's entrypoint: a word or a JSON array"),
  env: array('Set an environment variable: KEY=value, or KEY for the value it has here', { short: 'e' }),
  'env-file': list('Read environment variables from a file'),
  'env-host': bool('Pass all environment variables of the caller'),
  expose: list(
    'Count these ports among those of the image: shown, and published by -P (PORT[-PORT][/PROTOCOL])',
  ),
  interactive: bool('Keep standard input open', { short: 'i' }),
  name: string('Assign a name to the container'),
  platform: string('OS/ARCH[/VARIANT] of the image, instead of --arch, --os and --variant'),
  pod: string("Run in this pod; 'new:NAME' makes one"),
  'pod-id-file': string('Run in the pod whose id is in this file'),
  privileged: bool('Give the container all that the caller may do'),
  'publish-all': bool('Publish all exposed ports to free ports of the host', { short: 'P' }),
  pull: string('When to pull the image: always, missing, never or newer', { default: 'missing' }),
  quiet: bool('Do not show the progress of a pull', { short: 'q' }),
  'read-only': bool('Make the root filesystem read-only'),
  requires: list('Containers that are started before this one'),
  restart: restartFlag,
  rm: optionalBool('Remove the container after it exits'),
  rootfs: bool("The first argument is a directory instead of an image; 'DIR:O' keeps it unchanged"),
  secret: array('Give the container a secret (NAME[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…])'),
  'security-opt': array('Security options, such as no-new-privileges or seccomp=FILE'),
  'stop-signal': string('Signal that stops the container', { default: 'SIGTERM' }),
  'stop-timeout': uint('Seconds between the stop signal and SIGKILL', { default: '10' }),
  'tls-verify': optionalBool('Require HTTPS and verified certificates of registries'),
  tmpfs: array('Mount a tmpfs at this path', { value: 'tmpfs' }),
  tty: bool('Allocate a terminal for the container', { short: 't' }),
  user: string('Run as this user (name or id, optionally with :group)', { short: 'u' }),
  volume: array('Mount a volume or a directory of the host ([source:]destination[:options])', { short: 'v' }),
  workdir: string('Working directory inside the container', { short: 'w' }),
} as const;

const runFlags = {
  ...createFlags,
  detach: bool('Run in the background and print the id', { short: 'd' }),
  'detach-keys': detachKeysFlag,
  'preserve-fds': uint('Pass this many more file descriptors on, from 3 on', { default: '0' }),
  rmi: bool('Remove the container after it exits, and its image unless another container has it'),
  'sig-proxy': sigProxyFlag,
} as const;

const onlyCreateFlags = {
  ...createFlags,
  'init-ctr': string(
    "In a pod: run to the end before its other containers start, at each start of the pod ('always') or 'once'",
  ),
} as const;

type CreateValues = FlagValues<typeof createFlags>;

const usage = '[options] IMAGE [COMMAND [ARG...]]';
const imageNote = `IMAGE is an image's name or id, or 'host': the programs of this machine, read-only to it, which needs no registry.
What stands behind IMAGE belongs to the container's command.`;

export const run: Command = command({
  usage,
  description: `Makes a container and starts it.\n${imageNote}`,
  examples: [
    'run --rm host uname -a',
    'run -it --rm docker.io/library/alpine sh',
    'run -d --pod new:web -p 8080:80 docker.io/library/nginx',
    'run --network none -v ./data:/data:ro --rootfs ./tree:O ls /data',
    'run --userns keep-id -v ./src:/src docker.io/library/node npm test',
    'run -d --userns auto docker.io/library/redis',
  ],
  flags: runFlags,
  optionsFirst: true,
  args: atLeast(1),
  async run(call) {
    const { values } = call;
    // Written out, as `--rm=false`, it contradicts --rmi.
    if (values.rmi && values.rm === false)
      throw wrongArguments('the --rmi option does not work without --rm', call.command);
    const request = {
      ...createRequest(call, values),
      detachKeys: values['detach-keys'],
      sigProxy: values['sig-proxy'],
      preserveFds: values['preserve-fds'],
      remove: values.rm === true || values.rmi,
      removeImage: values.rmi,
    };
    const { containers } = await call.engine();
    const progress = progressOf(call);
    const warn = warnings(call);
    if (!values.detach) return containers.run(request, progress, warn, (id) => call.stdout.line(id));
    const id = await containers.runDetached(request, progress, warn);
    // Standard output is the container's then.
    if (values['log-driver'] !== 'passthrough') call.stdout.line(id);
    return 0;
  },
});

export const create: Command = command({
  usage,
  description: `Makes a container without starting it, and prints its id.\n${imageNote}`,
  examples: [
    'create --name web --pod front docker.io/library/nginx',
    'create -it --name shell host sh',
    'create --pod front --init-ctr once --name migrate host ./migrate',
  ],
  flags: onlyCreateFlags,
  optionsFirst: true,
  args: atLeast(1),
  async run(call) {
    const request = { ...createRequest(call, call.values), initContainer: call.values['init-ctr'] };
    const { containers } = await call.engine();
    call.stdout.line(await containers.create(request, progressOf(call), warnings(call)));
    return 0;
  },
});

function progressOf(call: Pick<Call, 'stderr'> & { values: { quiet: boolean } }) {
  return call.values.quiet ? undefined : (line: string) => call.stderr.line(line);
}

function warnings(call: Pick<Call, 'stderr'>) {
  return (line: string) => call.stderr.line(`Warning: ${line}`);
}

function createRequest(call: Pick<Call, 'args' | 'command'>, values: CreateValues): ContainerCreateRequest {
  const [what, ...words] = call.args as [string, ...string[]];
  if (values.pod !== undefined && values['pod-id-file'] !== undefined)
    throw wrongArguments('cannot specify both --pod and --pod-id-file', call.command);
  if (values.pod === 'new:')
    throw wrongArguments('new pod name must be at least one character', call.command);
  if (values.share !== undefined && !values.pod?.startsWith('new:'))
    throw wrongArguments('--share is for a pod that --pod new:NAME makes', call.command);
  return {
    ...networkRequest(values),
    ...hostConfigRequest(values),
    attach: values.attach,
    image: values.rootfs ? undefined : what,
    rootfs: values.rootfs ? what : undefined,
    command: words,
    name: values.name || undefined,
    entrypoint: values.entrypoint,
    env: values.env,
    envFiles: values['env-file'],
    envHost: values['env-host'],
    volumes: values.volume,
    tmpfs: values.tmpfs,
    secrets: values.secret,
    workdir: values.workdir,
    user: values.user,
    hostname: values.hostname,
    labels: values.label,
    labelFiles: values['label-file'],
    pod: values['pod-id-file'] === undefined ? values.pod : readId(values['pod-id-file']),
    publishAll: values['publish-all'],
    share: values.share,
    interactive: values.interactive,
    tty: values.tty,
    remove: values.rm === true,
    restart: values.restart,
    health: healthRequest(values),
    requires: values.requires,
    readOnly: values['read-only'],
    privileged: values.privileged,
    capAdd: values['cap-add'],
    capDrop: values['cap-drop'],
    securityOptions: values['security-opt'],
    stopSignal: values['stop-signal'],
    stopTimeoutSeconds: values['stop-timeout'],
    arch: values.arch,
    os: values.os,
    variant: values.variant,
    platform: values.platform,
    pull: values.pull ?? 'missing',
    tlsVerify: values['tls-verify'],
    authFile: values.authfile,
    expose: values.expose,
    cidFile: values.cidfile,
    replace: values.replace,
  };
}
