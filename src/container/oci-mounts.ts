import { posix } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { MountSpec } from '../store/records.ts';
import type { NamespaceChoices } from './namespaces.ts';

/** An entry of `mounts` of the OCI runtime specification. */
export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Files of the host's file system that peapod wrote for this container; absent ones are not mounted. */
export interface GeneratedFiles {
  readonly hosts?: string;
  readonly hostname?: string;
  readonly resolvConf?: string;
  readonly containerenv?: string;
  /** `--tz`. */
  readonly localtime?: string;
}

export interface MountInput {
  /** Volumes have been turned into binds of their directory. */
  readonly mounts: readonly MountSpec[];
  readonly generated: GeneratedFiles;
  readonly namespaces: NamespaceChoices;
  /** A tmpfs of the container's own, the host's, none, or a directory that others share. */
  readonly shm: 'private' | 'host' | 'none' | { readonly path: string };
  readonly readOnly: boolean;
  readonly privileged: boolean;
  /** True inside of a user namespace. */
  readonly rootless: boolean;
  /** The network namespace belongs to another user namespace: no sysfs can be mounted for it. */
  readonly foreignNetwork: boolean;
  /** Whether gid 5, `tty` everywhere, means something in the container's user namespace. */
  readonly ttyGroupMapped: boolean;
  /** Where no cgroup can be made for it, mounting the hierarchies would only cost time. */
  readonly cgroups: boolean;
  /** Device nodes of the host that a user namespace cannot make: bound instead. */
  readonly boundDevices: readonly { readonly source: string; readonly destination: string }[];
  /** Whether a read-only root has places to write. */
  readonly readOnlyTmpfs: boolean;
  /** Further options of the proc mount. */
  readonly procOptions: readonly string[];
  /** `--init`: the host's program. */
  readonly initPath: string | undefined;
  /** Of a private /dev/shm; podman's default if undefined. */
  readonly shmSizeBytes: number | undefined;
}

/** Where `--init` puts its program. */
export const initDestination = '/run/peapod-init';

/** All mounts of a container in the order in which a runtime makes them: a parent goes before its children. */
export function ociMounts(input: MountInput): readonly OciMount[] {
  const asked = input.mounts.map(oneMount);
  const taken = new Set<string>();
  for (const { destination } of asked) {
    if (taken.has(destination)) {
      throw new PeapodError('INVALID_ARGUMENT', `${destination}: duplicate mount destination`, {
        hint: 'mount one thing at one place',
      });
    }
    taken.add(destination);
  }
  const defaults = [
    ...kernelMounts(input),
    ...temporaryMounts(input),
    ...generatedMounts(input),
    ...input.boundDevices.map(deviceMount),
  ].filter(({ destination }) => {
    // Whoever brings a /dev of their own brings all of it.
    if (taken.has('/dev') && destination.startsWith('/dev/')) return false;
    return !taken.has(destination);
  });
  const depth = ({ destination }: OciMount) => destination.split('/').length;
  return [...defaults, ...asked].sort((a, b) => depth(a) - depth(b));
}

function kernelMounts(input: MountInput): OciMount[] {
  const { namespaces, rootless } = input;
  const access = input.privileged ? 'rw' : 'ro';
  const hidden = ['nosuid', 'noexec', 'nodev'];
  const foreignProc = rootless && namespaces.pid === 'host';
  const foreignSys = rootless && (namespaces.network === 'host' || input.foreignNetwork);
  const mounts: OciMount[] = [
    // The kernel mounts procfs and sysfs only for whoever owns the pid or network namespace.
    foreignProc
      ? { destination: '/proc', type: 'bind', source: '/proc', options: [...hidden, 'rbind'] }
      : { destination: '/proc', type: 'proc', source: 'proc', options: [...hidden, ...input.procOptions] },
    foreignSys
      ? {
          destination: '/sys',
          type: 'bind',
          source: '/sys',
          options: ['rprivate', ...hidden, access, 'rbind'],
        }
      : { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...hidden, access] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: [
        'nosuid',
        'noexec',
        'newinstance',
        'ptmxmode=0666',
        'mode=0620',
        ...(input.ttyGroupMapped ? ['gid=5'] : []),
      ],
    },
  ];
  if (!(rootless && namespaces.ipc === 'host')) {
    mounts.push({ destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: hidden });
  }
  if (input.cgroups && !foreignSys) {
    mounts.push({
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['rprivate', ...hidden, 'relatime', access],
    });
  }
  return mounts;
}

const writableOfReadOnly = ['/tmp', '/run', '/var/tmp'];

function temporaryMounts(input: MountInput): OciMount[] {
  const hidden = ['nosuid', 'noexec', 'nodev'];
  const shm: OciMount =
    input.shm === 'private' || input.shm === 'none'
      ? {
          destination: '/dev/shm',
          type: 'tmpfs',
          source: 'shm',
          options: [...hidden, 'mode=1777', `size=${input.shmSizeBytes ?? 65_536_000}`],
        }
      : {
          destination: '/dev/shm',
          type: 'bind',
          source: input.shm === 'host' ? '/dev/shm' : input.shm.path,
          options: ['bind', 'rprivate', ...hidden],
        };
  const shared = input.shm === 'none' ? [] : [shm];
  if (!input.readOnly || !input.readOnlyTmpfs) return shared;
  return [...shared, ...writableOfReadOnly.map((destination) => tmpfsMount(destination, []))];
}

function generatedMounts({ generated, readOnly, initPath }: MountInput): OciMount[] {
  const files: readonly (readonly [destination: string, source: string | undefined])[] = [
    ['/etc/hosts', generated.hosts],
    ['/etc/hostname', generated.hostname],
    ['/etc/resolv.conf', generated.resolvConf],
    ['/run/.containerenv', generated.containerenv],
    ['/etc/localtime', generated.localtime],
  ];
  const options = ['bind', 'rprivate', ...(readOnly ? ['ro', 'nosuid', 'nodev', 'noexec'] : [])];
  const program = {
    destination: initDestination,
    type: 'bind',
    source: initPath ?? '',
    options: ['bind', 'ro'],
  };
  return [
    ...files.flatMap(([destination, source]) =>
      source === undefined ? [] : [{ destination, type: 'bind', source, options }],
    ),
    ...(initPath === undefined ? [] : [program]),
  ];
}

function deviceMount(device: { source: string; destination: string }): OciMount {
  const options = ['slave', 'nosuid', 'noexec', 'rw', 'rbind'];
  return { destination: device.destination, type: 'bind', source: device.source, options };
}

const propagations = [
  'shared',
  'rshared',
  'slave',
  'rslave',
  'private',
  'rprivate',
  'unbindable',
  'runbindable',
];
/** Of podman's options, those that are for podman to act upon, not for mount(2). */
const notForMount = new Set(['z', 'Z', 'U', 'O', 'copy', 'nocopy', 'notmpcopyup', 'idmap', 'noatomic']);

/** What was asked for, with podman's defaults. Throws INVALID_ARGUMENT for a place that is none. */
export function oneMount(mount: MountSpec): OciMount {
  const destination = posix.normalize(mount.destination).replace(/(.)\/$/, '$1');
  if (!destination.startsWith('/') || destination === '/') {
    throw new PeapodError('INVALID_ARGUMENT', `invalid container path "${mount.destination}"`, {
      hint: 'mount at an absolute path below /',
    });
  }
  if (mount.type === 'tmpfs') return tmpfsMount(destination, mount.options);
  if (mount.type === 'devpts')
    return { ...mount, source: 'devpts', destination, options: devptsOptions(mount.options) };
  if (mount.type === 'overlay') return { ...mount, destination };
  return {
    destination,
    type: 'bind',
    source: mount.source,
    options: withDefaults(mount.options, mount.type === 'volume' ? ['nosuid', 'nodev'] : [], ['rbind']),
  };
}

/** A terminal's own file system: its masters and slaves are nobody else's. */
function devptsOptions(asked: readonly string[]): readonly string[] {
  const has = (key: string) => asked.some((option) => option.startsWith(`${key}=`));
  return [
    'newinstance',
    'ptmxmode=0666',
    'nosuid',
    'noexec',
    ...(has('mode') ? [] : ['mode=0620']),
    ...asked,
  ];
}

function tmpfsMount(destination: string, options: readonly string[]): OciMount {
  const copyUp = options.includes('notmpcopyup') || options.includes('tmpcopyup') ? [] : ['tmpcopyup'];
  return {
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: withDefaults(options, ['nosuid', 'nodev'], copyUp),
  };
}

/** Adds what podman adds unless the opposite was asked for. */
function withDefaults(
  asked: readonly string[],
  restrictions: readonly string[],
  last: readonly string[],
): readonly string[] {
  const has = (option: string) => asked.includes(option);
  return [
    ...asked.filter((option) => !notForMount.has(option.replace(/^(upperdir|workdir)=.*/s, 'O'))),
    ...(has('ro') || has('rw') ? [] : ['rw']),
    ...(asked.some((option) => propagations.includes(option)) ? [] : ['rprivate']),
    ...restrictions.filter((option) => !has(option) && !has(option.slice(2))),
    ...last.filter((option) => !has(option) && !has(option.slice(1))),
  ];
}

/** linux.rootfsPropagation: what bind mounts with propagation need of the root they stand in. */
export function rootfsPropagation(mounts: readonly OciMount[]): 'shared' | 'rslave' | undefined {
  const has = (...words: string[]) =>
    mounts.some(({ options }) => words.some((word) => options.includes(word)));
  if (has('shared', 'rshared')) return 'shared';
  return has('slave', 'rslave') ? 'rslave' : undefined;
}
