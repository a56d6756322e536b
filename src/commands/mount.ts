import type { MountView } from '../engine/mount.ts';
import { PeapodError } from '../errors.ts';
import { anyArguments } from './arguments.ts';
import { type Call, command } from './command.ts';
import { shortIdLength } from './container-row.ts';
import { bool, string } from './flags.ts';
import { table } from './format/table.ts';
import { overlap } from './overlap.ts';
import { targets } from './targets.ts';

export const mount = command({
  usage: '[options] [CONTAINER...]',
  description: `Mounts the files of containers, volumes apart, and prints where; without a name, shows what is mounted. For an
unprivileged user that is in the namespaces of 'peapod unshare'. The next start takes the mount over.`,
  examples: ['mount web', 'unshare peapod mount web', 'mount --format json'],
  flags: {
    all: bool('Mount all containers', { short: 'a' }),
    format: string("'json'"),
    latest: bool('Act on the last created container', { short: 'l' }),
    'no-trunc': bool('Do not truncate ids', { aliases: ['notruncate'] }),
  },
  args: anyArguments,
  async run(call) {
    const { values, args } = call;
    checkFormat(values.format);
    const engine = await call.engine();
    if (args.length === 0 && !values.all && !values.latest) {
      const mounted = await engine.files.mounted();
      const rows = mounted.map(({ id, path }) => [
        values['no-trunc'] ? id : id.slice(0, shortIdLength),
        path,
      ]);
      show(call, values.format, mounted, rows, 'Names');
      return 0;
    }
    const names = await chosen(call, (filters) => engine.containers.list(filters));
    // Where there are several, one has to tell which is which.
    const several = names.length > 1 || values.all;
    return overlap(call, names, async (name) => {
      const path = await engine.files.mount(name);
      return several ? `${name.slice(0, values['no-trunc'] ? undefined : shortIdLength)}  ${path}` : path;
    });
  },
});

export const unmount = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: "Takes away what 'mount' has mounted. A container that runs keeps its files.",
  examples: ['unmount web', 'unmount --all'],
  flags: {
    all: bool('Unmount all containers that do not run', { short: 'a' }),
    force: bool('Also where programs are still in there', { short: 'f' }),
    latest: bool('Act on the last created container', { short: 'l' }),
  },
  args: anyArguments,
  async run(call) {
    const engine = await call.engine();
    const isAtRest = ({ state }: { state: string }) => state !== 'running' && state !== 'paused';
    const names = await chosen(call, async (filters) => {
      const found = await engine.containers.list(filters);
      return call.values.all ? found.filter(isAtRest) : found;
    });
    return overlap(call, names, async (name) => {
      await engine.files.unmount(name);
      return name;
    });
  },
});

export const imageMount = command({
  usage: '[options] [IMAGE...]',
  description: `Mounts the files of images, for reading alone, and prints where; without a name, shows what is mounted. For an
unprivileged user that is in the namespaces of 'peapod unshare'.`,
  examples: ['image mount fedora', 'unshare peapod image mount fedora'],
  flags: { all: bool('Mount all images', { short: 'a' }), format: string("'json'") },
  args: anyArguments,
  async run(call) {
    const { values, args } = call;
    checkFormat(values.format);
    const { files, images } = await call.engine();
    if (args.length === 0 && !values.all) {
      const mounted = await files.mountedImages();
      const rows = mounted.map(({ id, names, path }) => [names[0] ?? id.slice(0, shortIdLength), path]);
      show(call, values.format, mounted, rows, 'Repositories');
      return 0;
    }
    const names = values.all ? (await images.list()).map(({ id }) => id) : args;
    return overlap(call, names, async (name) => {
      const path = await files.mountImage(name);
      return names.length > 1 ? `${name}  ${path}` : path;
    });
  },
});

export const imageUnmount = command({
  usage: '[options] IMAGE [IMAGE...]',
  description: "Takes away what 'image mount' has mounted, and prints the ids.",
  examples: ['image unmount fedora', 'image unmount --all'],
  flags: {
    all: bool('Unmount all images', { short: 'a' }),
    force: bool('Also where programs are still in there', { short: 'f' }),
  },
  args: anyArguments,
  async run(call) {
    const { files } = await call.engine();
    const names = await targets({
      command: call.command,
      names: call.args,
      all: call.values.all,
      missing: 'image name or ID must be specified',
      list: async () => (await files.mountedImages()).map(({ id }) => ({ id, createdAtMs: 0 })),
    });
    return overlap(call, names, (name) => files.unmountImage(name));
  },
});

type Chosen = Pick<Call, 'command' | 'args'> & {
  readonly values: { readonly all: boolean; readonly latest: boolean };
};

function chosen(call: Chosen, list: Parameters<typeof targets>[0]['list']): Promise<string[]> {
  const { all, latest } = call.values;
  return targets({ command: call.command, names: call.args, all, latest, list });
}

function checkFormat(format: string | undefined): void {
  if (format !== undefined && format !== 'json')
    throw new PeapodError('INVALID_ARGUMENT', `unknown --format argument: "${format}"`);
}

function show(
  call: Pick<Call, 'stdout'>,
  format: string | undefined,
  mounted: readonly MountView[],
  rows: readonly (readonly string[])[],
  names: string,
): void {
  if (format === undefined) call.stdout.write(table(rows));
  else {
    const json = mounted.map((view) => ({ id: view.id, [names]: view.names, mountpoint: view.path }));
    call.stdout.line(JSON.stringify(json, null, 1));
  }
}
