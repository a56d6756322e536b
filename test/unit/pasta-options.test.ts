import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownPorts, parsePastaOptions, portWords } from '../../rootless/pasta-options.ts';
import { hasDefaultRoute } from '../../src/network/host-routes.ts';
import { parseNetworkRequest } from '../../src/network/network-request.ts';
import { selectBackend } from '../../src/network/select.ts';
import type { PortMapping, Protocol } from '../../src/network/types.ts';

/** From what a user writes behind `pasta:` to what pasta gets. */
function parse(text: string, macAddress?: string) {
  const request = parseNetworkRequest(text === '' ? 'pasta' : `pasta:${text}`);
  if (request.kind !== 'network') throw new Error('no network');
  return parsePastaOptions(request.options, macAddress);
}
const wordsOf = (text: string) => parse(text).words.join(' ');

describe('--network pasta: [C10]', () => {
  it('chooses the backend pasta, for everybody', () => {
    const request = parseNetworkRequest('pasta:--map-gw,-T,none');
    if (request.kind !== 'network') throw new Error('no network');
    for (const rootless of [true, false]) {
      expect(selectBackend(request, { rootless })).toMatchObject({
        backend: 'pasta',
        network: 'pasta',
        options: { '--map-gw': '', '-T': 'none' },
      });
    }
  });

  it('gives a pod addresses of its own, a name server, and no way to the loopback of the host', () => {
    const options = parse('');
    expect(options.words.join(' ')).toBe(
      '--address 10.0.2.100 --gateway 10.0.2.2 --netmask 24 --address fd00::100 --gateway fd00::2 ' +
        '--dns-forward 10.0.2.3 --ns-ifname tap0 --no-map-gw --tcp-ns none --udp-ns none',
    );
    expect(options).toMatchObject({
      dns: ['10.0.2.3'],
      ifname: 'tap0',
      gateways: { 4: '10.0.2.2', 6: 'fd00::2' },
    });
  });

  it.each([
    ['-T,none,--mtu,1500', /--tcp-ns none --mtu 1500$/],
    ['--mtu=1500', /--mtu 1500$/],
    ['-m1500', /--mtu 1500$/],
    ['-T,5201,-T,5202', /--tcp-ns 5201 --tcp-ns 5202$/],
    ['-I,eth7', /--ns-ifname eth7 /],
    [
      '-4',
      /^--address 10\.0\.2\.100 --gateway 10\.0\.2\.2 --netmask 24 --dns-forward 10\.0\.2\.3 .*--ipv4-only$/,
    ],
    ['-6', /^--address fd00::100 --gateway fd00::2 --dns-forward fd00::3 .*--ipv6-only$/],
    ['-a,10.1.0.9', /^--address 10\.1\.0\.9 --gateway 10\.1\.0\.2 --netmask 24 --address fd00::100 /],
    ['-a,10.1.0.9,-n,255.255.0.0,-g,10.1.0.1', /^--address 10\.1\.0\.9 --gateway 10\.1\.0\.1 --netmask 16 /],
    ['-a,10.1.0.9,-a,2001:DB8::9', /--address 2001:db8::9 --gateway 2001:db8::2 /],
    ['-g,fe80::1', /--address fd00::100 --gateway fe80::1 /],
    ['--dns-forward,169.254.1.1', /--dns-forward 169\.254\.1\.1 --ns-ifname/],
  ])('reads %s', (text, expected) => {
    expect(wordsOf(text)).toMatch(expected);
  });

  it('leaves the gateway to be the host with --map-gw, which pasta itself does not have', () => {
    expect(wordsOf('--map-gw')).not.toContain('map-gw');
  });

  it('takes --mac-address', () => {
    expect(parse('', '02:00:00:00:00:09').words.join(' ')).toContain('--ns-mac-addr 02:00:00:00:00:09');
    expect(() => parse('--ns-mac-addr,02:00:00:00:00:08', '02:00:00:00:00:09')).toThrow(/twice/);
  });

  it.each([
    ['--netns,/proc/1/ns/net', /--netns/],
    ['--userns,/proc/1/ns/user', /--userns/],
    ['--runas,0', /--runas/],
    ['--pcap,/tmp/x', /--pcap/],
    ['-p,/tmp/x', /"-p"/],
    ['-l,/tmp/x', /"-l"/],
    ['-P,/tmp/x', /"-P"/],
    ['--no-netns-quit', /--no-netns-quit/],
    ['--constructor', /--constructor/],
    ['-t,8080', /-t is not for --network/],
    ['--udp-ports,auto', /--udp-ports is not for --network/],
    ['colour=red', /"colour=red" is no flag/],
    ['none', /"none" is no flag/],
    ['', /"" is no flag/],
    ['--mtu', /--mtu takes a number/],
    ['--mtu,65521', /--mtu takes a number/],
    ['--mtu,1500,--mtu,1400', /--mtu is given twice/],
    ['-m,1500,--mtu,1400', /--mtu is given twice/],
    ['-i,$(id)', /-i takes an interface/],
    ['-a,10.0.2', /-a takes an address/],
    ['-a,10.1.0.9,-a,10.1.0.8', /--address is given twice for IPv4/],
    ['-a,10.1.0.9,-g,10.2.0.1', /gateway 10\.2\.0\.1 is no neighbour/],
    ['-n,33', /no netmask/],
    ['-n,255.0.255.0', /no netmask/],
    ['-4,-6', /exclude each other/],
    ['-4,-a,fd00::7', /fd00::7 is of the family/],
    ['--map-gw,--no-map-gw', /exclude each other/],
    ['--map-gw,yes', /--map-gw takes no value/],
    ['-T,80/../x', /-T takes ports/],
  ])('refuses pasta:%s and says why', (text, why) => {
    const refused = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(why),
    });
    expect(() => parsePastaOptions(optionsOf(text))).toThrow(refused);
  });
});

function optionsOf(text: string): Readonly<Record<string, string>> {
  const request = parseNetworkRequest(`pasta:${text}`);
  if (request.kind !== 'network') throw new Error('no network');
  return request.options;
}

describe('ports that pasta serves itself', () => {
  const port = (
    hostPort: number,
    containerPort: number,
    protocol: Protocol = 'tcp',
    hostIp = '',
  ): PortMapping => ({
    protocol,
    hostIp,
    hostPort,
    containerPort,
  });

  it('are written as pasta wants them', () => {
    expect(portWords('tcp', [port(8080, 80), port(8081, 81, 'tcp', '127.0.0.1')])).toEqual([
      ...['--tcp-ports', '8080:80'],
      ...['--tcp-ports', '127.0.0.1/8081:81'],
    ]);
    expect(portWords('udp', [port(8084, 84, 'udp', '::1')])).toEqual(['--udp-ports', '::1/8084:84']);
    expect(portWords('udp', [port(8080, 80)])).toEqual(['--udp-ports', 'none']);
  });

  it('are one of each host port whatever the address, of the families that pasta has, and udp where numbers agree', () => {
    const own = [port(8080, 80), port(8081, 80), port(8080, 8080, 'udp')];
    const others = [port(8080, 81, 'tcp', '127.0.0.1'), port(8082, 80, 'udp')];
    const sixth = port(8084, 84, 'tcp', '::1');
    expect(ownPorts([...own, ...others, sixth], [4])).toEqual(own);
    expect(ownPorts([...own, ...others, sixth], [4, 6])).toEqual([...own, sixth]);
    expect(ownPorts([port(8085, 85, 'tcp', '127.0.0.1')], [6])).toEqual([]);
  });
});

describe('a default route', () => {
  const procNet = mkdtempSync(join(tmpdir(), 'peapod-routes-'));
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
  const v4 = (destination: string, mask: string) =>
    `eth0\t${destination}\t010071CB\t0003\t0\t0\t0\t${mask}\t0\t0\t0`;
  const v6 = (length: string, name: string) =>
    `${'0'.repeat(32)} ${length} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000400 00000001 00000000 00000003 ${name}`;
  const write = (fourth: string, sixth: string) => {
    writeFileSync(join(procNet, 'route'), `${head}\n${fourth}\n`);
    writeFileSync(join(procNet, 'ipv6_route'), `${sixth}\n`);
    return [hasDefaultRoute(4, procNet), hasDefaultRoute(6, procNet)];
  };

  it('is found, by family, and not where it is on lo', () => {
    expect(write(v4('00000000', '00000000'), v6('00', '    eth0'))).toEqual([true, true]);
    expect(write(v4('000071CB', '00FFFFFF'), v6('40', '    eth0'))).toEqual([false, false]);
    expect(write(v4('00000000', '000000FF'), v6('00', '      lo'))).toEqual([false, false]);
    rmSync(procNet, { recursive: true });
    expect(hasDefaultRoute(4, procNet)).toBe(false);
  });
});
