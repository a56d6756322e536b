import { PeapodError } from '../errors.ts';

/** Whom the first process of a container runs as. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** The group itself among them where a user was named, since a file may be closed to a group and open to others (CVE-2022-2989). */
  readonly additionalGids: readonly number[];
  /** Home directory; `/` for a user without an entry. */
  readonly home: string;
}

const maxId = 2 ** 31 - 1;

export type Entry = readonly string[];

/** Lines of passwd(5) or group(5) as fields; what is no entry is left out. */
export function parseDatabase(text: string | undefined): readonly Entry[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter((fields) => fields.length >= 3 && fields[0] !== '' && !fields[0]?.startsWith('#'));
}

/**
 * Looks up `user`, `user:group`, `uid`, `uid:gid`, `:group` or nothing (root) in the entries of /etc/passwd and
 * /etc/group of the container itself. A number needs no entry; without a group it gets gid 0.
 * Throws NOT_FOUND and INVALID_ARGUMENT with exit code 126, in podman's words.
 */
export function lookUpUser(spec: string, passwd: readonly Entry[], group: readonly Entry[]): ResolvedUser {
  const separator = spec.indexOf(':');
  const userPart = separator < 0 ? spec : spec.slice(0, separator);
  const groupPart = separator < 0 ? '' : spec.slice(separator + 1);
  const entry = findEntry(passwd, userPart === '' ? '0' : userPart);
  const uid = entry ? id(entry[2]) : userPart === '' ? 0 : idFromWord(userPart, 'user', 'passwd');
  const home = entry?.[5] || '/';
  if (groupPart !== '') {
    const chosen = lookUpGroup(groupPart, group);
    return { uid, gid: chosen, additionalGids: [chosen], home };
  }
  const gid = entry ? id(entry[3]) : 0;
  const name = entry?.[0];
  const own = spec === '' ? [] : [gid];
  const additionalGids =
    name === undefined
      ? []
      : group.filter((line) => hasMember(line, name) && !isMadeFor(line, name)).map((line) => id(line[2]));
  return { uid, gid, additionalGids: [...new Set([...own, ...additionalGids])], home };
}

/** `--group-add` and the group of `user:group`: a name or a number. */
export function lookUpGroup(word: string, group: readonly Entry[]): number {
  const entry = findEntry(group, word);
  return entry ? id(entry[2]) : idFromWord(word, 'group', 'group');
}

export function findEntry(database: readonly Entry[], word: string): Entry | undefined {
  // A name goes before a number that looks like it.
  return (
    database.find((fields) => fields[0] === word) ??
    (/^\d+$/.test(word) ? database.find((fields) => Number(fields[2]) === Number(word)) : undefined)
  );
}

function hasMember(line: Entry, name: string): boolean {
  return line[3]?.split(',').some((member) => member.trim() === name) ?? false;
}

/** The line of user-entries.ts for a number without a name, which nobody was put into. */
function isMadeFor(line: Entry, name: string): boolean {
  return /^\d+$/.test(name) && line[0] === name && line[2] === name;
}

function idFromWord(word: string, kind: 'user' | 'group', file: 'passwd' | 'group'): number {
  if (/^[+-]?\d+$/.test(word)) return id(word);
  throw new PeapodError('NOT_FOUND', `unable to find ${kind} ${word}: no matching entries in ${file} file`, {
    hint: `give a number, or a ${kind} of the container's own /etc/${file}`,
    exitCode: 126,
  });
}

function id(field: string | undefined): number {
  const value = Number(field);
  if (Number.isInteger(value) && value >= 0 && value <= maxId) return value;
  throw new PeapodError('INVALID_ARGUMENT', `uids and gids must be in range 0-${maxId}`, {
    hint: 'the user is that of --user, or else of the image',
    exitCode: 126,
  });
}
