import { inspectDifferences } from './inspect-differences.ts';

export type Topic =
  | 'containers'
  | 'events'
  | 'files'
  | 'images'
  | 'mounts'
  | 'naming'
  | 'networks'
  | 'options'
  | 'pods'
  | 'run'
  | 'unprivileged'
  | 'volumes';

/** Something in which peapod is not like podman 4.3, and why. */
export interface Difference {
  /** Command lines that show it. */
  readonly lines: RegExp;
  /** What of their outcome is different: see compare.ts. */
  readonly what: RegExp;
  readonly why: string;
}

const output = /^(stdout|stderr|exit code)$/;

const noInfraContainer: Difference = {
  lines: /^(pod|ps|image|\$ TOOL pod)/,
  what: /^(stdout|json (value|length) .*(Infra|Containers|Cgroup))/,
  why: 'a pod has no infra container and so no image for it: its namespaces are pinned, and nothing counts or shows what is not there',
};
const refusedBefore: Difference = {
  lines: /--ip |-p |:nonsense=1|--memory 1k|--hostuser nobody|source=missing/,
  what: /^exit code$/,
  why: 'refused before anything is made: 125, an error of the tool itself, where podman fails while it starts a container that it has made (126)',
};
const networkOfMember: Difference = {
  lines: /--pod \w+ --network/,
  what: output,
  why: 'a network for a member of a pod cannot be had, which podman does not tell',
};
const ownAddress: Difference = {
  lines: /NetworkSettings/,
  what: /^(stdout|json value \.(Gateway|IPAddress|IPPrefixLen|MacAddress|SandboxID))$/,
  why: 'NetworkSettings.IPAddress and its neighbours are filled on every network, not on the default one alone',
};
const progress: Difference = {
  lines: /^(load|import|save)/,
  what: /^stderr$/,
  why: 'progress on standard error is skopeo’s',
};

/** By the topic that shows it. */
export const differences: Readonly<Record<Topic, readonly Difference[]>> = {
  containers: [
    ...inspectDifferences,
    {
      lines: /^start -a chosen/,
      what: /^stdout$/,
      why: 'a clone is on the networks of the original; podman 4.3 puts that of a container without any on the default one',
    },
    {
      lines: /^ps -a( --noheading)?$/,
      what: /^stdout$/,
      why: 'ps shows the ports that an image exposes, as podman 5 does',
    },
    { lines: /json \.Labels/, what: /^stdout$/, why: 'no labels are an empty map rather than null' },
    {
      lines: /^ps .*json$/,
      what: /^json extra \[\]\.Addresses$/,
      why: 'ps --format json has the addresses of containers, too',
    },
    { lines: /label!/, what: output, why: 'the filter label! of podman 5' },
    {
      lines: /restart-policy=no/,
      what: /^stdout$/,
      why: 'a container without a restart policy has the policy no, as in podman 5',
    },
    {
      lines: /^start made$/,
      what: /^stdout$/,
      why: 'start prints the name of a container that runs already, too',
    },
  ],
  events: [
    {
      lines: /^events .*nonsense/,
      what: output,
      why: 'a wrong filter or time is an error: podman shows nothing and exits with 0',
    },
    {
      lines: /^system$/,
      what: /^stdout$/,
      why: 'a verb that is missing is an error, with no page of help before it',
    },
  ],
  files: [
    progress,
    {
      lines: /^cp file relative:$/,
      what: /^error names$/,
      why: 'the container is looked for before the path',
    },
    {
      lines: /^(image prune|system df|\$ TOOL images)/,
      what: /^stdout$/,
      why: 'an import that fails for its name leaves no image behind, which it does with podman',
    },
    {
      lines: /^history/,
      what: /^json extra \[\]\.tags$/,
      why: 'history --format json has the tags of a layer, as podman 5',
    },
    {
      lines: /HostConfig\.CpuShares/,
      what: /^stdout$/,
      why: 'what update has changed stands in inspect, as in podman 5',
    },
  ],
  images: [
    progress,
    {
      lines: /^images --format json$/,
      what: /^json length $/,
      why: 'images --format json has each image once, with all its names, as podman 5',
    },
    {
      lines: /^image inspect/,
      what: /^json missing .*WorkDir$/,
      why: 'layers are unpacked without a directory for overlayfs beside each',
    },
  ],
  mounts: [refusedBefore],
  naming: [
    {
      lines: /labelled/,
      what: /^stdout$/,
      why: 'a label without a value in --label-file is a label, which podman 4.3 loses',
    },
    {
      lines: /--replace/,
      what: /^stdout$/,
      why: 'run --replace prints one id; podman 4.3 prints what it replaced before it',
    },
    {
      lines: /^run .*-it /,
      what: /^stderr$/,
      why: 'run -it without a terminal is not warned of',
    },
    {
      lines: /--restart/,
      what: /^error names$/,
      why: 'a policy is checked for sense before it is checked against --rm',
    },
  ],
  networks: [
    refusedBefore,
    ownAddress,
    {
      lines: /^network (ls|inspect)/,
      what: /^json value .*network_interface$/,
      why: 'bridges have the names that podman gives them in CNI files',
    },
    {
      lines: /^network (ls|inspect)/,
      what: /^json extra .*options/,
      why: 'networks are isolated from each other unless they say otherwise',
    },
    {
      lines: /^network inspect/,
      what: /^json extra .*(containers|pods|config_file)$/,
      why: 'network inspect shows who is on a network, as podman 5, and its file',
    },
    {
      lines: /^network (ls|inspect)/,
      what: /^json value .*end_ip$/,
      why: 'a range ends before the broadcast address, which nobody can have',
    },
    {
      lines: /^run .*--mac-address 02/,
      what: /^stderr$/,
      why: 'aardvark-dns is started with its complaints about a missing syslog in a file',
    },
    {
      lines: /NetworkSettings}}/,
      what: /Aliases$/,
      why: 'the short id is no alias that inspect shows; it is a name all the same',
    },
    { lines: /ip route/, what: /^stdout$/, why: 'a default route has a metric only where one is asked for' },
  ],
  options: [
    {
      lines: /etc\/hostname/,
      what: /^stdout$/,
      why: '/etc/hostname ends with a newline, as hostname(5) has it',
    },
    {
      lines: /--cpus -1/,
      what: output,
      why: 'a negative number of CPUs is an error, which podman takes for none',
    },
  ],
  pods: [
    noInfraContainer,
    networkOfMember,
    {
      lines: /^pod ps/,
      what: /^json extra .*(Backend|Addresses|Ports|SharedNamespaces|MissingHelpers)$/,
      why: 'pod ps shows the network of a pod: backend, addresses, ports, helpers that are gone',
    },
    {
      lines: /^pod inspect/,
      what: /^json (missing|extra|value) \.(ExitPolicy|Cgroup|CreateCgroup|CreateInfra|Hostname|InfraConfig|Network)/,
      why: 'pod inspect has the network of a pod, and nothing about an infra container',
    },
  ],
  run: [refusedBefore],
  unprivileged: [
    refusedBefore,
    ownAddress,
    networkOfMember,
    noInfraContainer,
    { lines: /--memory 1k/, what: /^stderr$/, why: 'a warning begins with Warning:' },
  ],
  volumes: [
    {
      lines: /tar -tf/,
      what: /^stdout$/,
      why: 'volume export has the volume’s own directory, too, so that its owner and mode are kept',
    },
    {
      lines: /^volume create --driver/,
      what: /^error names$/,
      why: 'the message names the driver that is missing, not the volume',
    },
    {
      lines: /^secret ls --format json$/,
      what: /^stdout$/,
      why: 'secret ls --format json gives JSON, as podman 5',
    },
    {
      lines: /^secret inspect/,
      what: /Options\.path$/,
      why: 'where secrets are kept is no option of theirs',
    },
  ],
};

export function findDifference(topic: Topic, line: string, what: string): Difference | undefined {
  return differences[topic].find((one) => one.lines.test(line) && one.what.test(what));
}

/** Reasons of the topic that no line needed. */
export function findUnused(topic: Topic, used: ReadonlySet<string>): string[] {
  return differences[topic].map(({ why }) => why).filter((why) => !used.has(why));
}
