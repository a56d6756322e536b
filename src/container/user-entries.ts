import type { HostUser, PasswdSpec } from '../store/records/passwd.ts';
import { type Entry, findEntry, lookUpGroup, parseDatabase } from './user.ts';

/** Lines for /etc/passwd and /etc/group, each with its newline; empty for none. */
export interface UserEntries {
  readonly passwd: string;
  readonly group: string;
}

export interface UserEntriesInput {
  /** As `ContainerSpec.user`. */
  readonly user: string;
  readonly workdir: string;
  /** Where something is mounted: a home below is there. */
  readonly mountPoints: readonly string[];
  readonly asked: PasswdSpec | undefined;
  /** Texts of the container's own /etc. */
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/**
 * Lines as podman writes them: for users of the host that were asked for, and for a numeric user and group
 * without one. What has a line already gets none. Throws NOT_FOUND for a group that is nobody's.
 */
export function userEntries(input: UserEntriesInput): UserEntries {
  const { asked, workdir } = input;
  const passwd = parseDatabase(input.passwd);
  const group = parseDatabase(input.group);
  const users: HostUser[] = [];
  const isKnown = ({ name, uid }: Pick<HostUser, 'name' | 'uid'>) =>
    [name, String(uid)].some(
      (word) =>
        findEntry(passwd, word) || users.some((user) => user.name === word || String(user.uid) === word),
    );
  for (const user of asked?.users ?? []) {
    const home = isMounted(user.home, input.mountPoints) ? user.home : workdir;
    if (!isKnown(user)) users.push({ ...user, home });
  }
  const [userWord = '', groupWord] = input.user.split(/:(.*)/s);
  const numeric = asNumber(userWord);
  if (numeric !== undefined && !isKnown({ name: userWord, uid: numeric })) {
    const gid = groupWord ? lookUpGroup(groupWord, group) : 0;
    users.push({ name: String(numeric), uid: numeric, gid, gecos: 'container user', home: workdir });
  }
  return {
    passwd: users.map((user) => passwdLine(user, asked?.entry)).join(''),
    group: groupLines(asked?.group, { userWord, groupWord: groupWord || userWord }, group),
  };
}

function passwdLine({ name, uid, gid, gecos, home }: HostUser, template: string | undefined): string {
  const line = template ?? '$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh';
  const values = { USERNAME: name, UID: uid, GID: gid, NAME: gecos, HOME: home };
  return `${line.replace(/\$(USERNAME|UID|GID|NAME|HOME)/g, (_, key: keyof typeof values) => String(values[key]))}\n`;
}

function groupLines(
  asked: PasswdSpec['group'],
  { userWord, groupWord }: { userWord: string; groupWord: string },
  group: readonly Entry[],
): string {
  const isNew = (word: string) => findEntry(group, word) === undefined;
  const own = asked && isNew(asked.name) && isNew(String(asked.gid)) ? asked : undefined;
  const numeric = asNumber(groupWord);
  const line = own ? `${own.name}:x:${own.gid}:${own.member}\n` : '';
  if (numeric === undefined || numeric === own?.gid || !isNew(groupWord)) return line;
  return `${line}${numeric}:x:${numeric}:${userWord}\n`;
}

function isMounted(path: string, mountPoints: readonly string[]): boolean {
  return mountPoints.some((point) => path === point || path.startsWith(`${point}/`));
}

function asNumber(word: string): number | undefined {
  return /^\d+$/.test(word) ? Number(word) : undefined;
}
