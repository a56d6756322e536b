import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bunPath } from '../../scripts/bun.mjs';
import { eventually, expectSuccess, runCommand } from './command.ts';
import type { TestHost } from './test-host.ts';

/** Where "the internet" answers; TEST-NET addresses of RFC 5737, which no real network uses. */
export const internetAddresses = {
  /** HTTP on port 80: `internet, you are ADDRESS`. UDP echo on port 7. */
  web: '198.51.100.80',
  /** DNS on port 53: `web.example` is `web`'s address; all else does not exist. */
  dns: '198.51.100.53',
  router: '203.0.113.1',
} as const;

/** Everything outside of the test hosts: one namespace with a router, a web server and a name server. */
export class Internet {
  #servers: ChildProcessWithoutNullStreams;
  #pid: number;
  #hosts = 0;

  constructor(servers: ChildProcessWithoutNullStreams) {
    this.#servers = servers;
    this.#pid = servers.pid as number;
  }

  /** Gives a host an uplink `eth0` with an address of its own and a default route. Returns the address. */
  async connect(host: TestHost): Promise<string> {
    this.#hosts += 1;
    const n = this.#hosts;
    const address = `203.0.113.${10 + n}`;
    await this.sh(
      `ip link add up${n} type veth peer name eth0 netns ${host.initPid}
       ip link set up${n} master switch up`,
    );
    await host.rootSh(
      `ip addr add ${address}/24 dev eth0
       ip link set eth0 up
       ip route add default via ${internetAddresses.router}`,
    );
    return address;
  }

  /** A script in the internet's network namespace. */
  async sh(script: string): Promise<string> {
    const argv = ['nsenter', '-t', String(this.#pid), '--net', '--', 'sh', '-ec', script];
    return expectSuccess([script], await runCommand(argv, { PATH: process.env.PATH ?? '' })).stdout.trim();
  }

  async dispose(): Promise<void> {
    if (this.#servers.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#servers.once('exit', resolve));
    this.#servers.stdin.end();
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

export async function makeInternet(): Promise<Internet> {
  const program = fileURLToPath(new URL('internet-servers.ts', import.meta.url));
  const { web, dns, router } = internetAddresses;
  const script = `
    ip link set lo up
    ip link add switch type bridge
    ip link set switch up
    ip addr add ${router}/24 dev switch
    ip addr add ${web}/32 dev lo
    ip addr add ${dns}/32 dev lo
    exec "$@"`;
  const argv = ['--net', '--', 'sh', '-ec', script, 'sh', bunPath(), program, web, dns];
  const servers = spawn('unshare', argv, { stdio: 'pipe' });
  servers.stdin.on('error', () => {});
  let said = '';
  for (const stream of [servers.stdout, servers.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  await eventually(() => {
    if (servers.exitCode !== null) throw new Error(`no internet: ${said}`);
    return said.includes('ready');
  });
  return new Internet(servers);
}
