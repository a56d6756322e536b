/** Numbers as Go's docker/go-units and time.Duration print them: no space, four digits. */

function sized(bytes: number, base: number, units: readonly string[]): string {
  let size = bytes;
  let unit = 0;
  while (size >= base && unit < units.length - 1) {
    size /= base;
    unit++;
  }
  return `${Number(size.toPrecision(4))}${units[unit]}`;
}

/** `245.8kB`, `25.28GB`: thousands of 1000. */
export function significant(bytes: number): string {
  return sized(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']);
}

/** `192KiB`, `23.54GiB`: thousands of 1024. */
export function binarySize(bytes: number): string {
  return sized(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']);
}

/** Go's time.Duration: `4.225282ms`, `1m2.5s`, `0s`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const minutes = Math.floor(nanoseconds / 6e10);
  const seconds = Number(((nanoseconds % 6e10) / 1e9).toFixed(9));
  if (minutes === 0) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}s` : `${hours}h${minutes % 60}m${seconds}s`;
}
