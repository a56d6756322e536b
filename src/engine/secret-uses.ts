import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { PeapodError } from '../errors.ts';
import { ownerOutside } from '../host/id-mappings.ts';
import type { ContainerRecord, MountSpec, SecretUse } from '../store/records.ts';
import type { Context } from './context.ts';
import { secretFile } from './secret-files.ts';
import { requireSecret } from './secrets.ts';

const directory = '/run/secrets';

function invalid(message: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', `${message}: parsing secret`, {
    hint: 'write --secret NAME[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=0400]',
  });
}

/** `--secret name[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…]`. Throws INVALID_ARGUMENT, NOT_FOUND. */
export function parseSecretUses(context: Context, words: readonly string[]): SecretUse[] {
  const uses = words.map((word) => parseUse(context, word));
  const places = uses.map(({ type, target }) => `${type} ${target}`);
  const twice = uses.find((_, index) => places.indexOf(places[index] as string) !== index);
  if (twice) throw invalid(`two secrets have the target ${twice.target}`);
  return uses;
}

function parseUse(context: Context, word: string): SecretUse {
  const [name = '', ...options] = word.split(',');
  const given = new Map<string, string>();
  for (const option of options) {
    const at = option.indexOf('=');
    if (at < 0) throw invalid(`option ${option} must be in form option=value`);
    const key = option.slice(0, at).toLowerCase();
    if (!['type', 'target', 'uid', 'gid', 'mode'].includes(key)) throw invalid(`option ${option} invalid`);
    given.set(key, option.slice(at + 1));
  }
  const type = given.get('type') ?? 'mount';
  if (type !== 'mount' && type !== 'env') throw invalid(`type ${type} is invalid`);
  if (type === 'env' && ['uid', 'gid', 'mode'].some((key) => given.has(key)))
    throw invalid('UID, GID, Mode options cannot be set with secret type env');
  const secret = requireSecret(context, name);
  const target = given.get('target') || secret.name;
  return {
    id: secret.id,
    name: secret.name,
    type,
    target: type === 'env' ? target : checkTarget(target),
    uid: number(given, 'uid', /^\d+$/, 10, 0),
    gid: number(given, 'gid', /^\d+$/, 10, 0),
    mode: number(given, 'mode', /^[0-7]{1,4}$/, 8, 0o444),
  };
}

function number(
  given: ReadonlyMap<string, string>,
  key: 'uid' | 'gid' | 'mode',
  pattern: RegExp,
  base: number,
  fallback: number,
): number {
  const text = given.get(key);
  if (text === undefined) return fallback;
  if (!pattern.test(text)) throw invalid(`${key === 'mode' ? key : key.toUpperCase()} ${text} invalid`);
  return Number.parseInt(text, base);
}

/** An absolute path, or one below /run/secrets. */
function checkTarget(target: string): string {
  const path = normalize(target);
  if (path === '/' || path === '.' || path.startsWith('..') || path.endsWith('/'))
    throw invalid(`target ${target} is no path of a file`);
  return path;
}

/** A container keeps the files it was created with, whatever becomes of the secrets. */
export function keepSecrets(context: Context, { id, spec }: ContainerRecord): void {
  for (const [index, use] of (spec.secrets ?? []).entries()) {
    if (use.type !== 'mount') continue;
    const kept = keptFile(context, id, index);
    mkdirSync(dirname(kept), { recursive: true, mode: 0o700 });
    copyFileSync(secretFile(context, use.id), kept);
  }
}

/** What another container keeps, also of secrets that are gone. */
export function copySecrets(context: Context, { id, spec }: ContainerRecord, toId: string): void {
  for (const [index, { type }] of (spec.secrets ?? []).entries()) {
    if (type !== 'mount') continue;
    const copy = keptFile(context, toId, index);
    mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
    copyFileSync(keptFile(context, id, index), copy);
  }
}

function keptFile(context: Context, containerId: string, index: number): string {
  return join(context.paths.container(containerId), 'secrets', String(index));
}

export interface GivenSecrets {
  readonly mounts: readonly MountSpec[];
  readonly env: Readonly<Record<string, string>>;
  /** Commands for where containers live: whom the files belong to. */
  readonly before: readonly (readonly string[])[];
}

/** Fresh files below the runtime directory at each start; variables as the secrets are now. Throws NOT_FOUND. */
export function giveSecrets(context: Context, { id, spec }: ContainerRecord): GivenSecrets {
  const uses = spec.secrets ?? [];
  const runtime = context.paths.containerRuntime(id);
  const below = join(runtime, 'secrets');
  const mounts: MountSpec[] = [];
  const env: Record<string, string> = {};
  const before: string[][] = [];
  for (const [index, use] of uses.entries()) {
    if (use.type === 'env') {
      const { id: now } = requireSecret(context, use.id);
      env[use.target] = readFileSync(secretFile(context, now), 'utf8');
      continue;
    }
    const alone = isAbsolute(use.target);
    const file = alone ? join(runtime, 'secret-files', String(index)) : join(below, use.target);
    mkdirSync(dirname(file), { recursive: true });
    // Whatever the caller's umask: anybody in the container may look.
    for (const dir of alone ? [] : [below, dirname(file)]) chmodSync(dir, 0o755);
    rmSync(file, { force: true });
    copyFileSync(keptFile(context, id, index), file);
    chmodSync(file, use.mode);
    const [uid, gid] = spec.userns
      ? [ownerOutside(spec.userns.uids, use.uid), ownerOutside(spec.userns.gids, use.gid)]
      : [use.uid, use.gid];
    if (uid !== 0 || gid !== 0) before.push(['chown', `${uid}:${gid}`, file]);
    if (alone) mounts.push(bind(file, use.target));
    else if (!mounts.some(({ source }) => source === below)) mounts.push(bind(below, directory));
  }
  return { mounts, env, before };
}

function bind(source: string, destination: string): MountSpec {
  return {
    type: 'bind',
    source,
    destination,
    options: ['bind', 'ro', 'rprivate', 'nosuid', 'nodev', 'noexec'],
  };
}
