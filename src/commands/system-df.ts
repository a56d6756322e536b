import type { DiskUsage } from '../engine/disk-usage.ts';
import { noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { shortId } from './container-row.ts';
import { bool, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { compactSize } from './format/size.ts';
import { table } from './format/table.ts';
import { humanDuration } from './format/time.ts';

export const systemDf = command({
  usage: '[options]',
  description: `Shows what images, containers and volumes take on disk. Layers that images share count once; of containers
only what they have written; volumes on directories of yours or on file systems of their own count nothing.`,
  examples: ['system df', 'system df -v', 'system df --format json'],
  flags: {
    format: string("'json', or a Go template; 'table …' for columns"),
    verbose: bool('Show each image, container and volume', { short: 'v' }),
  },
  args: noArguments,
  async run(call) {
    const { format, verbose } = call.values;
    if (verbose && format !== undefined)
      throw wrongArguments('cannot combine --format and --verbose flags', call.command);
    const { system } = await call.engine();
    const usage = await system.diskUsage();
    const rows = summary(usage);
    if (verbose) call.stdout.write(details(usage, call.nowMs()));
    else if (isJson(format)) call.stdout.line(JSON.stringify(rows, null, 2));
    else if (format !== undefined) {
      const names = { name: 'df', typeName: 'system.dfSummary', headings: {}, noHeading: false };
      call.stdout.write(await report(format, rows, names));
    } else {
      const cells = rows.map((row) => [
        row.Type,
        String(row.Total),
        String(row.Active),
        row.Size,
        row.Reclaimable,
      ]);
      call.stdout.write(table([['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'], ...cells]));
    }
    return 0;
  },
});

function summary({ images, imagesBytes, containers, volumes }: DiskUsage) {
  const sum = (list: readonly { sizeBytes: number }[]) =>
    list.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const unused = images.filter((image) => image.containers === 0);
  const stopped = containers.filter(({ view }) => view.state !== 'running' && view.state !== 'paused');
  const dangling = volumes.filter(({ links }) => links === 0);
  const freed = unused.reduce((total, { uniqueBytes }) => total + uniqueBytes, 0);
  return [
    row('Images', images.length, images.length - unused.length, imagesBytes, freed),
    row('Containers', containers.length, containers.length - stopped.length, sum(containers), sum(stopped)),
    row('Local Volumes', volumes.length, volumes.length - dangling.length, sum(volumes), sum(dangling)),
  ];
}

function row(Type: string, Total: number, Active: number, RawSize: number, RawReclaimable: number) {
  const percent = RawSize === 0 ? 0 : Math.round((100 * RawReclaimable) / RawSize);
  return {
    Type,
    Total,
    Active,
    RawSize,
    RawReclaimable,
    TotalCount: Total,
    Size: compactSize(RawSize),
    Reclaimable: `${compactSize(RawReclaimable)} (${percent}%)`,
  };
}

function details({ images, containers, volumes }: DiskUsage, nowMs: number): string {
  const imageRows = images.flatMap((image) => {
    const sizes = [image.sizeBytes, image.sharedBytes, image.uniqueBytes].map(compactSize);
    const names = image.names.length > 0 ? image.names : ['<none>:<none>'];
    return names.map((name) => {
      const colon = name.lastIndexOf(':');
      const age = humanDuration(nowMs - image.createdAtMs);
      const id = shortId(image.id, false);
      return [name.slice(0, colon), name.slice(colon + 1), id, age, ...sizes, String(image.containers)];
    });
  });
  const containerRows = containers.map(({ view, sizeBytes, volumes: count }) => [
    shortId(view.id, false),
    shortId(view.imageId, false) || view.image,
    view.command.join(' ').replace(/\s+/g, ' '),
    String(count),
    compactSize(sizeBytes),
    humanDuration(nowMs - view.createdAtMs),
    view.state,
    view.name,
  ]);
  const volumeRows = volumes.map(({ name, links, sizeBytes }) => [
    name,
    String(links),
    compactSize(sizeBytes),
  ]);
  const heading = (words: string) => words.split('|');
  return [
    'Images space usage:\n\n',
    table([heading('REPOSITORY|TAG|IMAGE ID|CREATED|SIZE|SHARED SIZE|UNIQUE SIZE|CONTAINERS'), ...imageRows]),
    '\nContainers space usage:\n\n',
    table([heading('CONTAINER ID|IMAGE|COMMAND|LOCAL VOLUMES|SIZE|CREATED|STATUS|NAMES'), ...containerRows]),
    '\nLocal Volumes space usage:\n\n',
    table([heading('VOLUME NAME|LINKS|SIZE'), ...volumeRows]),
  ].join('');
}
