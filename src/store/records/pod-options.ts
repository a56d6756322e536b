import type { MountSpec } from '../records.ts';

/** What `pod create` says besides namespaces and network. What is absent has its default. */
export interface PodOptions {
  /** `stop`: the pod is stopped when its last container has ended; it goes on by default. */
  readonly exitPolicy?: 'stop';
  readonly members?: MemberDefaults;
}

/** For every container of the pod, unless the container says otherwise. Words as typed, their paths absolute. */
export interface MemberDefaults {
  readonly volumes?: readonly string[];
  readonly securityOptions?: readonly string[];
  readonly devices?: readonly string[];
  readonly volumesFrom?: readonly string[];
  /** Of `volumesFrom`, as those containers had them when the pod was created. */
  readonly inherited?: readonly MountSpec[];
  readonly pid?: string;
  readonly uts?: string;
  readonly noHosts?: boolean;
}
