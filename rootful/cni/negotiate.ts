import { PeapodError } from '../../src/errors.ts';
import { describePlugin, type PluginConfig, type PluginList, withVersion } from './config.ts';
import { requireDaemon } from './dhcp.ts';
import { findPlugin, pluginMissing } from './plugins.ts';
import { callPlugin, excerpt, PluginFailed, type PluginPlace, parseObject } from './protocol.ts';
import { isSpecVersion, type SpecVersion } from './versions.ts';

/**
 * The list in the newest version that it offers and all of its plugins know. Asks nobody where the file leaves
 * no choice: a plugin that does not know the version says so itself. Throws NETWORK_CONFIG.
 */
export async function negotiate(place: PluginPlace, list: PluginList): Promise<PluginList> {
  return list.cniVersions.length === 1 ? list : agree(place, list);
}

/**
 * As `negotiate`, and asks in any case: whether each plugin, and the IPAM plugin behind it, is installed and
 * knows the version. Throws TOOL_MISSING, NETWORK_CONFIG.
 */
export async function agree(place: PluginPlace, list: PluginList): Promise<PluginList> {
  for (const plugin of list.plugins) requirePlugins(place, list, plugin);
  const known = await Promise.all(list.plugins.map((plugin) => knownVersions(place, list, plugin)));
  const version = list.cniVersions.find((one) => known.every((versions) => versions.has(one)));
  if (version) return withVersion(list, version);
  const newest = list.cniVersions[0] as SpecVersion;
  const index = known.findIndex((versions) => !list.cniVersions.some((one) => versions.has(one)));
  const plugin = list.plugins[Math.max(index, 0)] as PluginConfig;
  const its = [...(known[Math.max(index, 0)] as ReadonlySet<string>)].join(', ');
  throw new PeapodError(
    'NETWORK_CONFIG',
    index < 0
      ? `network "${list.name}" (${list.source}): its plugins have none of ${list.cniVersions.join(', ')} in common`
      : `${describePlugin(list, plugin)} does not know cniVersion ${newest}, only ${its}`,
    { hint: 'write a cniVersion into the file that all of its plugins know, or install newer plugins' },
  );
}

function requirePlugins({ directories }: PluginPlace, list: PluginList, plugin: PluginConfig): void {
  for (const type of [plugin.type, plugin.ipamType]) {
    if (type === undefined) continue;
    const executable = findPlugin(type, directories);
    if (!executable) throw pluginMissing(describePlugin(list, plugin), type, directories);
    if (type === 'dhcp') requireDaemon(list, plugin, executable);
  }
}

async function knownVersions(
  place: PluginPlace,
  list: PluginList,
  plugin: PluginConfig,
): Promise<Set<SpecVersion>> {
  const where = describePlugin(list, plugin);
  let text: string;
  try {
    text = await callPlugin(place, {
      command: 'VERSION',
      executable: findPlugin(plugin.type, place.directories) as string,
      config: { cniVersion: list.cniVersion },
      // Plugins of the first days insist on all of them.
      containerId: 'dummy',
      netns: 'dummy',
      ifname: 'dummy',
      args: '',
      where,
    });
  } catch (error) {
    // VERSION came with 0.2.0.
    if (error instanceof PluginFailed && /unknown CNI_COMMAND/.test(error.message)) return new Set(['0.1.0']);
    throw error;
  }
  const versions = parseObject(text)?.supportedVersions;
  if (Array.isArray(versions)) return new Set(versions.filter(isSpecVersion));
  throw new PluginFailed({ command: 'VERSION', where }, `it printed "${excerpt(text)}", not its versions`);
}
