const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `2 MB`, `703 kB`: three digits, thousands of 1000, as podman's tables have sizes. */
export function humanSize(bytes: number): string {
  return scaled(bytes, 3, ' ');
}

/** `6.025MB`: four digits at the most, no space; Go's units.HumanSize, which `system df` uses. */
export function compactSize(bytes: number): string {
  return scaled(bytes, 4, '');
}

function scaled(bytes: number, digits: number, space: string): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${Number(size.toPrecision(digits))}${space}${units[unit]}`;
}
