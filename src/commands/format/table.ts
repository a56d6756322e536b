import textTable from 'text-table';

/** Podman's tables come from Go's tabwriter with cells of at least this width, two spaces between them. */
const minimumWidth = 10;

/** Plain columns, each line with its newline. Lengths count characters, not bytes. */
export function table(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const padded = rows.map((row) => row.map((cell) => cell.padEnd(minimumWidth)));
  return `${textTable(padded, { hsep: '  ', stringLength: (cell) => [...cell].length })}\n`;
}
