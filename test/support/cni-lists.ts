import { readPluginList } from '../../rootful/cni/config.ts';
import type { Endpoint } from '../../rootful/cni/list.ts';
import { parseConfList } from '../../src/network/conflist.ts';

/** Lists and endpoints for unit tests of the CNI runtime; the plugins are those of `installPlugins`. */

export type Fields = Record<string, unknown>;

export const containerId = 'c0ffee'.padEnd(64, '0');

/** A list of the plugins `first`, `second`, `third`, which log their calls. */
export function pluginList(log: string, more: Fields = {}, ...plugins: Fields[]) {
  const text = JSON.stringify({
    cniVersion: '1.0.0',
    name: 'web',
    plugins: ['first', 'second', 'third'].map((type, index) => ({ type, log, ...plugins[index] })),
    ...more,
  });
  return readPluginList(parseConfList('/etc/cni/net.d/10-web.conflist', text));
}

export function endpointWith(capabilityArgs: Fields = {}): Endpoint {
  return {
    containerId,
    netns: '/run/netns/x',
    ifname: 'eth0',
    args: [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAME', 'web'],
    ],
    capabilityArgs,
  };
}
