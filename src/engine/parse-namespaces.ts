import { statfsSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { nsfsMagic } from '../sandbox/namespaces.ts';
import type { NamespaceSpec } from '../store/records/isolation.ts';
import type { NamespaceFlags } from './container-flags.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

const more: Readonly<Record<keyof NamespaceSpec, readonly string[]>> = {
  pid: [],
  ipc: ['shareable', 'none'],
  uts: [],
  cgroup: [],
};

/**
 * `private`, `host`, `container:NAME` and `ns:PATH` for each namespace, names of containers turned into ids.
 * `findContainer` throws NOT_FOUND. Throws INVALID_ARGUMENT in podman's words.
 */
export function parseNamespaces(
  flags: NamespaceFlags,
  findContainer: (name: string) => string,
): NamespaceSpec {
  const asked: readonly (readonly [keyof NamespaceSpec, string | undefined])[] = [
    ['pid', flags.pid],
    ['ipc', flags.ipc],
    ['uts', flags.uts],
    ['cgroup', flags.cgroupns],
  ];
  return Object.fromEntries(
    asked
      .filter((entry): entry is [keyof NamespaceSpec, string] => entry[1] !== undefined && entry[1] !== '')
      .map(([name, word]) => [name, parseMode(name, word, findContainer)]),
  );
}

function parseMode(name: keyof NamespaceSpec, word: string, findContainer: (name: string) => string): string {
  if (word === 'private' || word === 'host' || more[name].includes(word)) return word;
  const [kind, value = ''] = word.split(/:(.*)/s);
  if (kind === 'container' && value !== '') return `container:${findContainer(value)}`;
  if (kind === 'ns' && value !== '') return `ns:${checkNamespacePath(value, name)}`;
  const choices = ['private', 'host', ...more[name], 'container:NAME', 'ns:PATH'];
  throw invalid(`unrecognized namespace mode ${word} passed`, `choose from ${choices.join(', ')}`);
}

function checkNamespacePath(path: string, name: string): string {
  try {
    if (statfsSync(path).type === nsfsMagic) return path;
  } catch (error) {
    throw invalid(`--${name} ns:${path}: ${(error as Error).message}`);
  }
  throw invalid(`--${name} ns:${path}: not a namespace`, `for example /proc/PID/ns/${name}`);
}
