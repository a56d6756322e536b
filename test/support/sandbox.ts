import { readdirSync, readFileSync } from 'node:fs';
import type { TestHost } from './test-host.ts';

/** Runs a script as root, of the host or of the user's namespaces, in the network namespace of a pod. */
export function inPodNetwork(host: TestHost, podId: string, script: string): Promise<string> {
  const namespace = `${host.runRoot}/sandboxes/${podId}/net`;
  const quoted = `'${script.replaceAll("'", `'\\''`)}'`;
  const enter = `nsenter --net=${namespace} sh -ec ${quoted}`;
  if (!host.rootless) return host.sh(enter);
  // An unprivileged user's namespaces are pinned in the mount namespace that the keeper holds.
  const [keeper] = readFileSync(host.path(`${host.runRoot}/keeper/state`), 'utf8').split(' ');
  return host.sh(`nsenter -t ${keeper} --user --mount --preserve-credentials ${enter}`);
}

/** Names of a pod's network interfaces. */
export async function podInterfaces(host: TestHost, podId: string): Promise<string[]> {
  const output = await inPodNetwork(host, podId, 'ip -oneline link show');
  return output.split('\n').map((line) => (line.split(':')[1] ?? '').trim().replace(/@.*/, ''));
}

/** Ids of pods, and of containers outside pods, that have namespaces; one a line. */
export function sandboxIds(host: TestHost): string {
  try {
    return readdirSync(host.path(`${host.runRoot}/sandboxes`))
      .toSorted()
      .join('\n');
  } catch {
    return '';
  }
}
