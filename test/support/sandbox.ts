import { readFileSync } from 'node:fs';
import type { TestHost } from './test-host.ts';

/** Runs a script as root in the network namespace of a pod that may have no container at all. */
export function inPodNetwork(host: TestHost, podId: string, script: string): Promise<string> {
  const runRoot = host.rootless ? `/run/user/${host.user.uid}/peapod` : '/run/peapod';
  const namespace = `${runRoot}/sandboxes/${podId}/net`;
  const quoted = `'${script.replaceAll("'", `'\\''`)}'`;
  const enter = `nsenter --net=${namespace} sh -ec ${quoted}`;
  if (!host.rootless) return host.rootSh(enter);
  // An unprivileged user's namespaces are pinned in the mount namespace that the keeper holds.
  const [keeper] = readFileSync(host.path(`${runRoot}/keeper/state`), 'utf8').split(' ');
  return host.rootSh(`nsenter -t ${keeper} --mount ${enter}`);
}

/** Names of a pod's network interfaces. */
export async function podInterfaces(host: TestHost, podId: string): Promise<string[]> {
  const output = await inPodNetwork(host, podId, 'ip -oneline link show');
  return output.split('\n').map((line) => (line.split(':')[1] ?? '').trim().replace(/@.*/, ''));
}

/** Ids of pods that have namespaces. */
export function sandboxIds(host: TestHost): Promise<string> {
  const runRoot = host.rootless ? `/run/user/${host.user.uid}/peapod` : '/run/peapod';
  return host.rootSh(`ls ${runRoot}/sandboxes 2>/dev/null || true`);
}
