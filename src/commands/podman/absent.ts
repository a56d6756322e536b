/**
 * What podman 4.3 has and peapod has not, and why: said where somebody asks for it, and by
 * docs/compatibility.md. A test holds it against the definitions: what peapod learns leaves this list.
 */

/** By path; that of a group stands for all below it. */
export const absentVerbs: Readonly<Record<string, string>> = {};

export interface AbsentFlags {
  /** Long names; `latest/l` has a short one as well. */
  readonly flags: string;
  /** The verbs that podman has them for, separated by commas; every one where it is left out, `` for podman itself. */
  readonly verbs?: string;
  readonly why: string;
}

export const absentFlags: readonly AbsentFlags[] = [];
