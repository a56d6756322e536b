import { PeapodError } from '../../src/errors.ts';
import type { ConfList } from '../../src/network/conflist.ts';
import { type CniResult, formatResult } from './result.ts';
import { isAtLeast, isSpecVersion, type SpecVersion } from './versions.ts';

/** A conflist as plugins are to see it. */
export interface PluginList {
  readonly name: string;
  /** The version in which its plugins are spoken to. */
  readonly cniVersion: SpecVersion;
  /** All that the file offers, `cniVersion` among them. */
  readonly cniVersions: readonly SpecVersion[];
  /** The file it came from. */
  readonly source: string;
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  readonly plugins: readonly PluginConfig[];
  /** The document, `cniVersion` settled: what the cache keeps. */
  readonly text: string;
}

export interface PluginConfig {
  readonly type: string;
  /** Of the delegate, where it has one. */
  readonly ipamType: string | undefined;
  /** Those that are true in its `capabilities`. */
  readonly capabilities: ReadonlySet<string>;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What a runtime passes on to the plugins that ask for it, by capability. */
export type CapabilityArgs = Readonly<Record<string, unknown>>;

type Json = Record<string, unknown>;

/** Where host-local keeps leases unless a conflist says otherwise. */
const usualLeases = '/var/lib/cni/networks';

/**
 * Throws NETWORK_CONFIG naming the place in the file. `leases` becomes the dataDir of host-local where the
 * list names none: nobody but root may write to the usual one.
 */
export function readPluginList({ name, plugins, source, text }: ConfList, leases = usualLeases): PluginList {
  const document = JSON.parse(text) as Json;
  const cniVersions = readVersions(source, document);
  const configs = plugins.map(({ config, type }, index): PluginConfig => {
    const json = { ...((document.plugins as Json[])[index] as Json) };
    const ipamType = config.optionalObject('ipam')?.optionalString('type') || undefined;
    if (ipamType?.includes('/')) throw config.error('ipam.type', `"${ipamType}" is not the name of a plugin`);
    const ipam = json.ipam as Json | undefined;
    if (ipamType === 'host-local' && !ipam?.dataDir && leases !== usualLeases) {
      json.ipam = { ...ipam, dataDir: leases };
    }
    const offered = config.optionalObject('capabilities');
    const keys = offered ? Object.keys(json.capabilities as Json) : [];
    const capabilities = new Set(keys.filter((key) => offered?.boolean(key, false)));
    // Both read them, and hardly any conflist says so.
    if (ipamType === 'host-local' || ipamType === 'static') capabilities.add('ips');
    return { type, ipamType, capabilities, json };
  });
  return withVersion(
    {
      name,
      cniVersion: cniVersions[0] as SpecVersion,
      cniVersions,
      source,
      disableCheck: document.disableCheck === true || document.disableCheck === 'true',
      disableGC: document.disableGC === true || document.disableGC === 'true',
      plugins: configs,
      text,
    },
    cniVersions[0] as SpecVersion,
  );
}

/** The same list for plugins that are spoken to in that version. */
export function withVersion(list: PluginList, cniVersion: SpecVersion): PluginList {
  const { cniVersions: _, ...document } = JSON.parse(list.text) as Json;
  const plugins = list.plugins.map(({ json }) => json);
  return { ...list, cniVersion, text: JSON.stringify({ ...document, cniVersion, plugins }) };
}

/** What one plugin reads from its standard input (the specification's "deriving execution configuration"). */
export function executionConfig(
  list: PluginList,
  { json, capabilities }: PluginConfig,
  more: { readonly capabilityArgs?: CapabilityArgs; readonly prevResult?: CniResult | undefined } = {},
): Record<string, unknown> {
  const wanted = Object.entries(more.capabilityArgs ?? {}).filter(([key]) => capabilities.has(key));
  const { capabilities: _, ...own } = json;
  return {
    ...own,
    cniVersion: list.cniVersion,
    name: list.name,
    ...(wanted.length > 0 ? { runtimeConfig: Object.fromEntries(wanted) } : {}),
    ...(more.prevResult ? { prevResult: formatResult(more.prevResult, list.cniVersion) } : {}),
  };
}

/** `network "web" (/etc/cni/net.d/10-web.conflist): plugin "tuning"` for errors. */
export function describePlugin(list: PluginList, { type }: PluginConfig): string {
  return `network "${list.name}" (${list.source}): plugin "${type}"`;
}

export function supports(list: PluginList, capability: string): boolean {
  return list.plugins.some(({ capabilities }) => capabilities.has(capability));
}

/** Newest first, unknown ones left out: they are for newer runtimes. */
function readVersions(source: string, document: Json): SpecVersion[] {
  const { cniVersion = '0.1.0', cniVersions = [] } = document;
  if (!Array.isArray(cniVersions) || cniVersions.some((version) => typeof version !== 'string')) {
    throw new PeapodError('NETWORK_CONFIG', `${source}: cniVersions: must be a list of strings`, {
      hint: 'mend the file, or move it away',
    });
  }
  const known = [cniVersion as string, ...(cniVersions as string[])].filter(isSpecVersion);
  return [...new Set(known)].sort((a, b) => (isAtLeast(a, b) ? -1 : 1));
}
