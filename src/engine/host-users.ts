import { readFileSync } from 'node:fs';
import { findEntry, parseDatabase } from '../container/user.ts';
import { PeapodError } from '../errors.ts';
import type { KeptIds } from '../store/records/isolation.ts';
import type { HostUser, PasswdSpec } from '../store/records/passwd.ts';
import type { PasswdFlags } from './container-flags.ts';
import type { Context } from './context.ts';

/** `--passwd`, `--passwd-entry`, `--hostuser`, and the caller who keeps its ids. Throws NOT_FOUND. */
export async function resolvePasswd(
  context: Pick<Context, 'facts' | 'host'>,
  { passwd = true, entry, hostUsers = [] }: PasswdFlags,
  kept: KeptIds | undefined,
): Promise<PasswdSpec | undefined> {
  const users = await Promise.all(hostUsers.map((word) => requireUser(context, word)));
  if (!passwd) return { none: true };
  const caller = kept && (await keptCaller(context, kept));
  if (caller) users.push(caller.user);
  const spec: PasswdSpec = {
    ...(entry ? { entry } : {}),
    ...(users.length > 0 ? { users } : {}),
    ...(caller?.group ? { group: { ...caller.group, member: caller.user.name } } : {}),
  };
  return Object.keys(spec).length > 0 ? spec : undefined;
}

/** A caller who is somebody else inside has no name there. */
async function keptCaller(
  context: Pick<Context, 'facts' | 'host'>,
  kept: KeptIds,
): Promise<{ user: HostUser; group: { name: string; gid: number } | undefined } | undefined> {
  const { uid, gid } = context.facts;
  if (kept.uid !== uid || kept.gid !== gid) return undefined;
  const user = await findUser(context, String(uid));
  const group = await lookUp(context, 'group', String(gid));
  return user && { user, group: group && { name: group[0] as string, gid } };
}

async function requireUser(context: Pick<Context, 'host'>, word: string): Promise<HostUser> {
  const user = await findUser(context, word);
  if (user) return user;
  throw new PeapodError('NOT_FOUND', `user: unknown user ${word}`, {
    hint: '--hostuser takes names and ids of users of this machine',
  });
}

async function findUser(context: Pick<Context, 'host'>, word: string): Promise<HostUser | undefined> {
  const line = await lookUp(context, 'passwd', word);
  const [name = '', , uid, gid, gecos = '', home = '/'] = line ?? [];
  // As podman has it: what stands before the first comma of the comment.
  return line && { name, uid: Number(uid), gid: Number(gid), gecos: gecos.split(',')[0] as string, home };
}

/** In the file at first; getent(1) knows the users of directory services, too. */
async function lookUp(
  { host }: Pick<Context, 'host'>,
  database: 'passwd' | 'group',
  word: string,
): Promise<readonly string[] | undefined> {
  const found = findEntry(parseDatabase(readFileSync(`/etc/${database}`, 'utf8')), word);
  if (found) return found;
  const { stdout } = await host.run(['getent', database, word], { accept: 'any' });
  return parseDatabase(stdout)[0];
}
