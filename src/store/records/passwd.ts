/** What a container's /etc/passwd and /etc/group get besides a line for a numeric user without one. */
export interface PasswdSpec {
  /** Nothing at all is added, not even that line. */
  readonly none?: true;
  /** Instead of podman's line: `$USERNAME`, `$UID`, `$GID`, `$NAME` and `$HOME` are filled in. */
  readonly entry?: string;
  readonly users?: readonly HostUser[];
  /** Of the caller who keeps its ids. */
  readonly group?: { readonly name: string; readonly gid: number; readonly member: string };
}

/** As passwd(5) of the host had it when the container was created. */
export interface HostUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: string;
  readonly home: string;
}
