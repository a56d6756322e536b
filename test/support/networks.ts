import { webServer } from './servers.ts';
import type { TestHost } from './test-host.ts';

export interface Inspected {
  readonly network_interface: string;
  readonly subnets: readonly { readonly subnet: string; readonly gateway: string }[];
  readonly containers: Readonly<Record<string, { readonly name: string }>>;
}

export function configDirectory(host: TestHost): string {
  return host.rootless ? `${host.env.HOME}/.config/cni/net.d` : '/etc/cni/net.d';
}

/** Puts a file beside the networks, as somebody else's tool would. */
export async function writeConflist(host: TestHost, name: string, content: string): Promise<string> {
  const path = `${configDirectory(host)}/${name}`;
  await host.sh(`mkdir -p '${configDirectory(host)}'; cat > '${path}'`, { input: content });
  return path;
}

export async function inspectNetwork(host: TestHost, network: string): Promise<Inspected> {
  const [found] = await host.json<Inspected[]>('network', 'inspect', network);
  return found as Inspected;
}

export async function subnetsOf(host: TestHost, network: string): Promise<string[]> {
  return (await inspectNetwork(host, network)).subnets.map(({ subnet }) => subnet);
}

/** A container with a web server that answers with its name, or `text`. */
export function run(host: TestHost, network: string, name: string, text = name): Promise<string> {
  return host.ok('run', '-d', '--name', name, '--network', network, 'host', ...webServer(text, 80));
}

export function addressOf(host: TestHost, container: string, field = 'IPAddress'): Promise<string> {
  return host.ok('inspect', '-f', `{{.NetworkSettings.${field}}}`, container);
}
