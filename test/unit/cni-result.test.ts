import { describe, expect, it } from 'vitest';
import { formatResult, NotAResult, parseResult } from '../../rootful/cni/result.ts';
import { isAtLeast, type SpecVersion, specVersions } from '../../rootful/cni/versions.ts';

const whole = {
  cniVersion: '1.1.0',
  interfaces: [
    { name: 'cni0', mac: '0a:58:0a:01:02:01' },
    { name: 'eth0', mac: '0a:58:0a:01:02:03', mtu: 1400, sandbox: '/run/netns/x' },
  ],
  ips: [
    { address: '10.1.2.3/24', gateway: '10.1.2.1', interface: 1 },
    { address: 'fd00::3/64', gateway: 'fd00::1', interface: 1 },
  ],
  routes: [
    { dst: '0.0.0.0/0', gw: '10.1.2.1', mtu: 1300, table: 7 },
    { dst: '::/0', gw: 'fd00::1' },
  ],
  dns: { nameservers: ['10.1.2.1'], domain: 'local', search: ['a', 'b'], options: ['ndots:5'] },
};
const read = (value: unknown, asked: SpecVersion = '1.0.0') => parseResult(JSON.stringify(value), asked);

describe('results of CNI plugins [C6]', () => {
  it('of 1.1.0 come back as they went', () => {
    expect(formatResult(read(whole), '1.1.0')).toEqual(whole);
  });

  it('lose in 1.0.0 what it does not know, and nothing else', () => {
    const older = formatResult(read(whole), '1.0.0');
    expect(older).toEqual({
      ...whole,
      cniVersion: '1.0.0',
      interfaces: [whole.interfaces[0], { ...whole.interfaces[1], mtu: undefined }],
      routes: [{ dst: '0.0.0.0/0', gw: '10.1.2.1' }, whole.routes[1]],
    });
  });

  it.each(['0.3.0', '0.3.1', '0.4.0'] as const)('say in %s of each address which family it is', (version) => {
    const older = formatResult(read(whole), version);
    expect(older).toMatchObject({
      cniVersion: version,
      ips: [
        { version: '4', address: '10.1.2.3/24', gateway: '10.1.2.1', interface: 1 },
        { version: '6', address: 'fd00::3/64' },
      ],
    });
    const { ips, dns } = read(older, version);
    expect({ ips, dns }).toEqual({ ips: whole.ips, dns: whole.dns });
  });

  it.each(['0.1.0', '0.2.0'] as const)(
    'have one address a family in %s, with the routes of it',
    (version) => {
      const oldest = formatResult(read(whole), version);
      expect(oldest).toEqual({
        cniVersion: version,
        ip4: { ip: '10.1.2.3/24', gateway: '10.1.2.1', routes: [{ dst: '0.0.0.0/0', gw: '10.1.2.1' }] },
        ip6: { ip: 'fd00::3/64', gateway: 'fd00::1', routes: [{ dst: '::/0', gw: 'fd00::1' }] },
        dns: whole.dns,
      });
      const back = read(oldest);
      expect(back.ips.map(({ address }) => address)).toEqual(['10.1.2.3/24', 'fd00::3/64']);
      expect(back.routes.map(({ dst }) => dst)).toEqual(['0.0.0.0/0', '::/0']);
    },
  );

  it('have the version of the request where they name none', () => {
    expect(read({ ip4: { ip: '10.0.0.2/24' } }, '0.2.0').ips).toEqual([{ address: '10.0.0.2/24' }]);
    expect(read({ ips: [{ version: '4', address: '10.0.0.2/24' }] }, '0.4.0').ips).toHaveLength(1);
  });

  it('may hold Go’s zero values and nothing', () => {
    const zero = {
      cniVersion: '1.0.0',
      ips: null,
      interfaces: [{ name: 'lo', mac: '', sandbox: '' }],
      dns: {},
    };
    expect(read(zero)).toEqual({ interfaces: [{ name: 'lo' }], ips: [], routes: [], dns: {} });
    expect(read({})).toEqual({ interfaces: [], ips: [], routes: [], dns: {} });
    expect(formatResult(read({}), '1.0.0')).toEqual({ cniVersion: '1.0.0', dns: {} });
  });

  it.each([
    [{ cniVersion: '7.0.0' }, /cniVersion: "7.0.0" is not known/],
    [{ ips: [{ address: '10.0.0.2' }] }, /ips\[0\]\.address: "10.0.0.2" is not an address with a prefix/],
    [{ ips: [{ address: '10.0.0.2/24', gateway: 'x' }] }, /ips\[0\]\.gateway: "x" is not an IP address/],
    [{ ips: [{ address: '10.0.0.2/24', interface: 1 }], interfaces: [] }, /ips\[0\]\.interface/],
    [{ ips: {} }, /ips: must be a list/],
    [{ interfaces: [{}] }, /interfaces\[0\]\.name: is missing/],
    [{ routes: [{ dst: 'default' }] }, /routes\[0\]\.dst/],
    [[], /must be an object, not a list/],
  ])('are refused with the place that is wrong: %j', (value, message) => {
    expect(() => read(value)).toThrow(NotAResult);
    expect(() => read(value)).toThrow(message);
  });

  it('without an address cannot be said in 0.2.0', () => {
    expect(() => formatResult(read({}), '0.2.0')).toThrow(/0\.2\.0/);
  });

  it('come in versions that are in order', () => {
    for (const [index, version] of specVersions.entries()) {
      expect(specVersions.filter((other) => isAtLeast(version, other))).toHaveLength(index + 1);
    }
  });
});
