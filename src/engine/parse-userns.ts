import { PeapodError } from '../errors.ts';
import type { IdMapping, IdMappings } from '../host/id-mappings.ts';
import type { IdRange } from '../host/subordinate-ids.ts';
import type { UsernsFlags } from './container-flags.ts';
import { overlapping } from './id-ranges.ts';

/** What was asked for, before anything of this host is looked at. */
export type UsernsRequest =
  | { readonly kind: 'keep-id'; readonly uid?: number; readonly gid?: number }
  | { readonly kind: 'nomap' }
  /** Ids that the user has placed; the rest up to `size` is peapod's to find. */
  | ({ readonly kind: 'auto'; readonly size?: number } & IdMappings)
  | ({ readonly kind: 'mapped'; readonly onHost: boolean } & IdMappings)
  | { readonly kind: 'container'; readonly name: string }
  | { readonly kind: 'path'; readonly path: string };

/** The ranges of an account in /etc/subuid and /etc/subgid. */
export type FindRanges = (name: string, file: 'subuid' | 'subgid') => readonly IdRange[];

const modes = 'host, auto, keep-id, nomap, container:NAME, ns:PATH';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/**
 * `--userns`, `--uidmap`, `--gidmap`, `--subuidname`, `--subgidname`; undefined for the user namespace of all the
 * user's containers. Throws INVALID_ARGUMENT, in podman's words where it has any.
 */
export function parseUserns(
  flags: UsernsFlags,
  rootless: boolean,
  find: FindRanges,
): UsernsRequest | undefined {
  const { userns = '', uidmaps = [], gidmaps = [], subuidname, subgidname } = flags;
  const isMapped = uidmaps.length > 0 || gidmaps.length > 0 || subuidname || subgidname;
  if (userns !== '' && isMapped)
    throw invalid('--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive');
  if (isMapped) return parseMapped(flags, find);
  const [mode, text] = userns.split(/:(.*)/s) as [string, string | undefined];
  if (mode === '' || userns === 'host') return undefined;
  if (mode === 'auto') return parseAuto(text);
  if (mode === 'keep-id' || userns === 'nomap') {
    if (!rootless) throw invalid(`${mode} is only supported in rootless mode`, 'as root: --userns auto');
    return mode === 'nomap' ? { kind: 'nomap' } : { kind: 'keep-id', ...parseKept(text) };
  }
  if (mode === 'container' && text) return { kind: 'container', name: text };
  if (mode === 'ns' && text) return { kind: 'path', path: text };
  if (userns === 'private')
    throw invalid(
      'must provide at least one UID or GID mapping to configure a user namespace',
      '--uidmap 0:100000:1000, or --userns auto',
    );
  throw invalid(`unrecognized namespace mode ${userns} passed`, `choose from ${modes}`);
}

function parseMapped(
  { uidmaps = [], gidmaps = [], subuidname, subgidname }: UsernsFlags,
  find: FindRanges,
): UsernsRequest {
  const [users, groups] = [
    uidmaps.map((word) => parseMap(word, 'UID')),
    gidmaps.map((word) => parseMap(word, 'GID')),
  ];
  const [userName, groupName] = [subuidname || subgidname, subgidname || subuidname];
  const ofNames = {
    uids: userName ? inARow(find(userName, 'subuid')) : [],
    gids: groupName ? inARow(find(groupName, 'subgid')) : [],
  };
  const mappings = {
    uids: check([...ofNames.uids, ...(users.length > 0 ? users : groups)]),
    gids: check([...ofNames.gids, ...(groups.length > 0 ? groups : users)]),
  };
  return { kind: 'mapped', onHost: userName !== undefined, ...mappings };
}

/** Container ids from 0 on without a gap. */
function inARow(ranges: readonly IdRange[]): IdMapping[] {
  let containerID = 0;
  return ranges.map(({ start, count }) => {
    const mapping = { containerID, hostID: start, size: count };
    containerID += count;
    return mapping;
  });
}

function check(mappings: readonly IdMapping[]): readonly IdMapping[] {
  const twice = overlapping(mappings);
  if (twice) {
    const { containerID, hostID, size } = twice;
    throw invalid(
      `the specified UID and/or GID mapping ${containerID}:${hostID}:${size} conflicts with other mappings: invalid mappings specified`,
    );
  }
  if (!mappings.some(({ containerID }) => containerID === 0))
    throw invalid('container ID 0 cannot be mapped to a host ID', 'map it: --uidmap 0:100000:1000');
  // The kernel has room for 340 lines, see user_namespaces(7).
  if (mappings.length > 340) throw invalid('a user namespace has 340 mappings at the most');
  return mappings;
}

const largestId = 2 ** 32 - 2;

function parseMap(word: string, kind: 'UID' | 'GID'): IdMapping {
  const [, containerID, hostID, size] = (/^(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(word) ?? []).map(Number);
  const fits = (start: number) => start + Number(size) - 1 <= largestId;
  if (containerID !== undefined && hostID !== undefined && size && fits(containerID) && fits(hostID))
    return { containerID, hostID, size };
  throw invalid(
    `initializing ID mappings: ${kind} setting is malformed expected ["uint32:uint32:uint32"]: ["${word}"]`,
    'write CONTAINER:HOST:SIZE, such as 0:100000:1000',
  );
}

function parseAuto(text: string | undefined): UsernsRequest {
  let size: number | undefined;
  const uids: IdMapping[] = [];
  const gids: IdMapping[] = [];
  for (const option of optionsOf(text)) {
    const [, key, value = ''] = /^(\w+)=(.*)$/s.exec(option) ?? [];
    if (key === 'size') size = parseCount(value);
    else if (key === 'uidmapping') uids.push(parseMap(value, 'UID'));
    else if (key === 'gidmapping') gids.push(parseMap(value, 'GID'));
    else throw unknownOption(option, 'auto:size=4096,uidmapping=1000:100000:1');
  }
  for (const mappings of [uids, gids]) if (mappings.length > 0 && overlapping(mappings)) check(mappings);
  return { kind: 'auto', ...(size === undefined ? {} : { size }), uids, gids };
}

function parseCount(value: string): number {
  if (/^[1-9]\d{0,9}$/.test(value) && Number(value) <= largestId) return Number(value);
  throw invalid(`--userns auto: size=${value} is no number of ids`, 'auto:size=4096');
}

function parseKept(text: string | undefined): { uid?: number; gid?: number } {
  return Object.fromEntries(
    optionsOf(text).map((option) => {
      const [, key, id] = /^(uid|gid)=(\d{1,9})$/.exec(option) ?? [];
      if (key === undefined) throw unknownOption(option, 'keep-id:uid=1000,gid=1000');
      return [key, Number(id)];
    }),
  );
}

function optionsOf(text: string | undefined): string[] {
  return text ? text.split(',') : [];
}

function unknownOption(option: string, example: string): PeapodError {
  const key = option.split('=')[0];
  return invalid(`unknown option specified: "${key}"`, example);
}
