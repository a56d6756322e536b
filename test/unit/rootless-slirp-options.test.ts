import { describe, expect, it } from 'vitest';
import { checkSlirpOptions, parseSlirpOptions, slirpAddresses } from '../../rootless/slirp-options.ts';

describe('the options of --network slirp4netns', () => {
  it('default to the network 10.0.2.0/24 with a large MTU and no way to the host', () => {
    expect(parseSlirpOptions({})).toEqual({
      cidr: '10.0.2.0/24',
      mtuBytes: 65_520,
      enableIpv6: false,
      allowHostLoopback: false,
      portHandler: 'relay',
    });
  });

  it('are spelled as podman spells them', () => {
    expect(
      parseSlirpOptions({
        allow_host_loopback: 'true',
        cidr: '10.5.0.0/16',
        enable_ipv6: 'true',
        mtu: '1500',
        outbound_addr: 'eth0',
        outbound_addr6: 'fd00::7',
        port_handler: 'slirp4netns',
      }),
    ).toEqual({
      cidr: '10.5.0.0/16',
      mtuBytes: 1500,
      enableIpv6: true,
      allowHostLoopback: true,
      outboundAddr: 'eth0',
      outboundAddr6: 'fd00::7',
      portHandler: 'slirp4netns',
    });
  });

  it("take podman's rootlesskit for the relay", () => {
    expect(parseSlirpOptions({ port_handler: 'rootlesskit' }).portHandler).toBe('relay');
  });

  it.each([
    [{ colour: 'red' }, 'colour'],
    [{ constructor: 'x' }, 'constructor'],
    [{ allow_host_loopback: 'yes' }, 'allow_host_loopback'],
    [{ mtu: '70000' }, '70000'],
    [{ mtu: '12e2' }, '12e2'],
    [{ port_handler: 'iptables' }, 'iptables'],
    [{ outbound_addr: '--help' }, '--help'],
    [{ outbound_addr: '1.2.3.456' }, '1.2.3.456'],
    [{ outbound_addr6: 'fd00::7' }, 'enable_ipv6'],
    [{ outbound_addr6: 'fd00:::7', enable_ipv6: 'true' }, 'fd00:::7'],
  ])('refuse %j and name it', (options: Record<string, string>, named) => {
    expect(() => parseSlirpOptions(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(named) }),
    );
  });

  it('name an interface that this host has, with an address of the family', () => {
    const check = (options: Record<string, string>) => () => checkSlirpOptions(options);
    expect(check({ outbound_addr: 'nosuch0' })).toThrow('outbound_addr: no interface nosuch0');
    expect(check({ outbound_addr6: 'nosuch0', enable_ipv6: 'true' })).toThrow('IPv6 address');
    expect(check({ outbound_addr: 'lo' })).not.toThrow();
    expect(check({ outbound_addr: '203.0.113.9' })).not.toThrow();
  });

  it.each(['10.0.2.0', '10.0.2.0/26', '10.0.2.0/0', '10.0.2.256/24', 'fd00::/64', '10.0.2.0/24/1', ''])(
    'refuse the network %j, which has no room or no sense',
    (cidr) => {
      expect(() => parseSlirpOptions({ cidr })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    },
  );
});

describe('the addresses of a slirp4netns network', () => {
  it.each([
    ['10.0.2.0/24', '10.0.2.100/24', '10.0.2.2', '10.0.2.3'],
    ['10.255.255.128/25', '10.255.255.228/25', '10.255.255.130', '10.255.255.131'],
    ['172.16.0.0/12', '172.16.0.100/12', '172.16.0.2', '172.16.0.3'],
    ['192.0.0.0/2', '192.0.0.100/2', '192.0.0.2', '192.0.0.3'],
  ])('follow from %s', (cidr, address, gateway, dns) => {
    expect(slirpAddresses(cidr)).toEqual({ address, gateway, dns });
  });

  it('do not depend on the host part that was written', () => {
    expect(parseSlirpOptions({ cidr: '10.5.7.9/16' }).cidr).toBe('10.5.0.0/16');
  });
});
