import { atMost } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, type FlagSet, list, optionalBool, string, uint } from './flags.ts';
import { contentTrust, platformFlags, progressOf, registryFlags } from './image-flags.ts';

/** As buildah has them: their values are handed on. */
const buildahFlags = {
  ...registryFlags,
  ...platformFlags,
  ...contentTrust,
  'add-host': array('Add a line HOST:IP to /etc/hosts'),
  annotation: array('Add an annotation KEY=VALUE to the manifest'),
  'build-arg': array('Value of an ARG instruction, KEY=VALUE'),
  'build-context': array('Further context, NAME=PATH'),
  'cache-from': list('Repository to take cached layers from'),
  'cache-to': list('Repository to put cached layers into'),
  'cache-ttl': string('Use only cached layers that are younger than this duration'),
  'cap-add': list('Add a capability while RUN instructions run'),
  'cap-drop': list('Drop a capability while RUN instructions run'),
  'cgroup-parent': string('Parent cgroup of RUN instructions'),
  cgroupns: string('Cgroup namespace of RUN instructions: private or host'),
  compress: bool("Docker's; without effect on the image"),
  'cpp-flag': array('Flag for the C preprocessor of .in files'),
  'cpu-period': uint('Period of the CPU quota in microseconds'),
  'cpu-quota': uint('Microseconds of CPU time in a period'),
  'cpu-shares': uint('Relative weight of CPU time', { short: 'c' }),
  'cpuset-cpus': string('CPUs to run on, e.g. 0-3'),
  'cpuset-mems': string('Memory nodes to run on'),
  'decryption-key': list('Key that decrypts the base image'),
  device: array('Host device for RUN instructions'),
  'disable-compression': optionalBool('Leave layers plain in the storage of the build', {
    short: 'D',
    default: 'true',
  }),
  'dns-option': list('DNS option'),
  'dns-search': list('DNS search domain'),
  dns: list('DNS server'),
  env: array('Set an environment variable of the image'),
  'force-rm': bool('Remove intermediate containers also after a failure'),
  format: string('Format of the manifest: oci or docker', { default: 'oci' }),
  from: string('Image in the place of the first FROM'),
  'hooks-dir': array('Directory with OCI hooks'),
  'http-proxy': optionalBool("Hand on the proxy variables of the caller's environment", { default: 'true' }),
  'identity-label': optionalBool('Label the image with the version of buildah', { default: 'true' }),
  ignorefile: string('File in the place of .containerignore'),
  ipc: string('IPC namespace of RUN instructions'),
  isolation: string('How RUN instructions are isolated: oci, rootless or chroot'),
  jobs: uint('Stages to build at once', { default: '1' }),
  label: array('Add a label KEY=VALUE'),
  layers: optionalBool('Use and fill the cache of layers', { default: 'true' }),
  logfile: string('Write the log to this file'),
  logsplit: bool('A log file for each platform'),
  'memory-swap': string('Limit of memory and swap'),
  memory: string('Memory limit of RUN instructions', { short: 'm' }),
  network: string('Network of RUN instructions: private, none, host or ns:PATH'),
  'no-cache': bool('Build every layer anew'),
  'no-hosts': bool('Leave /etc/hosts of RUN instructions as the image has it'),
  'omit-history': bool('Leave the history out of the image'),
  'os-feature': list('Feature of the operating system that the image needs'),
  'os-version': string('Version of the operating system that the image needs'),
  output: string('Write files or an archive instead of an image: type=local,dest=PATH', { short: 'o' }),
  pid: string('PID namespace of RUN instructions'),
  platform: string('OS/ARCH[/VARIANT] to build for'),
  quiet: bool('Print only the id', { short: 'q' }),
  'retry-delay': string('Pause between these attempts'),
  retry: uint('How often to try again to fetch a base'),
  rm: optionalBool('Remove intermediate containers', { default: 'true' }),
  'runtime-flag': array('Global flag for the runtime'),
  secret: array('File for RUN --mount=type=secret'),
  'security-opt': array('Security option of RUN instructions'),
  'shm-size': string('Size of /dev/shm'),
  'sign-by': string('Sign with the GPG key of this fingerprint'),
  'skip-unused-stages': optionalBool('Skip stages that nothing uses', { default: 'true' }),
  'squash-all': bool('One layer for all'),
  squash: bool('One layer for all that is new'),
  ssh: array('SSH agent or key for RUN --mount=type=ssh'),
  stdin: bool('Hand standard input to RUN instructions'),
  target: string('Stage to build'),
  timestamp: uint('Seconds since the epoch in the place of the time of the build'),
  ulimit: list('Limit of RUN instructions'),
  unsetenv: list('Environment variable to leave out of the image'),
  'userns-gid-map': string('Group ids of the user namespace, CONTAINER:HOST:LENGTH'),
  'userns-gid-map-group': string('Name in /etc/subgid'),
  'userns-uid-map': string('User ids of the user namespace, CONTAINER:HOST:LENGTH'),
  'userns-uid-map-user': string('Name in /etc/subuid'),
  userns: string('User namespace of RUN instructions'),
  uts: string('UTS namespace of RUN instructions'),
  volume: array('Mount for RUN instructions', { short: 'v' }),
} as const;

export const build = command({
  usage: '[options] [CONTEXT]',
  description: `Builds an image by the instructions of a Containerfile or Dockerfile. buildah does the work and has to be
installed; images of this machine serve as bases. The context is a directory, an archive, a URL, or \`-\`.`,
  examples: ['build -t app:1 .', 'build -f Containerfile.test --build-arg VERSION=2 -t app:test src'],
  flags: {
    ...buildahFlags,
    file: array('Instructions, instead of Containerfile or Dockerfile in the context', { short: 'f' }),
    iidfile: string('Write the id of the image to this file'),
    pull: string('When to pull bases: always, missing, newer or never; alone it means always'),
    tag: array('Name of the image', { short: 't' }),
  },
  args: atMost(1),
  async run(call) {
    const { values, args } = call;
    const { images } = await call.engine();
    const given = handedOn(buildahFlags, values);
    const layers = values.layers === undefined && !values.squash ? ['--layers'] : [];
    const pull = values.pull === undefined ? [] : [`--pull=${values.pull}`];
    const { exitCode, id } = await images.build(
      {
        source: args[0],
        files: values.file,
        names: values.tag,
        idFile: values.iidfile,
        flags: [...given, ...layers, ...pull],
        pullAlways: values.pull === 'always' || values.pull === 'true',
      },
      progressOf(call, true),
    );
    if (id !== undefined) call.stdout.line(id);
    return exitCode;
  },
});

function handedOn(flags: FlagSet, values: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(flags).flatMap((name) => {
    const value = values[name];
    if (value === undefined || value === false)
      return flags[name]?.kind === 'optionalBool' && value === false ? [`--${name}=false`] : [];
    if (value === true) return [`--${name}`];
    return (Array.isArray(value) ? value : [value]).map((each) => `--${name}=${each}`);
  });
}
