import { existsSync } from 'node:fs';
import type { HostFacts } from '../host/facts.ts';
import { networkSearchPath } from '../host/search-path.ts';
import { installCommand, which } from '../host/tools.ts';
import type { DoctorFinding } from './views.ts';

/** Programs by the package that has them, in Debian's names; `required` false where only a part of peapod needs it. */
const tools: readonly { name: string; package: string; required: boolean; why: string }[] = [
  { name: 'crun', package: 'crun', required: true, why: 'runs containers' },
  { name: 'conmon', package: 'conmon', required: true, why: 'watches containers' },
  { name: 'ip', package: 'iproute2', required: true, why: 'sets up networks' },
  { name: 'nsenter', package: 'util-linux', required: true, why: 'enters namespaces' },
  { name: 'unshare', package: 'util-linux', required: true, why: 'makes namespaces' },
  { name: 'nft', package: 'nftables', required: false, why: 'bridge networks need it' },
  { name: 'slirp4netns', package: 'slirp4netns', required: false, why: 'networks without root need it' },
  { name: 'pasta', package: 'passt', required: false, why: '--network pasta needs it' },
  { name: 'aardvark-dns', package: 'aardvark-dns', required: false, why: 'names on networks need it' },
  {
    name: 'skopeo',
    package: 'skopeo',
    required: false,
    why: 'images need it; the host root filesystem does not',
  },
  { name: 'catatonit', package: 'catatonit', required: false, why: '--share pid needs it' },
];

const seccompProfiles = ['/usr/share/containers/seccomp.json', '/etc/containers/seccomp.json'];

/** What is missing here, each with the command that mends it. `more`: what the rootless parts found. */
export function examine(
  facts: HostFacts,
  more: readonly { message: string; hint: string }[] = [],
): DoctorFinding[] {
  const asRoot = (command: string) => (facts.rootless ? `sudo ${command}` : command);
  const findings: DoctorFinding[] = more.map(({ message, hint }) => ({
    what: 'rootless',
    problem: message,
    remedy: asRoot(hint),
    required: true,
  }));
  const named = new Set(findings.map(({ remedy }) => remedy));
  for (const tool of tools) {
    const remedy = asRoot(installCommand(tool.package));
    if (isMissing(tool.name, facts) && !named.has(remedy)) {
      findings.push({
        what: tool.name,
        problem: `${tool.name} is not installed (${tool.why})`,
        remedy,
        required: tool.required,
      });
    }
  }
  if (!seccompProfiles.some((path) => existsSync(path))) {
    findings.push({
      what: 'seccomp',
      problem:
        'the default seccomp profile is not installed: containers run only with --security-opt seccomp=…',
      remedy: asRoot(installCommand('golang-github-containers-common')),
      required: true,
    });
  }
  return findings;
}

function isMissing(tool: string, facts: HostFacts): boolean {
  try {
    which(tool, networkSearchPath(facts.env.PATH));
    return false;
  } catch {
    return true;
  }
}
