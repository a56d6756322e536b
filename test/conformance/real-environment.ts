import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Attachment, NetworkBackend, NetworkTarget } from '../../src/network/backend.ts';
import type { Protocol } from '../../src/network/types.ts';
import type { ConformanceEnvironment } from './environment.ts';
import { becomeThrowawayHost, connectNeighbour, pinNetns, sh, unpinNetns } from './throwaway-host.ts';

const talk = fileURLToPath(new URL('talk.ts', import.meta.url));
export const directory = '/run/conformance';

interface RealBackend {
  readonly backend: NetworkBackend;
  readonly network: string;
  readonly staticAddress?: string;
  damage(target: NetworkTarget, last: Attachment): void;
  /** Names of the helper processes that the backend starts, as /proc has them. */
  readonly helpers: readonly string[];
}

/** The environment of a backend that works on a kernel: a throw-away host with a neighbour outside. */
export async function makeRealEnvironment(make: () => RealBackend): Promise<ConformanceEnvironment> {
  becomeThrowawayHost();
  mkdirSync(directory, { recursive: true });
  connectNeighbour(directory);
  const { backend, network, staticAddress, damage, helpers } = make();
  const baseline = new Set(kernelState(helpers));
  const pinned = new Set<string>();
  let programs: ChildProcess[] = [];
  let made = 0;

  return {
    backend,
    network,
    ...(staticAddress ? { staticAddress } : {}),
    damage,
    makeTarget(more = {}) {
      made += 1;
      const id = made.toString(16).padEnd(64, '0');
      const runtimeDir = join(directory, 'sandboxes', id);
      mkdirSync(runtimeDir, { recursive: true });
      const netnsPath = pinNetns(directory);
      pinned.add(netnsPath);
      return { id, name: `pod${made}`, network, ifname: 'eth0', netnsPath, runtimeDir, ...more };
    },
    destroyNamespace({ netnsPath }) {
      unpinNetns(netnsPath);
      pinned.delete(netnsPath);
    },
    look({ netnsPath }) {
      const read = (command: string) => JSON.parse(sh(`ip -json ${command}`, netnsPath) || '[]');
      const links = read('address show') as {
        ifname: string;
        addr_info: { local: string; prefixlen: number }[];
      }[];
      const routes = [...read('route show'), ...read('-6 route show')] as { dst: string; gateway?: string }[];
      return {
        interfaces: links.flatMap(({ ifname }) => ifname ?? []),
        addresses: links.flatMap(
          (link) => link.addr_info?.map((one) => `${one.local}/${one.prefixlen}`) ?? [],
        ),
        defaultGateways: routes.flatMap(({ dst, gateway }) =>
          dst === 'default' && gateway ? [gateway] : [],
        ),
      };
    },
    async serve(target, protocol, port) {
      programs.push(
        await startTalker(['serve', protocol, '0.0.0.0', String(port), target.id], target.netnsPath),
      );
    },
    ask: (address, protocol, port, from) => ask(address, protocol, port, from?.netnsPath),
    async occupy(port) {
      const program = await startTalker(['serve', 'tcp', '0.0.0.0', String(port), 'someone else']);
      programs.push(program);
      return () => end(program);
    },
    leftovers: () => [...kernelState(helpers), ...leases()].filter((entry) => !baseline.has(entry)),
    clear() {
      for (const program of programs) program.kill('SIGKILL');
      programs = [];
      for (const path of pinned) unpinNetns(path);
      pinned.clear();
    },
    close() {},
  };
}

/** One question, in a process of its own: it may have to stand in a pod. */
export function ask(
  address: string,
  protocol: Protocol,
  port: number,
  netnsPath?: string,
  localPort?: number,
): string | undefined {
  return (
    sh(`${process.execPath} ${talk} ask ${protocol} ${address} ${port} ${localPort ?? ''}`, netnsPath) ||
    undefined
  );
}

/** Resolves when it listens. */
export async function startTalker(words: readonly string[], netnsPath?: string): Promise<ChildProcess> {
  const enter = netnsPath ? ['nsenter', `--net=${netnsPath}`, '--'] : [];
  const [program = '', ...args] = [...enter, process.execPath, talk, ...words];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => resolve());
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.on('exit', (code) => reject(new Error(`${words.join(' ')} ended with ${code}: ${said}`)));
  });
  return child;
}

async function end(program: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => program.once('exit', resolve));
  program.kill('SIGKILL');
  await ended;
}

/** Links, rules and helper processes of this host. */
function kernelState(helpers: readonly string[]): string[] {
  const links = sh('ip -oneline link show').split('\n');
  return [
    ...links.map((line) => `link ${line.split(': ')[1]?.split('@')[0]}`),
    ...sh('nft list ruleset')
      .split('\n')
      .filter(Boolean)
      .map((line) => `rule ${line}`),
    ...sh('ip route show table all')
      .split('\n')
      .filter((line) => !/ lo |^anycast /.test(line))
      // Whether a cable has its carrier yet is the kernel's to say, and nothing that was left behind.
      .map((line) => `route ${line.replace(/ (linkdown|dead)\b/g, '').trim()}`),
    ...processesHere(helpers),
  ];
}

/** Processes with those names that run on this host or in its pods, not zombies. */
function processesHere(names: readonly string[]): string[] {
  const [net, mounts] = sh('readlink /proc/self/ns/net /proc/self/ns/mnt').split('\n');
  const script = `for p in /proc/[0-9]*; do
    case "$(readlink $p/ns/net 2>/dev/null) $(readlink $p/ns/mnt 2>/dev/null)" in
      '${net} '* | *' ${mounts}') ;;
      *) continue ;;
    esac
    echo "$(cat $p/comm) $(tr '\\0' ' ' <$p/cmdline)"
  done 2>/dev/null || :`;
  return sh(script)
    .split('\n')
    .filter((line) => names.some((name) => line.includes(name)))
    .map((line) => `process ${line}`);
}

function leases(): string[] {
  const root = join(directory, 'leases');
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((network) =>
    readdirSync(join(root, network))
      .filter((name) => /^[\d.]+$|:/.test(name))
      .map((address) => `lease ${network}/${address}`),
  );
}

/** Writes a conflist where the backend under test looks for them. */
export function writeConfList(file: string, content: string): void {
  mkdirSync(join(directory, 'net.d'), { recursive: true });
  writeFileSync(join(directory, 'net.d', file), content);
}

export function removeConfLists(): void {
  rmSync(join(directory, 'net.d'), { recursive: true, force: true });
}

export const testPaths = {
  root: join(directory, 'root'),
  runRoot: join(directory, 'run'),
  networkConfig: join(directory, 'net.d'),
  leases: join(directory, 'leases'),
};
