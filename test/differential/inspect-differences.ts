import type { Difference } from './differences.ts';

const lines = /^inspect/;

/** What `inspect` says of a container in another way than podman 4.3. */
export const inspectDifferences: readonly Difference[] = [
  {
    lines,
    what: /^json missing .*(Domainname|OnBuild|StdinOnce|VolumeDriver|Links|Isolation|ConsoleSize|\.Cgroup|Config\.Volumes|AttachStdout|AttachStderr)$/,
    why: 'inspect has no fields that are empty in every container of podman, too',
  },
  {
    lines,
    what: /^json missing .*(CheckpointedAt|RestoredAt)$/,
    why: 'inspect has no times of checkpoints, since none are made',
  },
  {
    lines,
    what: /^json value .*sdNotifyMode$/,
    why: 'nobody is told by NOTIFY_SOCKET: sdNotifyMode is ignore',
  },
  {
    lines,
    what: /^json value .*(GraphDriver\.Data\.\w+|State\.CgroupPath)$/,
    why: 'inspect shows where the files and the cgroup of a container are',
  },
  {
    lines,
    what: /^json missing .*HostConfig\.(DiskQuota|KernelMemory|CpuCount|CpuPercent|IOMaximum\w+|BlkioDevice\w+|BlkioWeightDevice|CpuRealtime\w+)$/,
    why: 'inspect has no fields for limits of other systems and of old kernels',
  },
  {
    lines,
    what: /^json missing .*Annotations\./,
    why: 'inspect shows the annotations that were asked for, none of the tool’s own',
  },
  { lines, what: /OciVersion$/, why: 'the version of the runtime specification that config.json follows' },
  {
    lines,
    what: /^json extra .*(ConmonPid|ExitFile|OCIConfigPath|Secrets|Init|DeviceCgroupRules|Sysctls)$/,
    why: 'inspect has fields of podman 5, and has them also where a container has never run',
  },
  {
    lines,
    what: /^json value .*(ResolvConfPath|HostnamePath|HostsPath|SandboxID|SandboxKey)$/,
    why: 'files and namespaces of a container are there from its creation on',
  },
  {
    lines,
    what: /^json length .*Config\.Env$/,
    why: 'Config.Env is what the image and the user asked for, without what every process gets besides',
  },
  {
    lines,
    what: /RestartPolicy\.Name$/,
    why: 'a container without a restart policy has the policy no, as in podman 5',
  },
  {
    lines,
    what: /^json length .*CapDrop$/,
    why: 'CapDrop is what the user dropped, not what Docker’s default has besides',
  },
  {
    lines,
    what: /^json value .*IpcMode$/,
    why: 'IPC namespaces are private unless they are shared in a pod',
  },
  { lines, what: /MemorySwappiness$/, why: 'swappiness is -1 where none is set, as in podman 5' },
  {
    lines,
    what: /^json (length .*Mounts\[\]\.Options|value .*Binds\[\])$/,
    why: 'mount options are those that are passed to the runtime',
  },
];
