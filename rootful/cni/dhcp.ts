import { existsSync } from 'node:fs';
import { messageOf, PeapodError } from '../../src/errors.ts';
import type { Runner } from '../../src/host/exec.ts';
import { describePlugin, type PluginConfig, type PluginList } from './config.ts';

/** The IPAM plugin dhcp is only the door to its daemon, which keeps the leases (https://www.cni.dev/plugins/current/ipam/dhcp/). */

const usualSocket = '/run/cni/dhcp.sock';

/** Without it neither ADD nor its undoing can work. Throws HOST_UNFIT. */
export function requireDaemon(list: PluginList, plugin: PluginConfig, executable: string): void {
  const { daemonSocketPath = usualSocket } = (plugin.json.ipam ?? {}) as { daemonSocketPath?: string };
  if (existsSync(daemonSocketPath)) return;
  throw new PeapodError(
    'HOST_UNFIT',
    `${describePlugin(list, plugin)} needs the daemon of the plugin dhcp, which does not run`,
    { hint: `start it as root, for all networks: mkdir -p /run/cni && ${executable} daemon` },
  );
}

/**
 * What a failed DEL leaves to do where the daemon is gone: leases went with it, the interface is still there.
 * Throws any other error again.
 */
export async function freeWithoutDaemon(
  error: unknown,
  { runner, ip }: { readonly runner: Runner; readonly ip: string },
  { path, ifname }: { readonly path: string; readonly ifname: string },
): Promise<void> {
  if (!messageOf(error).includes('error dialing DHCP daemon')) throw error;
  await runner.netns(path).run([ip, 'link', 'delete', ifname], { accept: 'any' });
}
