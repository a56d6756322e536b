/** Where a container gets a namespace from: a pinned file, a fresh one of its own, or the host's. */
export type NamespaceChoice = 'private' | 'host' | { readonly path: string };

export interface NamespaceChoices {
  readonly network: NamespaceChoice;
  readonly ipc: NamespaceChoice;
  readonly uts: NamespaceChoice;
  readonly pid: NamespaceChoice;
  /** `private` hides the host's cgroup tree; podman does so on cgroup v2. */
  readonly cgroup: NamespaceChoice;
  /** Absent for that of whoever starts the runtime. */
  readonly user?: NamespaceChoice;
}

/** linux.namespaces of the OCI runtime specification; a type that is left out stays the caller's. */
export interface OciNamespace {
  readonly type: string;
  readonly path?: string;
}

export function ociNamespaces(choices: NamespaceChoices): readonly OciNamespace[] {
  const asked: readonly (readonly [type: string, choice: NamespaceChoice])[] = [
    ['user', choices.user ?? 'host'],
    ['pid', choices.pid],
    ['network', choices.network],
    ['ipc', choices.ipc],
    ['uts', choices.uts],
    ['cgroup', choices.cgroup],
    ['mount', 'private'],
  ];
  return asked
    .filter(([, choice]) => choice !== 'host')
    .map(([type, choice]) => (typeof choice === 'object' ? { type, path: choice.path } : { type }));
}
