import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../fixtures/cni-plugin.ts', import.meta.url));

/** One call of the fixture plugin. */
export interface LoggedCall {
  readonly command: string;
  readonly type: string;
  readonly env: Readonly<Record<'CONTAINERID' | 'NETNS' | 'IFNAME' | 'ARGS' | 'PATH', string>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Installs the fixture plugin in a directory, under one name or several, knowing these versions. */
export function installPlugins(
  directory: string,
  names: readonly string[],
  versions: readonly string[] = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
): void {
  mkdirSync(directory, { recursive: true });
  for (const name of names) {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${program}' ${versions.join(' ')}\n`);
    chmodSync(path, 0o755);
  }
}

export function readCalls(log: string): LoggedCall[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line) as LoggedCall);
}
