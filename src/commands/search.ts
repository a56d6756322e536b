import type { SearchResult } from '../engine/image-api.ts';
import { PeapodError } from '../errors.ts';
import { exactly } from './arguments.ts';
import { type Call, command } from './command.ts';
import { bool, list, string, uint } from './flags.ts';
import { isJson, report } from './format/report.ts';
import { table } from './format/table.ts';
import { registryAccess, registryFlags } from './image-flags.ts';
import { parseFilters } from './targets.ts';

const defaultLimit = 25;
const descriptionLength = 44;

export const search = command({
  usage: '[options] TERM',
  description: `Searches a registry for repositories, or with --list-tags shows the tags of one. Without a registry in TERM
those of registries.conf are searched.`,
  examples: ['search docker.io/nginx', 'search localhost:5000/', 'search --list-tags localhost:5000/app'],
  flags: {
    ...registryFlags,
    compatible: bool('Also show stars, official and automated'),
    filter: list('Show only what matches stars=N, is-official or is-automated', { short: 'f' }),
    format: string("'json', or a Go template; 'table …' for columns"),
    limit: uint('At most so many results of a registry', { default: String(defaultLimit) }),
    'list-tags': bool('Show the tags of a repository'),
    'no-trunc': bool('Do not truncate the output'),
  },
  args: exactly(1),
  async run(call) {
    const { values } = call;
    const term = call.args[0] as string;
    if (term === '') throw new PeapodError('INVALID_ARGUMENT', 'search term is empty');
    const access = registryAccess(values);
    const limit = values.limit || defaultLimit;
    const matches = filterOf(values.filter);
    const { images } = await call.engine();
    if (values['list-tags']) {
      if (values.filter.length > 0)
        throw new PeapodError('INVALID_ARGUMENT', 'filters are not applicable to list tags result');
      const { name, tags } = await images.searchTags({ ...access, term, limit });
      if (isJson(values.format)) {
        call.stdout.line(JSON.stringify(tags.length === 0 ? [] : [{ Name: name, Tags: tags }], null, 4));
        return 0;
      }
      await print(
        call,
        values.format,
        tags.map((tag) => ({ Name: name, Tag: tag })),
        ['Name', 'Tag'],
      );
      return 0;
    }
    const found = (await images.search({ ...access, term, limit })).filter(matches);
    const whole = values['no-trunc'];
    const rows = found.map((each) => ({
      Index: each.registry,
      Name: each.name,
      Description:
        whole || each.description.length <= descriptionLength
          ? each.description
          : `${each.description.slice(0, descriptionLength)}...`,
      Stars: each.stars,
      Official: each.official ? '[OK]' : '',
      Automated: each.automated ? '[OK]' : '',
      Tag: '',
    }));
    if (isJson(values.format)) {
      call.stdout.line(
        JSON.stringify(
          rows.map(({ Tag: _, ...row }) => row),
          null,
          4,
        ),
      );
      return 0;
    }
    const columns = ['Name', 'Description', ...(values.compatible ? ['Stars', 'Official', 'Automated'] : [])];
    await print(call, values.format, rows, columns);
    return 0;
  },
});

async function print(
  call: Pick<Call, 'stdout'>,
  format: string | undefined,
  rows: readonly Readonly<Record<string, unknown>>[],
  columns: readonly string[],
): Promise<void> {
  if (format !== undefined) {
    const options = { name: 'search', typeName: 'images.searchReporter', headings: {}, noHeading: false };
    call.stdout.write(await report(format, rows, options));
    return;
  }
  if (rows.length === 0) return;
  const cells = rows.map((row) => columns.map((column) => String(row[column])));
  call.stdout.write(table([columns.map((column) => column.toUpperCase()), ...cells]));
}

function filterOf(typed: readonly string[]): (found: SearchResult) => boolean {
  const filters = parseFilters(typed.map((filter) => (filter.includes('=') ? filter : `${filter}=true`)));
  const flag = (value: string | undefined) => value === undefined || value === 'true';
  for (const key of Object.keys(filters)) {
    if (!['stars', 'is-official', 'is-automated'].includes(key))
      throw new PeapodError('INVALID_ARGUMENT', `invalid filter type "${key}"`, {
        hint: 'filters here: stars, is-official, is-automated',
      });
  }
  return ({ stars, official, automated }) =>
    stars >= Number(filters.stars?.[0] ?? 0) &&
    (filters['is-official'] === undefined || official === flag(filters['is-official'][0])) &&
    (filters['is-automated'] === undefined || automated === flag(filters['is-automated'][0]));
}
