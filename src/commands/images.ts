import { PeapodError } from '../errors.ts';
import { atMost, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { array, bool, string } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import {
  imageCells,
  imageHeadings,
  imageId,
  imageJson,
  imageRow,
  type NamedImage,
  namedImages,
} from './image-row.ts';
import { parseFilters } from './targets.ts';

export const images = command({
  usage: '[options] [IMAGE]',
  description: 'Lists the images that were pulled or loaded.',
  examples: ['images', 'images --format json', 'images --filter dangling=true'],
  flags: {
    all: bool('Also show those without a name that others were built on', { short: 'a' }),
    digests: bool('Show digests'),
    filter: array('Show only what matches KEY=VALUE, such as reference, dangling, label', { short: 'f' }),
    format: string("'json', or a Go template; 'table …' for columns"),
    history: bool('Show the names that images have had'),
    'no-trunc': bool('Do not truncate ids', { aliases: ['notruncate'] }),
    noheading: bool('Do not print headers', { short: 'n', aliases: ['no-heading'] }),
    quiet: bool('Print only ids', { short: 'q' }),
    sort: string('Sort by created, id, repository, size or tag', { default: 'created' }),
  },
  args: atMost(1),
  async run(call) {
    const { values, stdout, args } = call;
    if (values.quiet && values.format !== undefined)
      throw wrongArguments('quiet and format are mutually exclusive', call.command);
    if (values.filter.length > 0 && args.length > 0)
      throw wrongArguments('cannot specify an image and a filter(s)', call.command);
    const sort = sorter(values.sort ?? 'created');
    const filters = parseFilters([...values.filter, ...args.map((name) => `reference=${name}`)]);
    const engine = await call.engine();
    const found = await engine.images.list(filters);
    const asked = values.all || Object.hasOwn(filters, 'intermediate');
    const views = found.filter(({ names, hasChildren }) => asked || names.length > 0 || !hasChildren);
    const named = namedImages(views).sort(sort);

    const options = {
      noTrunc: values['no-trunc'],
      digests: values.digests,
      history: values.history,
      nowMs: call.nowMs(),
    };
    if (isJson(values.format)) {
      const distinct = [...new Set(named.map(({ view }) => view))];
      stdout.line(JSON.stringify(distinct.map(imageJson), null, 4));
    } else if (values.format !== undefined) {
      const { GoTime } = await import('./template/values.ts');
      const rows = named.map((image) => imageRow(image, options, GoTime.fromMs));
      stdout.write(
        await report(values.format, rows, {
          name: 'images',
          typeName: 'images.imageReporter',
          headings: imageHeadings,
          noHeading: values.noheading,
        }),
      );
    } else if (values.quiet) {
      for (const id of new Set(named.map(({ view }) => imageId(view, options.noTrunc)))) stdout.line(id);
    } else {
      const heading = [
        'REPOSITORY',
        'TAG',
        ...(values.digests ? ['DIGEST'] : []),
        'IMAGE ID',
        'CREATED',
        'SIZE',
        ...(values.history ? ['HISTORY'] : []),
      ];
      const rows = named.map((image) => imageCells(image, options));
      stdout.write(table(values.noheading ? rows : [heading, ...rows]));
    }
    return 0;
  },
});

type Order = (a: NamedImage, b: NamedImage) => number;

const by = (key: (image: NamedImage) => string): Order => {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
};

const orders: Readonly<Record<string, Order>> = {
  created: (a, b) => b.view.createdAtMs - a.view.createdAtMs,
  id: by(({ view }) => view.id),
  repository: by(({ repository }) => repository),
  size: (a, b) => a.view.sizeBytes - b.view.sizeBytes,
  tag: by(({ tag }) => tag),
};

function sorter(key: string): Order {
  if (Object.hasOwn(orders, key)) return orders[key] as Order;
  throw new PeapodError('INVALID_ARGUMENT', `"${key}" is not a valid field for sorting`, {
    hint: `choose from: ${Object.keys(orders).join(', ')}`,
  });
}
