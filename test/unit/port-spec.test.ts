import { describe, expect, it } from 'vitest';
import { formatHostSide, formatPort, formatPorts } from '../../src/network/port-format.ts';
import { parseExposedPorts, parsePorts } from '../../src/network/port-spec.ts';
import { portsOverlap } from '../../src/network/ports-overlap.ts';
import type { PortMapping, PortRequest } from '../../src/network/types.ts';

function port(over: Partial<PortRequest> = {}): PortRequest {
  return { protocol: 'tcp', hostIp: '', hostPort: undefined, containerPort: 80, ...over };
}

function mapping(hostPort: number, containerPort: number, over: Partial<PortMapping> = {}): PortMapping {
  return { protocol: 'tcp', hostIp: '', hostPort, containerPort, ...over };
}

describe('the forms of -p [A6]', () => {
  it.each<[string, PortRequest[]]>([
    ['80', [port()]],
    ['80/tcp', [port()]],
    ['80/UDP', [port({ protocol: 'udp' })]],
    ['8080:80', [port({ hostPort: 8080 })]],
    [':80', [port()]],
    ['08080:80/sctp', [port({ hostPort: 8080, protocol: 'sctp' })]],
    ['127.0.0.1:8080:80', [port({ hostIp: '127.0.0.1', hostPort: 8080 })]],
    ['127.0.0.1::80', [port({ hostIp: '127.0.0.1' })]],
    ['0.0.0.0:8080:80', [port({ hostIp: '0.0.0.0', hostPort: 8080 })]],
    ['[::1]:8080:80', [port({ hostIp: '::1', hostPort: 8080 })]],
    ['[::1]::80', [port({ hostIp: '::1' })]],
    ['[0:0::1]:53:53/udp', [port({ hostIp: '::1', hostPort: 53, containerPort: 53, protocol: 'udp' })]],
    ['[::ffff:192.0.2.7]:1:1', [port({ hostIp: '192.0.2.7', hostPort: 1, containerPort: 1 })]],
    ['65535:1', [port({ hostPort: 65535, containerPort: 1 })]],
    ['80-82', [80, 81, 82].map((containerPort) => port({ containerPort }))],
    [
      '8000-8002:80-82/udp',
      [0, 1, 2].map((n) => port({ protocol: 'udp', hostPort: 8000 + n, containerPort: 80 + n })),
    ],
    ['10.0.0.1::80-81', [80, 81].map((containerPort) => port({ hostIp: '10.0.0.1', containerPort }))],
    [
      '8080:80,53:53/udp',
      [port({ hostPort: 8080 }), port({ hostPort: 53, containerPort: 53, protocol: 'udp' })],
    ],
  ])('reads %s', (spec, expected) => {
    expect(parsePorts([spec])).toEqual(expected);
  });

  it('expands 8000-8010:80-90 to eleven mappings', () => {
    const all = parsePorts(['8000-8010:80-90']);
    expect(all).toHaveLength(11);
    expect(all.at(-1)).toEqual(port({ hostPort: 8010, containerPort: 90 }));
  });

  it('counts an equal mapping once, within and between flags', () => {
    expect(parsePorts(['80:80,80:80/tcp', '80:80', '8000-8001:1-2', '8000:1'])).toHaveLength(3);
  });

  it.each<[string, RegExp]>([
    ['', /container port is missing/],
    ['80:', /container port is missing/],
    ['x', /container port "x" is not a number/],
    [' 80', /is not a number/],
    ['8e1', /is not a number/],
    ['1.5', /is not a number/],
    ['0', /container port must be between 1 and 65535, and 0 is not/],
    ['0:80', /host port must be between 1 and 65535, and 0 is not/],
    ['65536:80', /host port must be between 1 and 65535, and 65536 is not/],
    ['80:65536', /container port must be between/],
    ['65530-65540:1-11', /must be between/],
    ['-1:80', /host port cannot be negative/],
    ['80-', /end of the container port range is missing/],
    ['1-2-3', /range is written START-END/],
    ['9-8:1-2', /end of the host port range must be higher than its start/],
    ['80-80', /must be higher/],
    ['8000-8010:80', /different lengths: 11 and 1/],
    ['80:8000-8010', /different lengths: 1 and 11/],
    ['1-20000', /more than 10000 ports/],
    ['80/', /protocol after \/ is missing/],
    ['80/icmp', /unknown protocol icmp/],
    ['80/tcp/udp', /only once/],
    ['127.0.0.1:80', /host address needs a host port part/],
    ['1.2.3:80:80', /1.2.3 is not an IP address/],
    ['010.0.0.1:80:80', /not an IP address/],
    ['localhost:80:80', /localhost is not an IP address/],
    ['::80', /host address before the first colon is missing/],
    ['::1:80:80', /needs brackets/],
    ['[::1]:80', /host port \(may be empty\) and a container port/],
    ['[::1]80:80', /followed by a colon/],
    ['[::1:80:80', /enclosed by/],
    ['[::1]:[::1]:80', /.*/],
    ['[fe80::1%eth0]:1:2', /not an IP address/],
    ['[127.0.0.1.1]:1:2', /not an IP address/],
  ])('refuses "%s" and says why', (spec, why) => {
    expect(() => parsePorts([spec])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(why) }),
    );
  });

  it.each([
    [['8080:80', '8080:81']],
    [['8080:80', '127.0.0.1:8080:80']],
    [['[::1]:8080:80', '[::]:8080:81']],
    [['8000-8010:80-90', '8005:9']],
  ])('refuses %j, two mappings of one host port', (specs) => {
    expect(() => parsePorts(specs)).toThrow(/conflicting port mappings for host port \d+\/tcp/);
  });

  it('takes one host port on two addresses, and for two protocols', () => {
    expect(parsePorts(['127.0.0.1:80:80', '127.0.0.2:80:81', '[::1]:80:82', '80:83/udp'])).toHaveLength(4);
  });

  it('reads exposed ports, and refuses a host port there', () => {
    expect(parseExposedPorts('53/udp')).toEqual([{ protocol: 'udp', containerPort: 53 }]);
    expect(parseExposedPorts('8000-8002')).toHaveLength(3);
    expect(() => parseExposedPorts('80:80')).toThrow(/takes no host port/);
  });
});

describe('overlap of host ports', () => {
  const at = (hostIp: string, over: Partial<PortRequest> = {}) => port({ hostIp, hostPort: 80, ...over });
  it.each<[PortRequest, PortRequest, boolean]>([
    [at(''), at('10.0.0.1'), true],
    [at(''), at('::1'), true],
    [at('0.0.0.0'), at('10.0.0.1'), true],
    [at('0.0.0.0'), at('::1'), false],
    [at('0.0.0.0'), at('::'), false],
    [at('::'), at('::1'), true],
    [at('10.0.0.1'), at('10.0.0.2'), false],
    [at('10.0.0.1'), at('10.0.0.1'), true],
    [at(''), at('', { protocol: 'udp' }), false],
    [at(''), at('', { hostPort: 81 }), false],
    [at('', { hostPort: undefined }), at('', { hostPort: undefined }), false],
  ])('of %o and %o is %s, either way', (a, b, expected) => {
    expect(portsOverlap(a, b)).toBe(expected);
    expect(portsOverlap(b, a)).toBe(expected);
  });
});

describe("podman's way of writing ports", () => {
  it('shows the wildcard as 0.0.0.0 and IPv6 in brackets', () => {
    expect(formatPort(mapping(8080, 80))).toBe('0.0.0.0:8080->80/tcp');
    expect(formatHostSide(mapping(8080, 80, { hostIp: '::1' }))).toBe('[::1]:8080');
  });

  it('merges consecutive ports of one address and protocol, whatever their order', () => {
    const range = Array.from({ length: 11 }, (_, n) => mapping(8010 - n, 90 - n));
    expect(formatPorts([...range, mapping(53, 53, { protocol: 'udp' })])).toEqual([
      '0.0.0.0:8000-8010->80-90/tcp',
      '0.0.0.0:53->53/udp',
    ]);
  });

  it('does not merge where either side has a gap', () => {
    expect(formatPorts([mapping(1, 1), mapping(2, 3)])).toEqual(['0.0.0.0:1->1/tcp', '0.0.0.0:2->3/tcp']);
    expect(formatPorts([mapping(1, 1), mapping(3, 2)])).toEqual(['0.0.0.0:1->1/tcp', '0.0.0.0:3->2/tcp']);
  });
});
