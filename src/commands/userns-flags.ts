import type { UsernsFlags } from '../engine/container-flags.ts';
import { type FlagValues, list, string } from './flags.ts';

/** Of `run`, `create` and `pod create`. */
export const usernsFlags = {
  gidmap: list('Map group ids of the user namespace (CONTAINER:HOST:SIZE); as --uidmap where left out'),
  subgidname: string('Map the group ids that /etc/subgid has for this name; as --subuidname where left out'),
  subuidname: string('Map the user ids that /etc/subuid has for this name; as --subgidname where left out'),
  uidmap: list('Map user ids of the user namespace (CONTAINER:HOST:SIZE); as --gidmap where left out'),
  userns: string(
    'User namespace: host, auto[:size=N,uidmapping=MAP,gidmapping=MAP] for ids that nobody else has, container:NAME, ns:PATH; without root keep-id[:uid=N,gid=N] to be the same user inside, nomap not to be there (default: $PODMAN_USERNS)',
  ),
} as const;

export function usernsRequest(values: FlagValues<typeof usernsFlags>): UsernsFlags {
  return {
    userns: values.userns,
    uidmaps: values.uidmap,
    gidmaps: values.gidmap,
    subuidname: values.subuidname,
    subgidname: values.subgidname,
  };
}
