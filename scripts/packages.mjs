// The system programs that peapod calls, and the packages of Debian/Ubuntu and Fedora that bring them.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const directories = [
  ...(process.env.PATH ?? '').split(':'),
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  ...['/usr/libexec/podman', '/usr/lib/podman', '/usr/libexec/catatonit', '/usr/libexec/crio'],
];

/** Path of a program, or undefined. */
export function findProgram(name) {
  return directories
    .filter(Boolean)
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const program = (name) => () => findProgram(name) !== undefined;

/** A busybox that runs in an empty root file system. */
function hasStaticBusybox() {
  const path = findProgram('busybox');
  return path !== undefined && !/\/ld-(linux|musl)/.test(readFileSync(path, 'latin1'));
}

const seccompProfiles = ['/usr/share/containers/seccomp.json', '/etc/containers/seccomp.json'];

/** What runs pods. */
export const runtimeNeeds = [
  { isThere: program('crun'), apt: 'crun', dnf: 'crun', why: 'runs containers' },
  { isThere: program('conmon'), apt: 'conmon', dnf: 'conmon', why: 'watches a container, keeps its log' },
  { isThere: program('slirp4netns'), apt: 'slirp4netns', dnf: 'slirp4netns', why: 'network without root' },
  { isThere: program('newuidmap'), apt: 'uidmap', dnf: 'shadow-utils', why: 'user namespaces without root' },
  { isThere: program('ip'), apt: 'iproute2', dnf: 'iproute', why: 'bridges and addresses' },
  { isThere: program('nft'), apt: 'nftables', dnf: 'nftables', why: 'published ports and masquerading' },
  { isThere: program('aardvark-dns'), apt: 'aardvark-dns', dnf: 'aardvark-dns', why: 'names on networks' },
  { isThere: program('skopeo'), apt: 'skopeo', dnf: 'skopeo', why: 'fetches images' },
  { isThere: program('nsenter'), apt: 'util-linux', dnf: 'util-linux', why: 'makes and enters namespaces' },
  {
    isThere: program('catatonit'),
    apt: 'catatonit',
    dnf: 'catatonit',
    why: 'first process of shared pid namespaces',
  },
  { isThere: program('ps'), apt: 'procps', dnf: 'procps-ng', why: 'lists processes' },
  {
    isThere: () => seccompProfiles.some((path) => existsSync(path)),
    apt: 'golang-github-containers-common',
    dnf: 'containers-common',
    why: 'seccomp profile, registries',
  },
  {
    isThere: () => existsSync('/etc/containers/policy.json'),
    apt: 'golang-github-containers-image',
    dnf: 'containers-common',
    why: 'signature policy for images',
  },
];

const pluginDirectories = ['/usr/lib/cni', '/usr/libexec/cni', '/opt/cni/bin'];

/** What the tests need besides. */
export const testNeeds = [
  {
    isThere: () => pluginDirectories.some((directory) => existsSync(join(directory, 'portmap'))),
    apt: 'containernetworking-plugins',
    dnf: 'containernetworking-plugins',
    why: 'the CNI plugins that ours are compared with',
  },
  { isThere: program('iptables'), apt: 'iptables', dnf: 'iptables-nft', why: 'rules of those CNI plugins' },
  { isThere: hasStaticBusybox, apt: 'busybox-static', dnf: 'busybox', why: 'content of test images' },
  {
    isThere: () => findProgram('docker-registry') !== undefined || findProgram('registry') !== undefined,
    apt: 'docker-registry',
    dnf: 'docker-distribution',
    why: 'a registry on loopback for the tests',
  },
  { isThere: program('bash'), apt: 'bash', dnf: 'bash', why: 'scripts of the tests' },
  { isThere: program('zsh'), apt: 'zsh', dnf: 'zsh', why: 'a shell that peapod completes in' },
  { isThere: program('fish'), apt: 'fish', dnf: 'fish', why: 'a shell that peapod completes in' },
  { isThere: program('man'), apt: 'man-db', dnf: 'man-db', why: 'reads the manual pages' },
  { isThere: program('groff'), apt: 'groff', dnf: 'groff', why: 'checks the manual pages' },
  { isThere: program('script'), apt: 'bsdutils', dnf: 'util-linux-script', why: 'terminals in the tests' },
  { isThere: program('setpriv'), apt: 'util-linux', dnf: 'util-linux', why: 'the tests become another user' },
  {
    isThere: program('useradd'),
    apt: 'passwd',
    dnf: 'shadow-utils',
    why: 'the unprivileged user of the tests',
  },
  {
    // Where it is missing, peapod does without: a UDP client that goes on talking keeps its old way for 30 s.
    isThere: program('conntrack'),
    apt: 'conntrack',
    dnf: 'conntrack-tools',
    why: 'ends flows over udp ports that have changed hands',
  },
  {
    isThere: program('iptables-nft'),
    apt: 'iptables',
    dnf: 'iptables-nft',
    why: 'firewalls as Docker and ufw make them, in the tests',
  },
  { isThere: program('podman'), apt: 'podman', dnf: 'podman', why: 'whose answers ours are compared with' },
  // Not needed to run pods, but recommended: `--network pasta`.
  { isThere: program('pasta'), apt: 'passt', dnf: 'passt', why: 'the third network backend' },
  { isThere: program('hostname'), apt: 'hostname', dnf: 'hostname', why: 'names of test hosts' },
];

/** What `npm run bench` compares with. */
export const benchNeeds = [
  { isThere: program('iperf3'), apt: 'iperf3', dnf: 'iperf3', why: 'measures throughput' },
];
