import { readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { keepIdMappings, noMapMappings } from '../container/user-namespace.ts';
import { PeapodError } from '../errors.ts';
import { type IdMapping, type IdMappings, insideId, parseIdMap } from '../host/id-mappings.ts';
import { freeRange, type IdRange, parseSubordinateIds } from '../host/subordinate-ids.ts';
import { nsfsMagic } from '../sandbox/namespaces.ts';
import type { UsernsSpec } from '../store/records/isolation.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import type { UsernsFlags } from './container-flags.ts';
import type { Context } from './context.ts';
import { allocate, freeRanges, outOfRange } from './id-ranges.ts';
import { type FindRanges, parseUserns, type UsernsRequest } from './parse-userns.ts';

/** A user namespace that was checked. Which ids `auto` gives is decided by `settle`, in the transaction that keeps them. */
export interface PlannedUserns {
  readonly keep: UsernsSpec['keep'];
  /** Throws HOST_UNFIT where not enough ids are free. */
  settle(): UsernsSpec;
}

export interface UsernsNeeds {
  /** Throws NOT_FOUND. Absent for a pod, which depends on no container. */
  findContainer?(name: string): ContainerRecord;
  /** How many ids `auto` gives where nobody says it. */
  size(): Promise<number>;
}

/** The account whose ranges root's containers get, as podman has it. */
const rootsAccount = 'containers';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** Undefined for the user namespace of all the user's containers. Throws INVALID_ARGUMENT, HOST_UNFIT. Touches nothing. */
export async function planUserns(
  context: Context,
  flags: UsernsFlags,
  needs: UsernsNeeds,
): Promise<PlannedUserns | undefined> {
  const { rootless } = context.facts;
  const request = parseUserns(flags, rootless, findRanges);
  if (!request) return undefined;
  if (request.kind === 'container') {
    if (needs.findContainer) return ofContainer(needs.findContainer(request.name));
    throw invalid(
      `--userns container:${request.name}: a pod cannot join a container's user namespace`,
      'make the pod with one of its own, such as --userns auto, and the container in the pod',
    );
  }
  if (request.kind === 'path') return settled(await ofPath(context, request.path));
  const outside = await idsOutside(context);
  if (request.kind === 'auto')
    return planAuto(context, request, outside, request.size ?? (await needs.size()));
  return settled(ownSpec(context, request, outside));
}

function settled(spec: UsernsSpec): PlannedUserns {
  return { keep: spec.keep, settle: () => spec };
}

/** A member has that of its pod. */
export function usernsOfPod({ id, spec: { userns } }: SandboxRecord): PlannedUserns | undefined {
  if (!userns) return undefined;
  const { source, reserved: _, auto: __, ...rest } = userns;
  const shared = source.kind === 'own' ? ({ kind: 'sandbox', sandboxId: id } as const) : source;
  return settled({ ...rest, source: shared, mode: 'pod' });
}

/** The same of a pod that is made before its member: what is reserved for it is known only then. */
export function usernsOfPlannedPod(
  { store }: Context,
  podId: string,
  { keep }: PlannedUserns,
): PlannedUserns {
  return {
    keep,
    settle: () => (usernsOfPod(store.sandboxes.get(podId) as SandboxRecord) as PlannedUserns).settle(),
  };
}

/** The same, but for ids of its own where they were given by `auto`. */
export async function usernsOfClone(
  context: Context,
  spec: UsernsSpec | undefined,
): Promise<PlannedUserns | undefined> {
  if (!spec?.auto) return spec && settled(spec);
  return planAuto(context, { kind: 'auto', ...spec.auto }, await idsOutside(context), spec.auto.size);
}

function ofContainer({ id, sandboxId, spec: { userns } }: ContainerRecord): PlannedUserns | undefined {
  if (!userns) return undefined;
  const { source, uids, gids, keep } = userns;
  const sandbox = source.kind === 'own' ? ({ kind: 'sandbox', sandboxId } as const) : source;
  return settled({ source: sandbox, mode: `container:${id}`, uids, gids, ...(keep ? { keep } : {}) });
}

async function ofPath(context: Context, path: string): Promise<UsernsSpec> {
  try {
    if (statfsSync(path).type !== nsfsMagic || !readlinkOf(path).startsWith('user:'))
      throw invalid(`--userns ns:${path}: not a user namespace`, 'for example /proc/PID/ns/user');
  } catch (error) {
    if (error instanceof PeapodError) throw error;
    throw invalid(`cannot find specified user namespace path: ${(error as Error).message}`);
  }
  const runner = await context.inside();
  const look = ['nsenter', `--user=${path}`, '--preserve-credentials', '--', 'cat'];
  const { exitCode, stdout } = await runner.run([...look, '/proc/self/uid_map', '/proc/self/gid_map'], {
    accept: 'any',
  });
  if (exitCode !== 0)
    throw invalid(
      `--userns ns:${path}: it cannot be joined`,
      'it has to be one that was made in the user namespace of your containers',
    );
  return { source: { kind: 'path', path }, mode: `ns:${path}`, ...splitMaps(stdout) };
}

/** Links of /proc tell the kind; a pinned file tells nothing and is believed. */
function readlinkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return 'user:';
  }
}

/** The ids of whoever starts the runtime: those of the keeper, or of root. */
async function idsOutside(context: Context): Promise<IdMappings> {
  const runner = await context.inside();
  const { stdout } = await runner.run(['cat', '/proc/self/uid_map', '/proc/self/gid_map']);
  return splitMaps(stdout);
}

/** Two files in one text: the second one begins with id 0 again. */
function splitMaps(text: string): IdMappings {
  const all = parseIdMap(text);
  const second = all.findLastIndex(({ containerID }) => containerID === 0);
  return { uids: all.slice(0, second), gids: all.slice(second) };
}

function ownSpec(
  { facts }: Context,
  request: Extract<UsernsRequest, { kind: 'keep-id' | 'nomap' | 'mapped' }>,
  outside: IdMappings,
): UsernsSpec {
  const own = { source: { kind: 'own' }, mode: 'private' } as const;
  const counts = { uids: countOf(outside.uids), gids: countOf(outside.gids) };
  if (request.kind === 'nomap')
    return { ...own, uids: noMapMappings(counts.uids), gids: noMapMappings(counts.gids) };
  if (request.kind === 'keep-id') {
    const { uid = facts.uid, gid = facts.gid } = request;
    const [uids, gids] = [keepIdMappings(uid, counts.uids), keepIdMappings(gid, counts.gids)];
    return { ...own, uids, gids, keep: { uid, gid } };
  }
  const translate = facts.rootless && request.onHost;
  const uids = translate ? asOutside(request.uids, outside.uids) : request.uids;
  const gids = translate ? asOutside(request.gids, outside.gids) : request.gids;
  for (const [asked, there] of [
    [uids, outside.uids],
    [gids, outside.gids],
  ] as const) {
    const ranges = there.map(({ containerID, size }) => ({ start: containerID, count: size }));
    const out = outOfRange(asked, ranges);
    if (out) throw insufficient(out, ranges, facts.rootless);
  }
  return { ...own, uids, gids, reserved: true };
}

/** Ids of /etc/subuid as they are called in the user's own namespace. */
function asOutside(asked: readonly IdMapping[], outside: readonly IdMapping[]): readonly IdMapping[] {
  return asked.map((mapping) => ({
    ...mapping,
    hostID: insideId(outside, mapping.hostID) ?? mapping.hostID,
  }));
}

function insufficient(
  { containerID, hostID, size }: IdMapping,
  ranges: readonly IdRange[],
  rootless: boolean,
): PeapodError {
  const there = ranges.map(({ start, count }) => `${start}-${start + count - 1}`).join(', ');
  return new PeapodError(
    'HOST_UNFIT',
    `potentially insufficient UIDs or GIDs available in user namespace (requested ${containerID}:${hostID}:${size}, there are ${there})`,
    {
      hint: rootless
        ? 'ids are those of `peapod unshare cat /proc/self/uid_map`; after a change of /etc/subuid and /etc/subgid: peapod system migrate'
        : 'choose ids that this machine has: cat /proc/self/uid_map',
    },
  );
}

function countOf(mappings: readonly IdMapping[]): number {
  return mappings.reduce((sum, { size }) => sum + size, 0);
}

function planAuto(
  context: Context,
  request: Extract<UsernsRequest, { kind: 'auto' }>,
  outside: IdMappings,
  size: number,
): PlannedUserns {
  const ranges = {
    uids: autoRanges(context, 'subuid', outside.uids),
    gids: autoRanges(context, 'subgid', outside.gids),
  };
  const settle = (): UsernsSpec => {
    const ids = (kind: 'uids' | 'gids') => {
      const free = freeRanges(ranges[kind], reservedIds(context, kind));
      const found = allocate(size, request[kind], free);
      if (found) return found;
      throw new PeapodError('HOST_UNFIT', 'could not find enough available IDs', {
        hint: `${size} are needed and ${free.reduce((sum, { count }) => sum + count, 0)} are free: ask for fewer (--userns auto:size=1024), remove containers that have some, or add to /etc/${kind === 'uids' ? 'subuid' : 'subgid'}`,
      });
    };
    const auto = { size, uids: request.uids, gids: request.gids };
    return {
      source: { kind: 'own' },
      mode: 'private',
      uids: ids('uids'),
      gids: ids('gids'),
      reserved: true,
      auto,
    };
  };
  // Too much for anybody is told before an image is fetched or a pod made.
  settle();
  return { keep: undefined, settle };
}

/** Root's are those of one account; without root all that the user has, but its own id. */
function autoRanges(
  { facts }: Context,
  file: 'subuid' | 'subgid',
  outside: readonly IdMapping[],
): readonly IdRange[] {
  if (!facts.rootless) return findRanges(rootsAccount, file);
  return [{ start: 1, count: countOf(outside) - 1 }].filter(({ count }) => count > 0);
}

function reservedIds({ store }: Context, kind: 'uids' | 'gids'): IdRange[] {
  return store.sandboxes
    .all()
    .flatMap(({ spec: { userns } }) =>
      userns?.reserved ? userns[kind].map(({ hostID, size }) => ({ start: hostID, count: size })) : [],
    );
}

const findRanges: FindRanges = (name, file) => {
  const [subuid = '', subgid = ''] = ['/etc/subuid', '/etc/subgid'].map(readOrEmpty);
  const ranges = parseSubordinateIds(file === 'subuid' ? subuid : subgid, name, -1);
  if (ranges.length > 0) return ranges;
  const { start, count } = freeRange(subuid, subgid);
  throw new PeapodError('HOST_UNFIT', `no ${file} ranges found for user "${name}" in /etc/${file}`, {
    hint: `run as root: echo ${name}:${start}:${count} | tee -a /etc/subuid /etc/subgid`,
  });
};

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
