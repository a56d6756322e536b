import { isPeapodError, messageOf, PeapodError } from '../../src/errors.ts';
import type { AttachmentId } from '../../src/network/backend.ts';
import {
  type CapabilityArgs,
  describePlugin,
  executionConfig,
  type PluginConfig,
  type PluginList,
} from './config.ts';
import { findPlugin, pluginMissing } from './plugins.ts';
import { type CniCommand, callPlugin, excerpt, PluginFailed, type PluginPlace } from './protocol.ts';
import { type CniResult, NotAResult, parseResult } from './result.ts';
import { isAtLeast } from './versions.ts';

/** The chain of a list, see https://www.cni.dev/docs/spec/#section-3-execution-of-network-configurations. */

/** One interface of one container. */
export interface Endpoint {
  readonly containerId: string;
  /** Empty where the namespace is gone. */
  readonly netns: string;
  readonly ifname: string;
  readonly args: readonly (readonly [key: string, value: string])[];
  readonly capabilityArgs: CapabilityArgs;
}

/**
 * Calls each plugin with what those before it answered. Where one fails, it and those before it are told to
 * DEL, in reverse order, and the error tells of both.
 */
export async function addList(place: PluginPlace, list: PluginList, endpoint: Endpoint): Promise<CniResult> {
  let prevResult: CniResult | undefined;
  for (const [index, plugin] of list.plugins.entries()) {
    try {
      prevResult = await addOne(place, list, plugin, endpoint, prevResult);
    } catch (error) {
      const tried = list.plugins.slice(0, index + 1);
      const failures = await undo(place, { ...list, plugins: tried }, endpoint, prevResult);
      throw failures.length === 0 ? error : new UndoFailed(error, failures);
    }
  }
  return prevResult as CniResult;
}

/** Thrown where ADD failed and something of it may be left. */
export class UndoFailed extends PeapodError {
  constructor(failure: unknown, undoing: readonly unknown[]) {
    super(
      isPeapodError(failure) ? failure.code : 'INTERNAL',
      [failure, ...undoing].map(messageOf).join('; and then: '),
      {
        hint: 'what the plugins left goes when the pod is removed and they can do their work again',
        cause: new AggregateError([failure, ...undoing]),
      },
    );
    this.name = 'UndoFailed';
  }
}

/** ADD of one plugin of a chain. */
export async function addOne(
  place: PluginPlace,
  list: PluginList,
  plugin: PluginConfig,
  endpoint: Endpoint,
  prevResult: CniResult | undefined,
): Promise<CniResult> {
  const stdout = await call(place, list, plugin, 'ADD', endpoint, {
    capabilityArgs: endpoint.capabilityArgs,
    prevResult,
  });
  try {
    return parseResult(stdout, list.cniVersion);
  } catch (error) {
    if (!(error instanceof NotAResult)) throw error;
    const where = describePlugin(list, plugin);
    const said = `${error.message}; it printed ${stdout.trim() ? `"${excerpt(stdout)}"` : 'nothing'}`;
    throw new PluginFailed({ command: 'ADD', where }, said);
  }
}

/** Halts at the first failure, for what comes after frees the address that rules may still lead to. */
export async function deleteList(
  place: PluginPlace,
  list: PluginList,
  endpoint: Endpoint,
  result: CniResult | undefined,
): Promise<void> {
  for (const plugin of list.plugins.toReversed()) await deleteOne(place, list, plugin, endpoint, result);
}

export async function deleteOne(
  place: PluginPlace,
  list: PluginList,
  plugin: PluginConfig,
  endpoint: Endpoint,
  result: CniResult | undefined,
): Promise<void> {
  const { capabilityArgs } = endpoint;
  const prevResult = isAtLeast(list.cniVersion, '0.4.0') ? result : undefined;
  await call(place, list, plugin, 'DEL', endpoint, { capabilityArgs, prevResult });
}

/** Throws what the first dissatisfied plugin says. Lists older than 0.4.0 know no CHECK: they pass. */
export async function checkList(
  place: PluginPlace,
  list: PluginList,
  endpoint: Endpoint,
  result: CniResult | undefined,
): Promise<void> {
  if (list.disableCheck || !isAtLeast(list.cniVersion, '0.4.0')) return;
  const { capabilityArgs } = endpoint;
  for (const plugin of list.plugins) {
    try {
      await call(place, list, plugin, 'CHECK', endpoint, { capabilityArgs, prevResult: result });
    } catch (error) {
      if (!isFalseAlarm(plugin, result, error)) throw error;
    }
  }
}

/** portmap looks for IPv6 rules of pods that have no IPv6 address, and so never finds them well (1.1.1). */
function isFalseAlarm({ type }: PluginConfig, result: CniResult | undefined, error: unknown): boolean {
  const hasIpv6 = result?.ips.some(({ address }) => address.includes(':')) ?? false;
  return type === 'portmap' && !hasIpv6 && /could not check ipv6 dnat/.test(messageOf(error));
}

/** Throws where a plugin is not ready for ADD. Lists older than 1.1.0 cannot be asked: they pass. */
export async function statusList(place: PluginPlace, list: PluginList): Promise<void> {
  if (!isAtLeast(list.cniVersion, '1.1.0')) return;
  await Promise.all(list.plugins.map((plugin) => call(place, list, plugin, 'STATUS', nobody)));
}

/** Tells the plugins which attachments live, so that they free the rest. Lists older than 1.1.0 pass. */
export async function collectList(
  place: PluginPlace,
  list: PluginList,
  valid: readonly AttachmentId[],
): Promise<void> {
  if (list.disableGC || !isAtLeast(list.cniVersion, '1.1.0')) return;
  const attachments = valid.map(({ containerId, ifname }) => ({ containerID: containerId, ifname }));
  for (const plugin of list.plugins) {
    await call(place, list, plugin, 'GC', nobody, {
      // The specification's name, and the one that libcni 1.2.0 sent first.
      extra: { 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': attachments },
    });
  }
}

const nobody: Endpoint = { containerId: '', netns: '', ifname: '', args: [], capabilityArgs: {} };

/** Undo stops at nothing: whatever can go, goes. */
async function undo(
  place: PluginPlace,
  tried: PluginList,
  endpoint: Endpoint,
  prevResult: CniResult | undefined,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const plugin of tried.plugins.toReversed()) {
    const once = () => deleteOne(place, tried, plugin, endpoint, prevResult);
    try {
      // Plugins stop at the first thing that is missing, and are past it the next time.
      await once().catch(once);
    } catch (error) {
      // What could not even be started for ADD has made nothing.
      if (!isPeapodError(error, 'TOOL_MISSING')) failures.push(error);
    }
  }
  return failures;
}

async function call(
  place: PluginPlace,
  list: PluginList,
  plugin: PluginConfig,
  command: CniCommand,
  endpoint: Endpoint,
  more: {
    readonly capabilityArgs?: CapabilityArgs;
    readonly prevResult?: CniResult | undefined;
    readonly extra?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<string> {
  const where = describePlugin(list, plugin);
  const executable = findPlugin(plugin.type, place.directories);
  if (!executable) throw pluginMissing(where, plugin.type, place.directories);
  return callPlugin(place, {
    command,
    executable,
    config: { ...executionConfig(list, plugin, more), ...more.extra },
    containerId: endpoint.containerId,
    netns: endpoint.netns,
    ifname: endpoint.ifname,
    args: endpoint.args.map((pair) => pair.join('=')).join(';'),
    where,
  });
}
