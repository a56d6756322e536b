import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { messageOf, PeapodError } from '../errors.ts';
import type { HostEntry, SharedNamespace } from '../store/records.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function readLines(path: string, flag: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (error) {
    throw new PeapodError('INVALID_ARGUMENT', `cannot read ${flag} ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** `key=value`, or `key` for an empty value; files hold one a line, `#` begins a comment. */
export function parseLabels(words: readonly string[], files: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  const fromFiles = files.flatMap((path) =>
    readLines(path, '--label-file').filter((line) => line.trim() !== '' && !line.startsWith('#')),
  );
  for (const word of [...fromFiles, ...words]) {
    const [key, value] = splitAtFirst(word, '=');
    if (key === '') throw invalid(`the label "${word}" has no key`, 'write --label key=value');
    labels[key] = value ?? '';
  }
  return labels;
}

export function parseAnnotations(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [key, value] = splitAtFirst(word, '=');
      if (key === '' || value === undefined) throw invalid('annotations must be formatted KEY=VALUE');
      return [key, value];
    }),
  );
}

/**
 * `KEY=value`; `KEY` alone takes the caller's value, or is left out where there is none; `PREFIX*` takes all
 * of the caller's that begin so. Files come first, then flags.
 */
export function parseEnvironment(
  words: readonly string[],
  files: readonly string[],
  caller: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  const add = (word: string) => {
    const [key, value] = splitAtFirst(word, '=');
    if (key === '') throw invalid(`the environment variable "${word}" has no name`, 'write -e NAME=value');
    if (value !== undefined) env[key] = value;
    else if (key.endsWith('*')) {
      for (const [name, its] of Object.entries(caller)) {
        if (name.startsWith(key.slice(0, -1)) && its !== undefined) env[name] = its;
      }
    } else if (caller[key] !== undefined) env[key] = caller[key];
  };
  for (const path of files) {
    for (const line of readLines(path, '--env-file')) {
      if (line.trim() !== '' && !line.trimStart().startsWith('#')) add(line.trimStart());
    }
  }
  for (const word of words) add(word);
  return env;
}

/** `host:ip`, several hosts with `;` as podman 5 takes them. */
export function parseHostEntries(words: readonly string[]): HostEntry[] {
  return words.flatMap((word) => {
    const [hosts, address] = splitAtFirst(word, ':');
    const literal = address?.replace(/^\[(.*)\]$/, '$1') ?? '';
    if (hosts === '' || (!isAddress(literal) && literal !== 'host-gateway')) {
      throw invalid(`--add-host ${word}: not of the form host:ip`, 'for example --add-host db:10.0.0.5');
    }
    return hosts.split(';').map((host) => ({ host, address: literal }));
  });
}

export function parseAddresses(words: readonly string[], flag: string): string[] {
  for (const word of words) {
    if (!isAddress(word)) throw invalid(`${flag} ${word}: not an IP address`);
  }
  return [...words];
}

/** Lower case with colons, as `ip link` prints it. */
export function parseMacAddress(word: string): string {
  const mac = word.toLowerCase().replaceAll('-', ':');
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) throw invalid(`--mac-address ${word}: not a MAC address`);
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) {
    throw invalid(`--mac-address ${word}: a multicast address`, 'the first byte must be even');
  }
  return mac;
}

const shareable: readonly SharedNamespace[] = ['ipc', 'net', 'uts', 'pid'];

/** podman's `--share`: a list in place of the default `ipc,net,uts`, `+x` to add to it, `none` for nothing. */
export function parseShare(word: string | undefined): SharedNamespace[] {
  const standard: SharedNamespace[] = ['ipc', 'net', 'uts'];
  if (word === undefined) return standard;
  if (word === 'none' || word === '') return [];
  const adding = word.startsWith('+');
  const names = (adding ? word.slice(1) : word).split(',');
  for (const name of names) {
    if (!shareable.includes(name as SharedNamespace)) {
      throw invalid(
        `--share ${word}: invalid namespace "${name}"`,
        `choose from ${shareable.join(', ')}, or none`,
      );
    }
  }
  return [...new Set([...(adding ? standard : []), ...(names as SharedNamespace[])])];
}

function splitAtFirst(word: string, separator: string): [string, string | undefined] {
  const at = word.indexOf(separator);
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + separator.length)];
}
