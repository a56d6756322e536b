import { closeSync } from 'node:fs';
import { outsideOf } from '../container/user-namespace.ts';
import { PeapodError } from '../errors.ts';
import type { InRequest } from '../files/in-process.ts';
import type { OutRequest } from '../files/out-process.ts';
import { failureOf } from '../files/report.ts';
import type { Runner } from '../host/exec.ts';
import { pipe } from '../host/libc.ts';
import { endsWithParent } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { type Access, withFiles } from './files-place.ts';
import type { EngineParts } from './parts.ts';
import { planRootfs, userOf } from './rootfs.ts';

/** `CONTAINER:PATH`, `PATH`, or `-` for an archive on standard input or output. */
export interface CopyRequest {
  readonly source: string;
  readonly destination: string;
  /** What is copied into a container belongs to the container's user. */
  readonly archive: boolean;
  readonly overwrite: boolean;
}

type End =
  | { readonly kind: 'container'; readonly record: ContainerRecord; readonly path: string }
  | { readonly kind: 'host'; readonly path: string }
  | { readonly kind: 'archive' };

/** Throws INVALID_ARGUMENT, NOT_FOUND. What was copied before a failure stays. */
export async function copyFiles(parts: EngineParts, request: CopyRequest): Promise<void> {
  const source = endOf(parts, request.source);
  const destination = endOf(parts, request.destination);
  if (source.kind !== 'container' && destination.kind !== 'container') {
    throw new PeapodError('INVALID_ARGUMENT', 'neither source nor destination is a container', {
      hint: 'write CONTAINER:PATH for one of them',
    });
  }
  await lend(parts, source, (from) =>
    // One container on both sides is lent once: its operation is held already.
    isSame(source, destination)
      ? transfer(parts.context, request, { source, from, destination, to: from })
      : lend(parts, destination, (to) => transfer(parts.context, request, { source, from, destination, to })),
  );
}

interface Ends {
  readonly source: End;
  readonly from: Access | undefined;
  readonly destination: End;
  readonly to: Access | undefined;
}

async function transfer(context: Context, request: CopyRequest, ends: Ends): Promise<void> {
  const { source, from, destination, to } = ends;
  const told = source.kind !== 'archive' && destination.kind !== 'archive';
  const owner = await ownerOf(context, destination, request.archive);
  // The caller's own files are seen with the ids of containers, but in the caller's own mounts.
  const beside = from && to ? undefined : await context.beside();
  const [outside, inside] = [from?.runner ?? beside, to?.runner ?? beside] as [Runner, Runner];
  const link = told ? pipe() : undefined;
  const running: Promise<PeapodError | undefined>[] = [];
  if (source.kind !== 'archive') {
    const out: OutRequest = { place: from?.place, path: pathOf(source), where: nameOf(source), told };
    running.push(start(context, outside, 'files-out', out, { stdout: link?.writeFd ?? 1 }));
  }
  if (destination.kind !== 'archive') {
    const into: InRequest = {
      place: to?.place,
      path: pathOf(destination),
      where: nameOf(destination),
      plain: !told,
      owner,
      overwrite: request.overwrite,
    };
    running.push(start(context, inside, 'files-in', into, { stdin: link?.readFd ?? 0 }));
  }
  // The processes, which were started at once, have their own: only so does one see the end of the other.
  if (link) for (const fd of [link.readFd, link.writeFd]) closeSync(fd);
  const failures = await Promise.all(running);
  const failure = failures.find((each) => each !== undefined);
  context.interrupt.check();
  if (failure) throw failure;
}

async function start(
  context: Context,
  runner: Runner,
  verb: string,
  request: unknown,
  fds: { readonly stdin?: number; readonly stdout?: number },
): Promise<PeapodError | undefined> {
  const { facts, interrupt } = context;
  const words = [...endsWithParent, ...facts.self, 'internal', verb, JSON.stringify(request)];
  return failureOf(await runner.run(words, { accept: 'any', signal: interrupt.signal, ...fds }));
}

function lend<T>(parts: EngineParts, end: End, work: (access: Access | undefined) => Promise<T>): Promise<T> {
  return end.kind === 'container'
    ? withFiles(parts, end.record.id, (access) => work(access))
    : work(undefined);
}

async function ownerOf(context: Context, end: End, archive: boolean): Promise<InRequest['owner']> {
  if (end.kind !== 'container') return { uid: 0, gid: 0 };
  if (!archive) return undefined;
  const { spec } = end.record;
  const user = await userOf(context, spec, await planRootfs(context, end.record));
  const { uid, gid } = outsideOf(user, spec.userns);
  return { uid, gid };
}

/** A name before a colon is a container's, unless it looks like a path. */
function endOf({ containers }: EngineParts, text: string): End {
  if (text === '-') return { kind: 'archive' };
  const colon = text.indexOf(':');
  if (colon <= 0 || /^[./]/.test(text)) return { kind: 'host', path: text };
  const name = text.slice(0, colon);
  const record = containers.find(name);
  if (!record) throw new PeapodError('NOT_FOUND', `container "${name}" does not exist`);
  const path = text.slice(colon + 1);
  if (path === '')
    throw new PeapodError('INVALID_ARGUMENT', `no path follows ${text}`, {
      hint: `write a path behind the container: ${name}:/path`,
    });
  return { kind: 'container', record, path: path.startsWith('/') ? path : `${record.spec.workdir}/${path}` };
}

function isSame(a: End, b: End): boolean {
  return a.kind === 'container' && b.kind === 'container' && a.record.id === b.record.id;
}

function pathOf(end: End): string {
  return end.kind === 'archive' ? '' : end.path;
}

function nameOf(end: End): string {
  return end.kind === 'container' ? `container ${end.record.name}` : 'the host';
}
