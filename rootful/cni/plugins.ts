import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../../src/errors.ts';
import { installCommand } from '../../src/host/tools.ts';

/** Where distributions and installers put plugins. */
const usualDirectories = [
  '/opt/cni/bin',
  '/usr/local/libexec/cni',
  '/usr/libexec/cni',
  '/usr/local/lib/cni',
  '/usr/lib/cni',
];

/** The directories of plugins, those of CNI_PATH (colons between them) first. */
export function pluginDirectories(env: Readonly<Record<string, string | undefined>>): string[] {
  const named = (env.CNI_PATH ?? '').split(':').filter((path) => path.startsWith('/'));
  return [...new Set([...named, ...usualDirectories])];
}

/** The executable of a plugin; `type` is a name, no path. Undefined where no directory has it. */
export function findPlugin(type: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => join(directory, type)).find(isExecutable);
}

/** `where` names the network, the file and the plugin. */
export function pluginMissing(where: string, type: string, directories: readonly string[]): PeapodError {
  return new PeapodError('TOOL_MISSING', `${where}: there is no "${type}" in ${directories.join(', ')}`, {
    hint: `install the plugin (${installCommand('containernetworking-plugins')} brings the common ones), or name its directory in CNI_PATH`,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
