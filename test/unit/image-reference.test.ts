import { describe, expect, it } from 'vitest';
import { fullName, isLoopback, parseReference, parseSource, splitName } from '../../src/image/reference.ts';

const sha = 'a'.repeat(64);

describe('image references', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['user/app', 'docker.io/user/app:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/a/b/c:V1', 'localhost:5000/a/b/c:V1'],
    ['quay.io/podman/stable', 'quay.io/podman/stable:latest'],
    ['Registry/app', 'Registry/app:latest'],
    ['[::1]:5000/app:x', '[::1]:5000/app:x'],
    ['a__b/c---d.e_f', 'docker.io/a__b/c---d.e_f:latest'],
    [`busybox@sha256:${sha}`, `docker.io/library/busybox@sha256:${sha}`],
    [`busybox:1@sha256:${sha}`, `docker.io/library/busybox@sha256:${sha}`],
  ])('B2: %s stands for %s', (text, name) => {
    expect(fullName(parseReference(text))).toBe(name);
  });

  it('B2: a name without a registry is short, whatever slashes it has', () => {
    expect(parseReference('busybox:1').short).toBe('busybox');
    expect(parseReference('user/app').short).toBe('user/app');
    expect(parseReference('docker.io/busybox').short).toBeUndefined();
    expect(parseReference('localhost/busybox').short).toBeUndefined();
  });

  it.each([
    ['Busybox', /repository name must be lowercase/],
    ['docker.io/Library/x', /repository name must be lowercase/],
    ['', /invalid reference format/],
    ['-x', /invalid reference format/],
    ['a//b', /invalid reference format/],
    ['a/', /invalid reference format/],
    ['/a', /invalid reference format/],
    ['a:', /invalid reference format/],
    ['a:.tag', /invalid reference format/],
    [`a:${'t'.repeat(129)}`, /invalid reference format/],
    ['a b', /invalid reference format/],
    ['a@sha256:123', /invalid reference format/],
    [`a@sha256:${'a'.repeat(63)}`, /invalid checksum digest length/],
    ['../../etc/passwd', /invalid reference format/],
    ['a..b', /invalid reference format/],
    [`${'n'.repeat(256)}`, /more than 255 characters/],
    [sha, /64-byte hexadecimal/],
  ])('B2: %j is refused', (text, message) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  it('B2: an upper-case name is told how to write it', () => {
    expect(() => parseReference('MyApp:V1')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('myapp:v1') }),
    );
  });

  it('B2: a reference may carry a transport', () => {
    expect(parseSource('docker://busybox')).toMatchObject({
      kind: 'registry',
      reference: { short: 'busybox' },
    });
    for (const transport of ['docker-archive', 'oci-archive', 'oci', 'dir']) {
      expect(parseSource(`${transport}:/a/B c`)).toEqual({ kind: 'archive', transport, path: '/a/B c' });
    }
    expect(parseSource('oci')).toMatchObject({ kind: 'registry' });
    expect(() => parseSource('dir:')).toThrow(/no path/);
    expect(() => parseSource('https://example.com/x')).toThrow(/cannot be taken from https/);
    expect(() => parseSource('docker-daemon:/x')).toThrow(/cannot be taken from docker-daemon/);
  });

  it('B2: a full name splits into repository and tag, a port is no tag', () => {
    expect(splitName('localhost:5000/a:b')).toEqual({ repository: 'localhost:5000/a', tag: 'b' });
    expect(splitName(`x.io/a@sha256:${sha}`)).toEqual({ repository: 'x.io/a', digest: `sha256:${sha}` });
  });

  it('B2: registries on loopback are known as such, and no others', () => {
    expect(['localhost', 'localhost:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:80'].every(isLoopback)).toBe(
      true,
    );
    expect(['localhost.example', '128.0.0.1', 'docker.io', '127.0.0.1.example:5000'].some(isLoopback)).toBe(
      false,
    );
  });
});
