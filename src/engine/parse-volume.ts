import { statSync } from 'node:fs';
import { isAbsolute, normalize, resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { MountSpec } from '../store/records.ts';
import { checkName } from './names.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** Of each line one option may stand at the most; podman's words for more. */
const choices: readonly (readonly [options: string, one: string])[] = [
  ['rw ro', `'rw' or 'ro'`],
  ['z Z O', `'z', 'Z', or 'O'`],
  ['U', `'U'`],
  [
    'shared rshared private rprivate slave rslave unbindable runbindable',
    `'[r]shared', '[r]private', '[r]slave' or '[r]unbindable'`,
  ],
  ['bind rbind', `'[r]bind'`],
  ['dev nodev', `'nodev' or 'dev'`],
  ['suid nosuid', `'nosuid' or 'suid'`],
  ['exec noexec', `'noexec' or 'exec'`],
  ['copy nocopy', `'copy' or 'nocopy'`],
];

/**
 * Options behind `-v source:destination:`. `z` and `Z` change nothing: containers run with their caller's SELinux
 * label, which is why they need no other one on what they mount. Throws INVALID_ARGUMENT in podman's words.
 */
export function checkVolumeOptions(options: readonly string[], kind: 'bind' | 'volume'): readonly string[] {
  const overlaid = options.includes('O');
  for (const option of options) {
    const [key = '', value] = splitAtFirst(option, '=');
    if (key === 'idmap') {
      throw invalid(
        'the volume option "idmap" is not supported: it needs a container with a user namespace of its own',
        "use U to give the volume to the container's user",
      );
    }
    const isLayer = overlaid && value !== undefined && (key === 'upperdir' || key === 'workdir');
    if (!isLayer && !choices.some(([known]) => known.split(' ').includes(option)))
      throw invalid(
        `invalid option type "${option}"`,
        'ro, rw, z, Z, U, O, nocopy, noexec, nodev, nosuid, rprivate, …',
      );
    if (isLayer) checkLayer(key, value);
    if (kind === 'bind' && (option === 'copy' || option === 'nocopy'))
      throw invalid(`the option "${option}" is for volumes: a directory of the host is mounted as it is`);
  }
  for (const [known, words] of choices) {
    const given = options.filter((option) => known.split(' ').includes(option));
    if (given.length > 1)
      throw invalid(`invalid options "${options.join(', ')}", can only specify 1 ${words} option`);
  }
  const layers = options.filter((option) => /^(upperdir|workdir)=/.test(option));
  if (layers.length === 1 || layers.length > 2)
    throw invalid(
      `overlay volumes need upperdir and workdir together, or none of both: "${layers.join(', ')}"`,
    );
  return options;
}

function checkLayer(key: string, path: string): void {
  if (isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() && !/[:,\\]/.test(path))
    return;
  throw invalid(`${key}=${path}: not an absolute path of a directory that exists`);
}

/** `-v [source:]destination[:options]`: an absolute or dotted source is a bind mount, a name a volume. */
export function parseVolume(word: string, cwd: string): MountSpec {
  const parts = word.split(':');
  if (parts.length > 3)
    throw invalid(`${word}: incorrect volume format, should be [host-dir:]ctr-dir[:option]`);
  const [source, destination, flags] =
    parts.length === 1
      ? ['', parts[0] as string, '']
      : [parts[0] as string, parts[1] as string, parts[2] ?? ''];
  if (parts.length > 1 && source === '') throw invalid('host directory cannot be empty');
  checkDestination(destination, word);
  const at = normalize(destination).replace(/(.)\/$/, '$1');
  const isPath = /^[./]/.test(source);
  const options = checkVolumeOptions(
    flags.split(',').filter((flag) => flag !== ''),
    isPath ? 'bind' : 'volume',
  );
  if (isPath) {
    const path = isAbsolute(source) ? normalize(source) : resolve(cwd, source);
    if (!statSync(path, { throwIfNoEntry: false })) {
      throw invalid(`statfs ${path}: no such file or directory`, 'bind mounts need a source that exists');
    }
    return { type: 'bind', source: path, destination: at, options };
  }
  if (source !== '') checkName(source);
  return { type: 'volume', source, destination: at, options };
}

/** `--tmpfs /path[:options]`. */
export function parseTmpfs(word: string): MountSpec {
  const [destination, flags] = splitAtFirst(word, ':');
  checkDestination(destination, word);
  return {
    type: 'tmpfs',
    source: '',
    destination: normalize(destination),
    options: (flags ?? '').split(',').filter((flag) => flag !== ''),
  };
}

function checkDestination(path: string, word: string): void {
  if (path === '') throw invalid('container directory cannot be empty');
  if (!isAbsolute(path)) throw invalid(`invalid container path "${path}", must be an absolute path`);
  if (normalize(path) === '/') throw invalid(`"${word}" would cover the container's root`);
}

function splitAtFirst(word: string, separator: string): [string, string | undefined] {
  const at = word.indexOf(separator);
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + separator.length)];
}
