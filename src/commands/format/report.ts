import type { Template } from '../template/execute.ts';
import { table } from './table.ts';

/** What the words of `--format` can ask for. */
export interface ReportOptions {
  /** The verb, for messages. */
  readonly name: string;
  /** What podman calls a row's type, for messages. */
  readonly typeName: string;
  /** Headings by field; a field that is not listed has its own name in capitals. */
  readonly headings: Readonly<Record<string, string>>;
  readonly noHeading: boolean;
}

export type Row = Readonly<Record<string, unknown>>;

/** `json` and `{{json .}}` both ask for the whole as JSON. */
export function isJson(format: string | undefined): boolean {
  return format !== undefined && /^\s*(json|\{\{\s*json\s*(\.\s*)?\}\})\s*$/.test(format);
}

/**
 * Rows by a Go template, which is loaded only here. `table …` aligns the cells and puts headings above; a
 * format that starts with `{{range .}}` gets all rows at once. Throws INVALID_ARGUMENT.
 */
export async function report(format: string, rows: readonly Row[], options: ReportOptions): Promise<string> {
  const { Template } = await import('../template/execute.ts');
  const aligned = format.startsWith('table ');
  const source = normalize(aligned ? format.slice('table '.length).trimStart() : format, aligned);
  const template = new Template(source, { name: options.name, typeName: options.typeName });
  const ranges = /^\s*\{\{-?\s*range\s+(\$\w+\s*(,\s*\$\w+\s*)?:=\s*)?\.\s*-?\}\}/.test(source);
  const render = (data: readonly unknown[]) =>
    ranges ? template.execute(data) : data.map((row) => template.execute(row)).join('');
  if (!aligned) return render(rows);
  const heading = options.noHeading ? '' : headingLine(template, ranges, rows, options);
  const lines = (heading + render(rows)).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return table(lines.map((line) => line.split('\t')));
}

/** The template itself makes the headings: each field stands for its heading. */
function headingLine(
  template: Template,
  ranges: boolean,
  rows: readonly Row[],
  options: ReportOptions,
): string {
  const names = new Set([...Object.keys(options.headings), ...rows.flatMap((row) => Object.keys(row))]);
  const headings = new Map([...names].map((name) => [name, options.headings[name] ?? inCapitals(name)]));
  return template.execute(ranges ? [headings] : headings);
}

/** `CreatedAt` is headed CREATED AT. */
function inCapitals(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1 $2').toUpperCase();
}

/**
 * Shells make it hard to type a tab: `\t` and `\n` stand for themselves outside of actions, and in a table a
 * space separates cells too. The last line always ends.
 */
export function normalize(format: string, aligned = false): string {
  const source = format
    .split(/(\{\{.*?\}\})/s)
    .map((part, i) => {
      if (i % 2 === 1) return part;
      const text = part.replace(/\\([tnr])/g, (_, c: 't' | 'n' | 'r') => ({ t: '\t', n: '\n', r: '\r' })[c]);
      return aligned ? text.replace(/ +/g, '\t') : text;
    })
    .join('');
  return source.endsWith('\n') ? source : `${source}\n`;
}
