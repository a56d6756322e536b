import type { SystemPruneReport } from '../engine/system-prune.ts';
import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { confirm } from './confirm.ts';
import { array, bool } from './flags.ts';
import { compactSize } from './format/size.ts';
import { pruneFlags } from './prune-flags.ts';
import { parseFilters } from './targets.ts';

export const systemPrune = command({
  usage: '[options]',
  description: `Removes what nothing uses: pods and containers that have ended, networks of peapod's own
without any, images without a name, with
--all every image that no container needs, with --volumes volumes that no container has.`,
  examples: [
    'system prune --dry-run',
    'system prune --all --volumes',
    'system prune --force --filter until=24h',
  ],
  flags: {
    ...pruneFlags,
    all: bool('Remove all images that no container uses', { short: 'a' }),
    filter: array('Remove only what matches KEY=VALUE: label, label!, until'),
    volumes: bool('Remove volumes too'),
  },
  args: noArguments,
  async run(call) {
    const { all, filter, force, volumes, 'dry-run': dryRun } = call.values;
    const filters = parseFilters(filter);
    if (!force && !dryRun && !(await confirm(call, warning(all, volumes)))) return 0;
    const { system } = await call.engine();
    const report = await system.prune({ all, volumes, filters, dryRun }, (line) => call.stderr.line(line));
    call.stdout.write(text(report, dryRun));
    return 0;
  },
});

function warning(all: boolean, volumes: boolean): string {
  const lines = [
    'all stopped containers',
    'all pods whose containers have ended',
    'all networks not used by at least one container',
    ...(volumes ? ['all volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated with them' : 'all dangling images',
  ];
  return `WARNING! This command removes:\n${lines.map((line) => `\t- ${line}\n`).join('')}`;
}

const parts = ['Pods', 'Containers', 'Networks', 'Volumes', 'Images'] as const;

function text(report: SystemPruneReport, dryRun: boolean): string {
  const lines = parts.flatMap((part) => {
    const names = report[part.toLowerCase() as Lowercase<typeof part>];
    return names.length === 0 ? [] : [`${dryRun ? 'Would delete' : 'Deleted'} ${part}`, ...names];
  });
  const size = compactSize(report.reclaimedBytes);
  return `${[...lines, `Total ${dryRun ? 'reclaimable' : 'reclaimed'} space: ${size}`].join('\n')}\n`;
}
