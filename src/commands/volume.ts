import { anyArguments, atMost, exactly, noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { confirm } from './confirm.ts';
import { array, bool, list, string, uint } from './flags.ts';
import { overlap } from './overlap.ts';
import { pruneFlags } from './prune-flags.ts';
import { parseFilters } from './targets.ts';

export const volumeCreate = command({
  usage: '[options] [NAME]',
  description: `Creates a volume and prints its name, which is 64 hexadecimal digits where none is given.
Without options a volume is a directory that peapod keeps. With them it is a directory of yours (o=bind), a tmpfs, or,
for root, whatever mount(8) mounts; the first container mounts it, the last one takes it away.`,
  examples: [
    'volume create data',
    'volume create --label tier=db --opt o=uid=999,gid=999 db',
    'volume create --opt type=tmpfs --opt o=size=64m,noexec scratch',
    'volume create --opt o=bind --opt device=/srv/www www',
  ],
  flags: {
    driver: string('Only local', { short: 'd', default: 'local' }),
    ignore: bool('A volume of that name is no error'),
    label: list('Set a label (key=value)', { short: 'l' }),
    opt: array('Set an option of the driver: type=…, device=…, o=…', { short: 'o' }),
  },
  args: atMost(1),
  async run(call) {
    const { driver, ignore, label, opt } = call.values;
    const { volumes } = await call.engine();
    const request = { name: call.args[0] || undefined, driver, ignore, labels: label, options: opt };
    call.stdout.line(await volumes.create(request));
    return 0;
  },
});

export const volumeRm = command({
  usage: '[options] VOLUME [VOLUME...]',
  description: `Removes volumes with all that is in them. One that a container has, running or not, is refused without
--force; with it, the container is removed first.`,
  examples: ['volume rm data', 'volume rm --all', 'volume rm --force data'],
  flags: {
    all: bool('Remove all volumes', { short: 'a' }),
    force: bool('Remove the containers that have the volume first', { short: 'f' }),
    time: uint('Seconds to wait for running containers to stop before killing them', {
      short: 't',
      default: '10',
    }),
  },
  args: anyArguments,
  async run(call) {
    const { all, force, time: timeoutSeconds } = call.values;
    if (timeoutSeconds !== undefined && !force)
      throw wrongArguments('--force option must be specified to use the --time option', call.command);
    if (all === call.args.length > 0)
      throw wrongArguments('choose either one or more volumes or all', call.command);
    const { volumes } = await call.engine();
    const names = all ? (await volumes.list()).map(({ name }) => name) : call.args;
    return overlap(call, names, (name) => volumes.remove(name, { force, timeoutSeconds }), {
      limit: 1,
      ignoreMissing: force,
      exitCodes: { NOT_FOUND: 1, VOLUME_IN_USE: 2 },
    });
  },
});

export const volumePrune = command({
  usage: '[options]',
  description: 'Removes all volumes that no container has, with all that is in them, and prints their names.',
  examples: ['volume prune --dry-run', 'volume prune --force --filter label=tier=test'],
  flags: {
    ...pruneFlags,
    filter: array(
      'Remove only what matches KEY=VALUE: label, label!, until, anonymous and the rest of volume ls',
    ),
  },
  args: noArguments,
  async run(call) {
    const { force, filter, 'dry-run': dryRun } = call.values;
    const { stdout } = call;
    const filters = parseFilters(filter);
    const { volumes } = await call.engine();
    if (!force && !dryRun) {
      stdout.line(
        'WARNING! This will remove all volumes not used by at least one container. The following volumes will be removed:',
      );
      const names = await volumes.prune(filters, { dryRun: true });
      if (names.length === 0) {
        stdout.line('No dangling volumes found');
        return 0;
      }
      if (!(await confirm(call, names.join('\n')))) return 0;
    }
    for (const name of await volumes.prune(filters, { dryRun })) stdout.line(name);
    return 0;
  },
});

export const volumeExport = command({
  usage: '[options] VOLUME',
  description: 'Writes the files of a volume as a tar archive, with the owners that containers see.',
  examples: ['volume export -o data.tar data', 'volume export data | gzip > data.tar.gz'],
  flags: { output: string('Write to this file instead of standard output', { short: 'o' }) },
  args: exactly(1),
  async run(call) {
    const { output } = call.values;
    if (output === undefined && (await call.terminal()))
      throw wrongArguments('refusing to export to terminal: use the -o flag or redirect', call.command);
    const { volumes } = await call.engine();
    call.stdout.flush();
    await volumes.export(call.args[0] as string, output);
    return 0;
  },
});

export const volumeImport = command({
  usage: 'VOLUME SOURCE',
  description: `Unpacks a tar archive, plain or compressed by gzip or zstd, into a volume; '-' reads standard input.
Files that are there already stay unless the archive has others of their names.`,
  examples: ['volume import data data.tar', 'xz -dc data.tar.xz | peapod volume import data -'],
  flags: {},
  args: exactly(2),
  async run(call) {
    const [name, source] = call.args as [string, string];
    const { volumes } = await call.engine();
    await volumes.import(name, source === '-' ? undefined : source);
    return 0;
  },
});

export const volumeMount = command({
  usage: 'VOLUME [VOLUME...]',
  description: `Prints the directories where the files of volumes are. There is nothing to mount: without root, use them
in 'peapod unshare'. A volume that is a file system of its own is mounted by its containers alone.`,
  examples: ['volume mount data'],
  flags: {},
  args: anyArguments,
  async run(call) {
    if (call.args.length === 0) throw wrongArguments('no volume name was given', call.command);
    const { volumes } = await call.engine();
    return overlap(call, call.args, (name) => volumes.mountpoint(name), { limit: 1 });
  },
});
