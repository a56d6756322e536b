/**
 * What podman 4.3 has and peapod has not, and why: said where somebody asks for it, and by
 * docs/compatibility.md. A test holds it against the definitions: what peapod learns leaves this list.
 */

const criu = 'checkpoints are not made: CRIU cannot freeze the helpers of a network along with a container';
const noService = 'nothing of peapod runs elsewhere: there is no remote service, and no daemon here';
const noInfra = 'a pod has no infra container: its namespaces are kept without one';
const trust = 'skopeo checks signatures as /etc/containers/policy.json says: change that file';
const lists = 'lists of images for several platforms are made, and pushed, by buildah manifest';

/** By path; that of a group stands for all below it. */
export const absentVerbs: Readonly<Record<string, string>> = {
  'auto-update':
    "nothing here replaces containers by itself: pull the image, and restart a service of 'generate systemd --new'",
  'container checkpoint': criu,
  'container restore': criu,
  'container runlabel':
    'it runs as the caller what a stranger wrote into an image: read the label by image inspect, then decide',
  'generate kube': 'Kubernetes YAML is not written yet',
  'generate spec': 'it makes input for the service of podman, which peapod does not have',
  'image scp': 'a pipe does it: peapod save IMAGE | ssh HOST peapod load',
  'image sign': 'skopeo standalone-sign does it',
  'image trust': trust,
  kube: 'Kubernetes YAML is not read yet',
  machine: 'peapod runs on Linux itself, and makes no virtual machines',
  manifest: lists,
  'system connection': noService,
  'system renumber': 'it mends the lock numbers of podman: peapod has none',
  'system service': noService,
  'volume reload': 'there are no volume plugins that could have been changed',
  'volume unmount': 'a volume is a directory: what volume mount prints was not mounted by it',
};

export interface AbsentFlags {
  /** Long names; `latest/l` has a short one as well. */
  readonly flags: string;
  /** The verbs that podman has them for, separated by commas; every one where it is left out, `` for podman itself. */
  readonly verbs?: string;
  readonly why: string;
}

export const absentFlags: readonly AbsentFlags[] = [
  { flags: 'connection/c identity remote/r ssh url', verbs: '', why: noService },
  {
    flags: 'cgroup-manager',
    verbs: '',
    why: 'what the machine has decides: cgroups that the caller may change, or none (see info)',
  },
  {
    flags: 'conmon network-cmd-path runtime',
    verbs: '',
    why: 'conmon, crun, slirp4netns and pasta are those of the PATH',
  },
  { flags: 'events-backend', verbs: '', why: 'events are kept in one file (see events)' },
  { flags: 'hooks-dir', verbs: '', why: 'there are no OCI hooks' },
  { flags: 'namespace', verbs: '', why: 'another --root keeps pods and containers apart' },
  { flags: 'noout', verbs: '', why: 'the shell does it: >/dev/null' },
  { flags: 'runtime-flag', verbs: '', why: 'crun is called with what the options of a container ask for' },
  { flags: 'storage-driver storage-opt', verbs: '', why: 'overlays of the kernel are the one storage' },
  { flags: 'syslog', verbs: '', why: 'messages go to standard error: 2> >(logger -t peapod)' },
  { flags: 'tmpdir', verbs: '', why: '--runroot is the directory of all that a reboot takes' },
  { flags: 'volumepath', verbs: '', why: 'volumes lie below --root' },
  { flags: 'all-platforms manifest', verbs: 'build,image build', why: lists },
  { flags: 'chrootdirs', why: 'mount what a chroot inside of the container needs by --volume' },
  {
    flags: 'infra-command infra-conmon-pidfile infra-name',
    verbs: 'pod create,pod clone',
    why: noInfra,
  },
  { flags: 'infra-image', verbs: 'pod create', why: noInfra },
  { flags: 'new-runtime', why: 'crun is the one runtime' },
  { flags: 'rootless-netns', why: 'pod nsenter runs a program in the network of a pod' },
  { flags: 'seccomp-policy', why: 'no image chooses its own profile: --security-opt seccomp=FILE' },
];
