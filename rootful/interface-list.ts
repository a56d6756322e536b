import { readFileSync } from 'node:fs';

/**
 * The interfaces of this process' network namespace in /proc, see proc(5): 0.05 ms a look. /sys/class/net may
 * show another namespace's, and keeps an interface until the last grace period of its removal is over.
 */
function interfaceNames(): ReadonlySet<string> {
  const [, , ...lines] = readFileSync('/proc/self/net/dev', 'latin1').split('\n');
  return new Set(lines.map((line) => line.slice(0, line.indexOf(':')).trim()));
}

export function isListed(name: string): boolean {
  return interfaceNames().has(name);
}

const pauseMs = 1;

/** Resolves when none of them is there any more, or when `removal`, which is under way, has ended. */
export async function areGone(names: readonly string[], removal: Promise<void>): Promise<void> {
  let over = false;
  const end = () => {
    over = true;
  };
  removal.then(end, end);
  while (!over) {
    const present = interfaceNames();
    if (!names.some((name) => present.has(name))) return;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
