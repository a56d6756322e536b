import { PeapodError } from '../../src/errors.ts';
import type { PortMapping } from '../../src/network/types.ts';
import { describePlugin, type PluginConfig, type PluginList } from './config.ts';
import { addOne, deleteOne, type Endpoint } from './list.ts';
import type { PluginPlace } from './protocol.ts';
import { portsOf, withPorts } from './request.ts';
import type { CniResult } from './result.ts';

const capability = 'portMappings';

/** Throws NETWORK_UNSUPPORTED for ports that no plugin of the list could publish. */
export function refuseUnpublishable(list: PluginList, ports: readonly PortMapping[]): void {
  if (ports.length === 0 || list.plugins.some(publishes)) return;
  throw new PeapodError(
    'NETWORK_UNSUPPORTED',
    `network "${list.name}" has no plugin with the capability portMappings, so no port can be published`,
    {
      hint: `leave out -p, or add {"type": "portmap", "capabilities": {"portMappings": true}} to ${list.source}`,
    },
  );
}

/**
 * A plugin that makes the interface takes its ports with it: it must be told at ADD, and never again while the
 * pod runs. Those after it can be told anew.
 */
export function publishesAtAdd({ plugins: [first] }: PluginList): boolean {
  return first !== undefined && publishes(first);
}

/**
 * Has the plugins publish other ports than before: DEL with the old ones, ADD with the new ones. For the time
 * in between, some milliseconds, new connections find no port; the established ones go on. On failure the old
 * ones are put back.
 */
export async function republish(
  place: PluginPlace,
  list: PluginList,
  endpoint: Endpoint,
  result: CniResult,
  ports: readonly PortMapping[],
): Promise<Endpoint> {
  if (publishesAtAdd(list)) throw onlyAtAdd(list);
  const plugins = list.plugins.filter(publishes);
  const wanted = { ...endpoint, capabilityArgs: withPorts(endpoint.capabilityArgs, ports) };
  if (portsOf(endpoint.capabilityArgs).length > 0) await deleteAll(place, list, plugins, endpoint, result);
  if (ports.length === 0) return wanted;
  try {
    for (const plugin of plugins) await addOne(place, list, plugin, wanted, result);
    return wanted;
  } catch (error) {
    await deleteAll(place, list, plugins, wanted, result);
    if (portsOf(endpoint.capabilityArgs).length > 0) {
      for (const plugin of plugins) await addOne(place, list, plugin, endpoint, result);
    }
    throw error;
  }
}

function publishes({ capabilities }: PluginConfig): boolean {
  return capabilities.has(capability);
}

async function deleteAll(
  place: PluginPlace,
  list: PluginList,
  plugins: readonly PluginConfig[],
  endpoint: Endpoint,
  result: CniResult,
): Promise<void> {
  for (const plugin of plugins.toReversed()) await deleteOne(place, list, plugin, endpoint, result);
}

function onlyAtAdd(list: PluginList): PeapodError {
  const [first] = list.plugins;
  return new PeapodError(
    'NETWORK_UNSUPPORTED',
    `${describePlugin(list, first as PluginConfig)} publishes ports only while it makes the interface`,
    { hint: 'give the ports when the pod is created' },
  );
}
