import { parseConfList } from '../../src/network/conflist.ts';
import type { CachedAttachment } from './cache.ts';
import { type PluginList, readPluginList } from './config.ts';
import type { Endpoint } from './list.ts';
import { type CniResult, NotAResult, parseResult } from './result.ts';

/** What an entry of the cache says, ready to be said to plugins again. */

/** `netns` is empty where the namespace is gone. */
export function endpointOf(entry: CachedAttachment, netns: string): Endpoint {
  const { containerId, ifname, args, capabilityArgs } = entry;
  return { containerId, netns, ifname, args, capabilityArgs };
}

export function listOf({ source, config }: CachedAttachment): PluginList {
  return readPluginList(parseConfList(source, config));
}

/** Undefined where ADD was cut short, or where the entry has none that can be read. */
export function resultOf(entry: CachedAttachment): CniResult | undefined {
  if (!entry.result) return undefined;
  try {
    return parseResult(JSON.stringify(entry.result), listOf(entry).cniVersion);
  } catch (error) {
    if (error instanceof NotAResult) return undefined;
    throw error;
  }
}
