/** How verbs and flags of podman do something else here, for docs/compatibility.md. By path, or path and flag. */
const runDifferences = {
  '': 'IMAGE may also be `host`: the programs of this machine, from no registry; `DIR:O` behind --rootfs keeps DIR as it is',
  ' --cgroups': 'no `split`: a container has a cgroup of its own, or none',
  ' --cap-add': 'what the caller does not have cannot be given, and is refused before anything is made',
  ' --ip': 'on the one network of the container; `--network NAME:ip=…` for one of several',
  ' --network':
    '`pasta` as well; without it, root gets a bridge, and anyone else slirp4netns, whose options podman spells so, too',
  ' --publish': 'a port is reserved when the container is created, and a conflict is told then',
  ' --restart': 'kept without a daemon: by the exit command of conmon',
  ' --sdnotify': 'only `ignore`: nobody is told by NOTIFY_SOCKET',
  ' --systemd': 'only `false`: a container is not prepared for a systemd of its own',
} as const;

function of(...paths: string[]): Record<string, string> {
  return Object.fromEntries(
    paths.flatMap((path) => Object.entries(runDifferences).map(([key, remark]) => [path + key, remark])),
  );
}

export const differences: Readonly<Record<string, string>> = {
  ...of('run', 'create', 'container run', 'container create'),
  'container clone':
    'published ports are in the way unless --destroy hands them over; network, hostname and what the old image had are kept or replaced as a whole',
  'pod clone': 'published ports are in the way unless --destroy hands them over; no infra container',
  build: 'buildah does it and has to be installed; the cache of layers goes by `image prune --all`',
  'image build': 'buildah does it and has to be installed; the cache of layers goes by `image prune --all`',
  commit: 'TERM, HOME, HOSTNAME and `container` do not get into the image unless somebody has set them',
  'container commit':
    'TERM, HOME, HOSTNAME and `container` do not get into the image unless somebody has set them',
  diff: 'of one container or image, not between two',
  'container diff': 'of one container, not between two',
  'image diff': 'of one image, not between two',
  push: 'id and digest stay what they are here: nothing is compressed anew; without a destination the whole name of the image is meant',
  'image push':
    'id and digest stay what they are here: nothing is compressed anew; without a destination the whole name of the image is meant',
  mount: 'the next start of the container takes the mount over, and its end takes it away',
  'container mount': 'the next start of the container takes the mount over, and its end takes it away',
  'image tree': 'layers by their diff ids',
  events: 'from one file, whoever asks; events of networks as well',
  'healthcheck run':
    'the checks in between are run by a shell beside the container, not by a timer of systemd',
  info: 'what peapod knows, in the fields of podman where it has them',
  'system info': 'what peapod knows, in the fields of podman where it has them',
  'network create':
    'networks are CNI configuration lists, and closed to each other unless they say otherwise',
  'network create --driver': 'drivers are `bridge`, `macvlan` and `ipvlan`',
  'network reload': 'of pods as well; what programs have changed of a running one is put back',
  'pod create': 'no infra container: the namespaces of a pod are kept as files, and outlive its containers',
  'pod create --infra': 'only `false`, which it is',
  'pod create --share-parent': '`false` by itself: a pod without limits needs no cgroup',
  'pod create --network': runDifferences[' --network'],
  'pod create --publish': 'a port is reserved when the pod is created; pod publish adds one while it runs',
  'pod inspect': 'no infra container; `Network` tells backend, addresses and name servers',
  'pod ps':
    'columns tell backend, network, addresses and ports, where podman has the id of the infra container',
  'pod ps --format': 'no fields of an infra container; Backend, Network, Addresses and Ports as well',
  'secret create --driver': 'only `file`',
  'secret create --driver-opts': 'only `path=DIRECTORY`, which holds a file for each secret',
  'volume create --driver': 'only `local`',
  stop: 'a first process that cannot hear the signal is not waited for',
  'container stop': 'a first process that cannot hear the signal is not waited for',
  'pod stop': 'a first process that cannot hear the signal is not waited for',
  'system migrate': 'ends the helper process of the user, so that changed id ranges take effect',
  unshare: 'in the namespaces of the helper process, which holds the mounts of containers',
  version: 'the version of peapod, and of nothing else; `GoVersion` is what runs it, which is not Go',
};
