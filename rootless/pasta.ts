import { closeSync, openSync, read, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import { type Runner, toolMissing } from '../src/host/exec.ts';
import type { HostFacts } from '../src/host/facts.ts';
import { pipe } from '../src/host/libc.ts';
import { isAlive, type ProcessIdentity, signalProcess, waitForEnd } from '../src/host/processes.ts';
import type {
  Attachment,
  NetworkBackend,
  NetworkCapabilities,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import { hasDefaultRoute } from '../src/network/host-routes.ts';
import { ipFamily } from '../src/network/ip-family.ts';
import { refusePrivilegedPorts } from '../src/network/port-error.ts';
import { type PortMapping, type PublishedPort, portKey } from '../src/network/types.ts';
import { readIdentity } from './identity-file.ts';
import type { Keeper } from './keeper.ts';
import { ownPorts, parsePastaOptions, portWords } from './pasta-options.ts';
import { bindHostPort, endRelays } from './relay.ts';
import { findDeadRelay, publishByRelay, unpublishByRelay } from './relay-ports.ts';
import { hostUnfit, isOnPath, tunProblems } from './requirements.ts';
import { isExiting } from './slirp4netns.ts';
import { throwAfter } from './undo.ts';

export interface PastaBackendOptions {
  /** Where the target's `netnsPath` is visible: the keeper's namespaces, or the host for root. */
  readonly inside: () => Promise<Runner>;
  readonly host: Runner;
  readonly facts: HostFacts;
  /** Absent for root. */
  readonly keeper?: Keeper;
}

/** How a running pasta was started; it takes ports on its command line only. */
interface PastaStart {
  readonly words: readonly string[];
  readonly ports: readonly PortMapping[];
}

const viaPasta = 'pasta';
const files = { pid: 'pasta.pid', start: 'pasta.json', log: 'pasta.log' } as const;
const readyTimeoutMs = 10_000;
const endTimeoutMs = 5_000;
/** The kernel takes 40–80 ms to dismantle the tap device of a pasta that just ended. */
const busyRetryMs = 1_000;

/** The identity is on disk before pasta exists as such: whoever starts it may be killed at any time. */
const startScript = `
file=$1; shift
read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ </proc/$$/stat
echo "$$ $start" >"$file"
exec pasta "$@"
`;

/** The address is given by hand: nobody waits for duplicate detection or asks for router advertisements. */
const quietIpv6 = `
cd /proc/sys/net/ipv6/conf/default && echo 0 >accept_dad && echo 0 >accept_ra
`;

/**
 * A user-mode network for one pod by pasta(1). Ports that are known at attach are pasta's own and keep the
 * client's address; those that come later are our relay's, because pasta takes none while it runs.
 */
export class PastaBackend implements NetworkBackend {
  readonly name = 'pasta';
  readonly capabilities: NetworkCapabilities = {
    protocols: ['tcp', 'udp'],
    ipv6: true,
    podToPod: false,
    sourceAddress: true,
    staticAddress: false,
  };
  readonly #options: PastaBackendOptions;

  constructor(options: PastaBackendOptions) {
    this.#options = options;
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const { facts, host } = this.#options;
    const { newer } = parsePastaOptions(spec.options, spec.macAddress);
    const [address] = spec.staticAddresses;
    if (address !== undefined) {
      throw new PeapodError('NETWORK_UNSUPPORTED', 'no other pod sees the address of a pod on pasta', {
        hint: `leave out --ip, set it with --network pasta:-a,${address}, or use --network bridge`,
      });
    }
    refuseSctp(spec.ports);
    refusePrivilegedPorts(spec.ports, facts);
    if (!isOnPath('pasta', facts.env.PATH)) throw toolMissing('pasta');
    const problem = tunProblems()[0];
    if (problem) throw hostUnfit(problem);
    if (newer.length === 0) return;
    const { stdout, stderr } = await host.run(['pasta', '--help'], { accept: 'any' });
    const unknown = newer.find((flag) => !`${stdout}${stderr}`.includes(flag));
    if (!unknown) return;
    throw new PeapodError('NETWORK_UNSUPPORTED', `the pasta of this host is too old for ${unknown}`, {
      hint: 'leave it out, or install a passt of 2024 or later',
    });
  }

  namespaceScript(): string {
    return quietIpv6;
  }

  async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    const options = parsePastaOptions(spec.options, spec.macAddress);
    const waysOut = ([4, 6] as const).filter((one) => options.gateways[one] && hasDefaultRoute(one));
    const ports = ownPorts(spec.ports, waysOut);
    await endPasta(target.runtimeDir); // what a killed one left
    // pasta is content with one address family of a port; so that all are free is found out here.
    for (const port of ports) closeSync(bindHostPort(port));
    try {
      await this.#start(target, { words: options.words, ports });
      const link = await this.#link(target, options.ifname);
      if (!link) throw new PeapodError('COMMAND_FAILED', `pasta made no interface ${options.ifname}`);
      const families = ([4, 6] as const).filter((family) =>
        link.addresses.some((address) => ipFamily(address) === family),
      );
      return {
        backend: this.name,
        network: spec.network,
        ifname: options.ifname,
        addresses: link.addresses,
        gateways: families.flatMap((family) => options.gateways[family] ?? []),
        dns: options.dns,
        mtuBytes: link.mtuBytes,
        ...(spec.macAddress ? { macAddress: spec.macAddress } : {}),
        opaque: {},
      };
    } catch (error) {
      return throwAfter(error, () => this.detach(target));
    }
  }

  async detach(target: NetworkTarget): Promise<void> {
    await Promise.all([endRelays(target.runtimeDir), endPasta(target.runtimeDir)]);
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const drift = (what: string) => new PeapodError('NETWORK_DRIFT', what);
    const [missing] = this.missingHelpers(target, last, ports);
    if (missing) throw drift(`${missing} of ${target.name} does not run`);
    const own = keysOf(readStart(target.runtimeDir)?.ports ?? []);
    const lost = ports.find((port) => port.via === viaPasta && !own.has(portKey(port)));
    if (lost) throw drift(`pasta of ${target.name} does not forward ${lost.hostPort}`);
    const found = (await this.#link(target, last.ifname))?.addresses ?? [];
    const gone = last.addresses.find((address) => !found.includes(address));
    if (gone) throw drift(`the interface ${last.ifname} of ${target.name} has lost its address ${gone}`);
  }

  missingHelpers(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): string[] {
    return [...(pastaOf(target.runtimeDir) ? [] : ['pasta']), ...(findDeadRelay(ports) ? ['relay'] : [])];
  }

  /** Nobody asks for names on a network of one pod. */
  async setNames(): Promise<void> {}

  async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    refuseSctp(ports);
    const { self } = this.#options.facts;
    const own = pastaOf(target.runtimeDir) ? keysOf(readStart(target.runtimeDir)?.ports ?? []) : new Set();
    const others = ports.filter((port) => !own.has(portKey(port)));
    const addresses = last.addresses.map((cidr) => cidr.split('/')[0] as string);
    const place = { directory: target.runtimeDir, runner: () => this.#netns(target), self, addresses };
    const relayed = new Map((await publishByRelay(place, others)).map((port) => [portKey(port), port]));
    return ports.map((port) => relayed.get(portKey(port)) ?? { ...port, via: viaPasta });
  }

  /** A port of pasta's own goes with a new pasta on the same namespace, which ends the connections through the old. */
  async unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const { runtimeDir } = target;
    await unpublishByRelay(runtimeDir, ports); // passes over those without a handle
    const start = readStart(runtimeDir);
    const gone = keysOf(ports.filter((port) => port.via === viaPasta));
    const left = start?.ports.filter((port) => !gone.has(portKey(port))) ?? [];
    if (!start || !pastaOf(runtimeDir) || left.length === start.ports.length) return;
    await endPasta(runtimeDir);
    await this.#start(target, { words: start.words, ports: left });
  }

  async #netns({ netnsPath }: NetworkTarget): Promise<Runner> {
    const { keeper, inside } = this.#options;
    return keeper ? keeper.netns(netnsPath, 'host') : (await inside()).netns(netnsPath);
  }

  /** Undefined where there is no such interface. Link-local addresses are the kernel's own affair. */
  async #link(target: NetworkTarget, ifname: string) {
    const netns = await this.#netns(target);
    const { stdout } = await netns.run(['ip', '-json', 'address', 'show', 'dev', ifname], { accept: 'any' });
    const [link] = JSON.parse(stdout || '[]') as IpLink[];
    if (!link) return undefined;
    const addresses = link.addr_info.filter(({ scope }) => scope === 'global');
    return { mtuBytes: link.mtu, addresses: addresses.map((one) => `${one.local}/${one.prefixlen}`) };
  }

  async #start(target: NetworkTarget, start: PastaStart): Promise<void> {
    const { keeper, host } = this.#options;
    // pasta makes a mount namespace of its own and leaves the host's, so that it holds no mount of anybody.
    const place = keeper ? await keeper.userNamespace() : host;
    const netns = keeper ? keeper.pathFromOutside(target.netnsPath) : target.netnsPath;
    writeFileSync(join(target.runtimeDir, files.start), JSON.stringify(start), { mode: 0o600 });
    const deadline = performance.now() + busyRetryMs;
    for (;;) {
      try {
        return await startPasta(place, target.runtimeDir, [
          ...['--foreground', '--quiet', '--config-net', '--netns', netns, '--pid', '/dev/stdout'],
          // Else it would become `nobody`, who may not enter a namespace of root's.
          ...(keeper ? [] : ['--runas', '0:0']),
          ...start.words,
          ...portWords('tcp', start.ports),
          ...portWords('udp', start.ports),
        ]);
      } catch (error) {
        const busy = error instanceof Error && /busy/.test(error.message);
        if (!busy || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
}

/** The parts of `ip -json address show` that matter here. */
interface IpLink {
  readonly mtu: number;
  readonly addr_info: readonly { local: string; prefixlen: number; scope: string }[];
}

/** Returns once the interface is configured and ports are bound: pasta writes its pid then. */
async function startPasta(place: Runner, directory: string, words: readonly string[]): Promise<void> {
  const log = join(directory, files.log);
  const logFd = openSync(log, 'w', 0o600);
  // One that can be opened by name, unlike the runtime's own, which are sockets.
  const { readFd, writeFd } = pipe();
  const argv = ['sh', '-c', startScript, 'sh', join(directory, files.pid), ...words];
  const child = place.start(argv, ['ignore', writeFd, logFd]);
  for (const fd of [writeFd, logFd]) closeSync(fd);
  const late = setTimeout(() => child.kill('SIGKILL'), readyTimeoutMs);
  try {
    const bytes = await new Promise<number>((resolve, reject) => {
      child.on('error', (error) => reject(toolMissing(child.spawnfile, error)));
      read(readFd, Buffer.alloc(16), 0, 16, null, (error, count) => (error ? reject(error) : resolve(count)));
    });
    if (bytes === 0) throw complaint(readFileSync(log, 'utf8'));
  } finally {
    clearTimeout(late);
    closeSync(readFd);
  }
}

/** What pasta said, without its notes that there is no syslog. */
function complaint(said: string): PeapodError {
  const lines = said.split('\n').filter((line) => line && !/^Failed to send \d+ bytes to syslog/.test(line));
  if (lines.some((line) => /interface not usable/i.test(line))) {
    return new PeapodError('HOST_UNFIT', 'pasta finds no way out of this host: it needs a default route', {
      hint: 'ip route shows whether there is one; --network pasta:-i,NAME names an interface, slirp4netns needs none',
    });
  }
  return new PeapodError('COMMAND_FAILED', `pasta failed: ${lines.join('; ') || 'without a word'}`);
}

/** Ends the process and removes its files. Idempotent. Host ports are free when it returns. */
async function endPasta(directory: string): Promise<void> {
  const identity = readIdentity(join(directory, files.pid));
  if (identity && signalProcess(identity, 'SIGKILL') && (readStart(directory)?.ports.length ?? 1) > 0) {
    await waitForEnd(identity, endTimeoutMs);
  }
  for (const name of Object.values(files)) rmSync(join(directory, name), { force: true });
}

function pastaOf(directory: string): ProcessIdentity | undefined {
  const identity = readIdentity(join(directory, files.pid));
  return identity && isAlive(identity) && !isExiting(identity.pid) ? identity : undefined;
}

function readStart(directory: string): PastaStart | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, files.start), 'utf8')) as PastaStart;
  } catch {
    return undefined;
  }
}

function keysOf(ports: readonly PortMapping[]): Set<string> {
  return new Set(ports.map(portKey));
}

function refuseSctp(ports: readonly PortMapping[]): void {
  if (ports.every((port) => port.protocol !== 'sctp')) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', 'pasta does not publish sctp ports');
}
