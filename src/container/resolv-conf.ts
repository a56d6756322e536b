import { readFileSync } from 'node:fs';
import type { DnsSpec } from '../store/records.ts';

/** The parts of a resolv.conf(5) that matter to a container. */
export interface ResolvConf {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  const options: string[] = [];
  let searches: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*/, '')
      .split(/\s+/)
      .filter(Boolean);
    if (keyword === 'nameserver' && words[0] !== undefined) servers.push(words[0]);
    // The last `search` counts; `domain` is its old form.
    if (keyword === 'search' || keyword === 'domain') searches = words;
    if (keyword === 'options') options.push(...words);
  }
  return { servers, searches, options };
}

/** Where the true servers stand if /etc/resolv.conf names only a resolver on the host's loopback. */
const behindLocalResolver: Readonly<Record<string, string>> = {
  '127.0.0.53': '/run/systemd/resolve/resolv.conf',
  '127.0.0.1': '/run/NetworkManager/no-stub-resolv.conf',
};

/**
 * The host's configuration as a container outside of the host's network namespace needs it. `readText`
 * returns undefined for a file that does not exist.
 */
export function readHostResolvConf(
  readText: (path: string) => string | undefined = readIfExists,
): ResolvConf {
  const usual = parseResolvConf(readText('/etc/resolv.conf') ?? '');
  const only = usual.servers.length === 1 ? usual.servers[0] : undefined;
  const behind = only === undefined ? undefined : behindLocalResolver[only];
  const text = behind === undefined ? undefined : readText(behind);
  return text === undefined ? usual : parseResolvConf(text);
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

export interface ResolvConfInput {
  readonly host: ResolvConf;
  /** `--dns`, `--dns-search`, `--dns-option`: each replaces what would be there else. */
  readonly dns: DnsSpec;
  /** Servers of the pod's networks: asked before the host's. */
  readonly networkServers: readonly string[];
  /**
   * Domains of networks that have names of their own. Then no other server may be asked: a resolver takes the
   * first answer for the whole truth, and these forward to the others, `--dns` among them.
   */
  readonly networkSearches: readonly string[];
  /** The container sees the host's loopback, and with it the host's local resolvers. */
  readonly hostNetwork: boolean;
  /** Whether the container reaches IPv6 servers. */
  readonly ipv6: boolean;
}

/**
 * A name server of a network is near, and aardvark-dns before 1.11 loses questions while it reads its zones: it is
 * better asked again soon than after the usual five seconds. What the host says about it counts more.
 */
const patience = ['timeout:1', 'attempts:5'];

/** podman's last resort where the host has no server that a container can reach. */
const publicServers = ['8.8.8.8', '8.8.4.4'];

/** /etc/resolv.conf of a container. */
export function buildResolvConf(input: ResolvConfInput): string {
  const { host, dns } = input;
  const reachable = input.hostNetwork
    ? host.servers
    : host.servers.filter((server) => !isLoopback(server) && (input.ipv6 || !server.includes(':')));
  const ours = input.networkSearches.length > 0;
  const usual = dns.servers.length ? dns.servers : [...input.networkServers, ...reachable];
  const servers = ours ? input.networkServers : usual;
  const searches = dns.searches.length ? dns.searches : [...input.networkSearches, ...host.searches];
  const options = dns.options.length ? dns.options : [...(ours ? patience : []), ...host.options];
  return [
    ...(searches.length && !searches.includes('.') ? [`search ${searches.join(' ')}`] : []),
    ...unique(servers.length || input.hostNetwork ? servers : publicServers).map((ip) => `nameserver ${ip}`),
    ...(options.length ? [`options ${unique(options).join(' ')}`] : []),
    '',
  ].join('\n');
}

function isLoopback(server: string): boolean {
  return server.startsWith('127.') || server === '::1';
}

function unique(words: readonly string[]): readonly string[] {
  return [...new Set(words)];
}
