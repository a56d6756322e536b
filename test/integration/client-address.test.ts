import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth, describeForRoot } from '../support/host.ts';
import { type Internet, makeInternet } from '../support/internet.ts';
import { runContext } from '../support/run-context.ts';
import { inPodNetwork } from '../support/sandbox.ts';
import { askByUdp, bigPageServer, clientAddressServer, fetchHundred } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** The first host of an internet has this address there, the second the next. */
const hostAddress = '203.0.113.11';
const otherAddress = '203.0.113.12';
const hostAddress6 = '2001:db8::11';
const otherAddress6 = '2001:db8::12';

/** A pod that answers with its clients' addresses, published on 8080/tcp and 8053/udp; its id. */
async function podThatSeesClients(host: TestHost, network: string): Promise<string> {
  const { flags, command } = clientAddressServer(runContext().binDir);
  const ports = ['-p', '8080:80', '-p', '8053:80/udp', '-p', '8081:81'];
  const id = await host.ok('pod', 'create', '--name', 'seer', '--network', network, ...ports);
  await host.ok('run', '-d', '--pod', 'seer', '--name', 'server', ...flags, 'host', ...command);
  await eventually(async () => (await host.ok('logs', 'server')).includes('ready'));
  return id;
}

async function twoHosts(
  makeHost: (options: { internet: Internet }) => Promise<TestHost>,
  internet: Internet,
) {
  const host = await makeHost({ internet });
  const other = await makeHost({ internet });
  await host.rootSh(`ip addr add ${hostAddress6}/64 dev eth0 nodad`);
  await other.rootSh(`ip addr add ${otherAddress6}/64 dev eth0 nodad`);
  return { host, other };
}

/** Connects and says how that ended. */
function knock(host: TestHost, address: string, port: number): Promise<string> {
  const script = `exec 3<>/dev/tcp/${address}/${port} && { echo x >&3; cat <&3; } && echo closed || echo reset`;
  return host.sh(`timeout 5 bash -c '${script}' 2>/dev/null || echo late`);
}

describeForRoot('the address of a client', () => {
  describeForBoth('published ports', (makeHost) => {
    const networks = ['slirp4netns', 'slirp4netns:enable_ipv6=true', 'slirp4netns:port_handler=slirp4netns'];
    it.each([...networks, 'bridge', 'dual'])(
      'C11: show a client on another host as itself, network %s',
      async (network) => {
        await using internet = await makeInternet();
        const { host, other } = await twoHosts(makeHost, internet);
        await using _ = host;
        await using __ = other;
        if (network === 'dual') await host.ok('network', 'create', '--ipv6', 'dual');
        await podThatSeesClients(host, network);
        for (let round = 0; round < 3; round++) {
          expect(await other.fetch(`http://${hostAddress}:8080/`)).toBe(`you are ${otherAddress}`);
        }
        const answer = await eventually(() => other.sh(askByUdp(hostAddress, 8053, 'ping')));
        expect(answer).toBe(`you are ${otherAddress} and said ping`);
        // A whole page both ways, and the pod's own ways out as before.
        expect(await host.fetchFrom('server', '198.51.100.80')).toBe(`internet, you are ${hostAddress}`);
        // Nobody listens: refused at once, not only after a time.
        expect(await knock(other, hostAddress, 8081)).toMatch(/^(reset|closed)$/);
        if (network === 'dual' || network === 'slirp4netns:enable_ipv6=true') {
          expect(await other.fetch(`http://[${hostAddress6}]:8080/`)).toBe(`you are ${otherAddress6}`);
          const sixth = await eventually(() => other.sh(askByUdp(hostAddress6, 8053, 'ping')));
          expect(sixth).toBe(`you are ${otherAddress6} and said ping`);
        } else if (network === 'slirp4netns') {
          expect(await other.fetch(`http://[${hostAddress6}]:8080/`)).toBe('you are 10.0.2.100');
        }
        expect(await host.fetch(8080)).toMatch(/^you are (10\.|127\.)/);
      },
    );

    it.each(['slirp4netns', 'bridge'])(
      'C11: carry a hundred whole connections of another host at once, network %s',
      async (network) => {
        await using internet = await makeInternet();
        await using host = await makeHost({ internet });
        await using other = await makeHost({ internet });
        const size = 300_000;
        const { flags, command } = bigPageServer(runContext().binDir, size);
        await host.ok('run', '-d', '--network', network, '-p', '8080:80', ...flags, 'host', ...command);
        await eventually(() => other.reachable(`http://${hostAddress}:8080/`));
        const sizes = await other.sh(fetchHundred(hostAddress, 8080));
        expect(sizes.split('\n')).toEqual(Array.from({ length: 100 }, () => String(size)));
      },
    );

    it('C11: go on in the name of the relay where the pod cannot answer to the client', async () => {
      await using internet = await makeInternet();
      await using host = await makeHost({ internet });
      await using other = await makeHost({ internet });
      const pod = await podThatSeesClients(host, 'slirp4netns');
      const url = `http://${hostAddress}:8080/`;
      expect(await other.fetch(url)).toBe(`you are ${otherAddress}`);
      await inPodNetwork(host, pod, 'ip rule del fwmark 0x70656170');
      expect(await other.fetch(url)).toBe('you are 10.0.2.100');
      const startedMs = performance.now();
      expect(await other.fetch(url)).toBe('you are 10.0.2.100');
      expect(performance.now() - startedMs).toBeLessThan(900);
    });
  });
});
