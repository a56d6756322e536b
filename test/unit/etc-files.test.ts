import { describe, expect, it } from 'vitest';
import { buildContainerenv, buildHostname, buildHosts } from '../../src/container/etc-files.ts';
import { buildResolvConf, parseResolvConf, readHostResolvConf } from '../../src/container/resolv-conf.ts';

describe('/etc/hosts', () => {
  it('has added hosts first, the host’s entries, then ours, as podman writes it', () => {
    const text = buildHosts({
      base: '# comment\n127.0.0.1 localhost\n127.0.0.1   vm vm.local # x\n\n10.0.0.1\n',
      added: [{ host: 'foo', address: '1.2.3.4' }],
      addresses: ['10.88.0.5', 'fd00::5'],
      names: ['web', 'container-name', 'web'],
      hostAddress: '192.0.2.2',
    });
    expect(text).toBe(
      [
        '1.2.3.4\tfoo',
        '127.0.0.1\tlocalhost',
        '127.0.0.1\tvm vm.local',
        '192.0.2.2\thost.containers.internal',
        '10.88.0.5\tweb container-name',
        'fd00::5\tweb container-name',
        '',
      ].join('\n'),
    );
  });

  it('names localhost and the container itself without any network', () => {
    expect(buildHosts({ base: '', added: [], addresses: [], names: ['box'] })).toBe(
      '127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.0.1\tbox\n',
    );
  });

  it('lets an added host win over ours', () => {
    const added = [{ host: 'box', address: '9.9.9.9' }];
    expect(buildHosts({ base: '', added, addresses: ['10.0.0.2'], names: ['box', 'n'] })).toBe(
      '9.9.9.9\tbox\n127.0.0.1\tlocalhost\n::1\tlocalhost\n10.0.0.2\tn\n',
    );
  });
});

const none = { servers: [], searches: [], options: [] };
const host = { servers: ['127.0.0.53', '10.255.255.53', 'fe80::1'], searches: ['lan'], options: ['edns0'] };
const base = { host, dns: none, networkServers: [], networkSearches: [], hostNetwork: false, ipv6: false };

describe('/etc/resolv.conf', () => {
  it('asks the network’s servers first, then those of the host that can be reached', () => {
    expect(buildResolvConf({ ...base, networkServers: ['10.0.2.3'] })).toBe(
      'search lan\nnameserver 10.0.2.3\nnameserver 10.255.255.53\noptions edns0\n',
    );
    expect(buildResolvConf({ ...base, ipv6: true })).toContain('nameserver fe80::1\n');
  });

  it('takes what --dns, --dns-search and --dns-option say instead', () => {
    const dns = { servers: ['9.9.9.9', '1.1.1.1'], searches: ['a.b', 'c.d'], options: ['ndots:3', 'rotate'] };
    expect(buildResolvConf({ ...base, dns, networkServers: ['10.0.2.3'] })).toBe(
      'search a.b c.d\nnameserver 9.9.9.9\nnameserver 1.1.1.1\noptions ndots:3 rotate\n',
    );
  });

  it('asks nobody beside a network that has names of its own, not even whom --dns names', () => {
    const named = { ...base, networkServers: ['10.89.0.1'], networkSearches: ['dns.podman'] };
    expect(buildResolvConf(named)).toBe(
      'search dns.podman lan\nnameserver 10.89.0.1\noptions timeout:1 attempts:5 edns0\n',
    );
    expect(buildResolvConf({ ...named, dns: { ...none, servers: ['9.9.9.9'], searches: ['a.b'] } })).toBe(
      'search a.b\nnameserver 10.89.0.1\noptions timeout:1 attempts:5 edns0\n',
    );
  });

  it('drops the host’s search domains for a dot', () => {
    expect(buildResolvConf({ ...base, dns: { ...none, searches: ['.'] } })).not.toContain('search');
  });

  it('keeps local resolvers where the host’s loopback is the container’s', () => {
    expect(buildResolvConf({ ...base, hostNetwork: true })).toContain('nameserver 127.0.0.53\n');
  });

  it('falls back to public servers as podman does', () => {
    expect(buildResolvConf({ ...base, host: { ...host, servers: ['127.0.0.1'] } })).toContain(
      'nameserver 8.8.8.8\nnameserver 8.8.4.4\n',
    );
  });

  it('reads behind systemd-resolved, where only its stub is named', () => {
    const files: Record<string, string> = {
      '/etc/resolv.conf': 'nameserver 127.0.0.53\nsearch x\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 10.1.1.1\nnameserver 10.1.1.2\nsearch lan\n',
    };
    expect(readHostResolvConf((path) => files[path]).servers).toEqual(['10.1.1.1', '10.1.1.2']);
    delete files['/run/systemd/resolve/resolv.conf'];
    expect(readHostResolvConf((path) => files[path]).servers).toEqual(['127.0.0.53']);
    expect(readHostResolvConf(() => undefined)).toEqual(none);
  });

  it('understands comments, domain, and the last search', () => {
    expect(
      parseResolvConf('; c\ndomain old\nsearch a b\n#x\nnameserver 1.1.1.1 # y\noptions a\noptions b c'),
    ).toEqual({ servers: ['1.1.1.1'], searches: ['a', 'b'], options: ['a', 'b', 'c'] });
  });
});

describe('what tells a container about itself', () => {
  const input = {
    version: '0.1.0',
    name: 'n',
    id: 'abc',
    imageName: 'docker.io/library/busybox:latest',
    imageId: 'def',
    rootless: true,
    privileged: true,
  };
  it('is an empty mark, and more for a privileged one', () => {
    expect(buildContainerenv({ ...input, privileged: false })).toBe('');
    expect(buildContainerenv(input)).toBe(
      'engine="peapod-0.1.0"\nname="n"\nid="abc"\nimage="docker.io/library/busybox:latest"\nimageid="def"\nrootless=1\n',
    );
    expect(buildHostname('box')).toBe('box\n');
  });
});
