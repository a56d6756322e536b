/** mount(8) ends with it, whatever has failed. */
const noise = /^\s*dmesg\(1\) may have more information/;

/** The line that says what has failed: the last of what a program has written. Empty where it has written nothing. */
export function lastLine(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !noise.test(line));
  return lines.at(-1)?.trim() ?? '';
}
