import { describe, expect, it } from 'vitest';
import { availableCapabilities } from '../../src/container/capabilities.ts';
import { hostDevices } from '../../src/container/host-devices.ts';
import { buildOciConfig, type OciConfigInput } from '../../src/container/oci-config.ts';
import { readHardLimits } from '../../src/container/rlimits.ts';
import type { ContainerSpec, MountSpec } from '../../src/store/records.ts';

const spec: ContainerSpec = {
  imageName: 'docker.io/library/busybox:latest',
  rootfs: { kind: 'image', imageId: 'f'.repeat(64) },
  args: ['sleep', '100'],
  entrypoint: [],
  command: ['sleep', '100'],
  env: {},
  workdir: '',
  user: '',
  hostname: 'box',
  labels: {},
  annotations: {},
  terminal: false,
  openStdin: false,
  mounts: [],
  capAdd: [],
  capDrop: [],
  privileged: false,
  noNewPrivileges: false,
  seccompProfile: '',
  readOnly: false,
  stopSignal: 15,
  stopTimeoutSeconds: 10,
  remove: false,
  exposedPorts: [],
};
const input: OciConfigInput = {
  spec,
  rootDir: '/merged',
  user: { uid: 0, gid: 0, additionalGids: [10], home: '/root' },
  namespaces: {
    network: { path: '/run/net' },
    ipc: 'private',
    uts: 'private',
    pid: 'private',
    cgroup: 'host',
  },
  hostname: 'box',
  generated: {
    hosts: '/run/c/hosts',
    hostname: '/run/c/hostname',
    resolvConf: '/run/c/resolv.conf',
    containerenv: '/run/c/.containerenv',
  },
  shm: 'private',
  mounts: [],
  rootless: false,
  limits: { openFiles: 20_000, processes: Number.POSITIVE_INFINITY },
  availableCapabilities: availableCapabilities(true),
  cgroupsPath: '/peapod/box',
  devices: [],
};
const build = (over: Partial<Omit<OciConfigInput, 'spec'>> & { spec?: Partial<ContainerSpec> } = {}) =>
  buildOciConfig({ ...input, ...over, spec: { ...spec, ...over.spec } });
const mountAt = (config: ReturnType<typeof build>, destination: string) =>
  config.mounts.find((mount) => mount.destination === destination);
const bind = (source: string, destination: string, ...options: string[]): MountSpec => ({
  type: 'bind',
  source,
  destination,
  options,
});

describe('config.json of a container', () => {
  it('runs the command as podman 4.3 does: user, environment, limits clamped to the caller’s', () => {
    const { process } = build();
    expect(process).toMatchObject({
      terminal: false,
      user: { uid: 0, gid: 0, umask: 0o022, additionalGids: [10] },
      args: ['sleep', '100'],
      cwd: '/',
      rlimits: [
        { type: 'RLIMIT_NOFILE', hard: 20_000, soft: 20_000 },
        { type: 'RLIMIT_NPROC', hard: 1_048_576, soft: 1_048_576 },
      ],
      noNewPrivileges: false,
    });
    expect(process.env).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'TERM=xterm',
      'container=peapod',
      'HOSTNAME=box',
      'HOME=/root',
    ]);
    expect(process.capabilities.bounding).toHaveLength(11);
  });

  it('honours what was asked for (B4)', () => {
    const { process, root, annotations } = build({
      spec: {
        env: { PATH: '/opt', HOME: '/h', A: 'x=y,z:1' },
        workdir: '/srv',
        terminal: true,
        noNewPrivileges: true,
        annotations: { key: 'value' },
        stopSignal: 3,
      },
      consoleSize: { rows: 24, columns: 80 },
    });
    expect(process.env).toContain('A=x=y,z:1');
    expect(process.env).toContain('PATH=/opt');
    expect(process.env).toContain('HOME=/h');
    expect(process.env.filter((entry) => entry.startsWith('PATH='))).toHaveLength(1);
    expect(process).toMatchObject({
      cwd: '/srv',
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      noNewPrivileges: true,
    });
    expect(root).toEqual({ path: '/merged' });
    expect(annotations).toMatchObject({ key: 'value', 'org.opencontainers.image.stopSignal': '3' });
  });

  it('joins namespaces by path, makes private ones, leaves the host’s out', () => {
    const config = build({
      namespaces: {
        network: { path: '/n' },
        ipc: 'private',
        uts: { path: '/u' },
        pid: 'host',
        cgroup: 'private',
      },
    });
    expect(config.linux.namespaces).toEqual([
      { type: 'network', path: '/n' },
      { type: 'ipc' },
      { type: 'uts', path: '/u' },
      { type: 'cgroup' },
      { type: 'mount' },
    ]);
    // Every member of a pod sets the pod's name.
    expect(config.hostname).toBe('box');
    expect(build().hostname).toBe('box');
    expect(config.linux.sysctl).toEqual({ 'net.ipv4.ping_group_range': '0 0' });
  });

  it('mounts parents before children, kernel file systems and peapod’s files', () => {
    const config = build({ mounts: [bind('/a', '/deep/er'), bind('/b', '/deep')] });
    const order = config.mounts.map(({ destination }) => destination);
    for (const destination of order) {
      const parent = order.findIndex((other) => destination.startsWith(`${other}/`));
      expect(parent).toBeLessThan(order.indexOf(destination));
    }
    expect(mountAt(config, '/proc')).toEqual({
      destination: '/proc',
      type: 'proc',
      source: 'proc',
      options: ['nosuid', 'noexec', 'nodev'],
    });
    expect(mountAt(config, '/sys/fs/cgroup')?.options).toContain('ro');
    expect(mountAt(config, '/dev/shm')).toMatchObject({ type: 'tmpfs', source: 'shm' });
    expect(mountAt(config, '/etc/hosts')).toMatchObject({
      source: '/run/c/hosts',
      options: ['bind', 'rprivate'],
    });
    expect(order).toEqual(
      expect.arrayContaining(['/etc/hostname', '/etc/resolv.conf', '/run/.containerenv']),
    );
    expect(config.linux.maskedPaths).toContain('/proc/kcore');
    expect(config.linux.readonlyPaths).toContain('/proc/sys');
  });

  it('gives mounts podman’s options unless others are asked for (B5)', () => {
    const config = build({
      mounts: [
        bind('/a', '/plain'),
        bind('/a', '/ro', 'ro', 'Z', 'U'),
        bind('/a', '/shared', 'rshared', 'bind'),
        { type: 'volume', source: '/v', destination: '/volume', options: [] },
        { type: 'volume', source: '/v', destination: '/free', options: ['suid', 'dev', 'nocopy'] },
        { type: 'tmpfs', source: '', destination: '/t', options: ['size=1m'] },
        { type: 'tmpfs', source: '', destination: '/t2/', options: ['ro', 'notmpcopyup', 'exec'] },
      ],
    });
    const options = (destination: string) => mountAt(config, destination)?.options.join(',');
    expect(options('/plain')).toBe('rw,rprivate,rbind');
    expect(options('/ro')).toBe('ro,rprivate,rbind');
    expect(options('/shared')).toBe('rshared,bind,rw');
    expect(options('/volume')).toBe('rw,rprivate,nosuid,nodev,rbind');
    expect(options('/free')).toBe('suid,dev,rw,rprivate,rbind');
    expect(options('/t')).toBe('size=1m,rw,rprivate,nosuid,nodev,tmpcopyup');
    expect(options('/t2')).toBe('ro,exec,rprivate,nosuid,nodev');
    expect(config.linux.rootfsPropagation).toBe('shared');
  });

  it('lets the user’s mounts replace the defaults, a /dev all of it', () => {
    const hosts = build({ mounts: [bind('/mine', '/etc/hosts')] });
    expect(mountAt(hosts, '/etc/hosts')?.source).toBe('/mine');
    expect(hosts.mounts.filter(({ destination }) => destination === '/etc/hosts')).toHaveLength(1);
    const dev = build({ mounts: [bind('/dev', '/dev')] });
    expect(dev.mounts.filter(({ destination }) => destination.startsWith('/dev/'))).toEqual([]);
  });

  it.each([
    [[bind('/a', '/x'), bind('/b', '/x/')], '/x: duplicate mount destination'],
    [[bind('/a', 'relative')], 'invalid container path "relative"'],
    [[bind('/a', '/..')], 'invalid container path "/.."'],
  ])('refuses mounts that make no sense (E6)', (mounts, message) => {
    expect(() => build({ mounts })).toThrow(message);
  });

  it('makes a read-only root with places to write', () => {
    const config = build({ spec: { readOnly: true } });
    expect(config.root).toEqual({ path: '/merged', readonly: true });
    for (const destination of ['/tmp', '/run', '/var/tmp']) {
      expect(mountAt(config, destination)?.options.join()).toBe('rw,rprivate,nosuid,nodev,tmpcopyup');
    }
    expect(mountAt(config, '/etc/hosts')?.options).toContain('ro');
  });

  it('limits processes and devices only where a cgroup can be made', () => {
    expect(build().linux).toMatchObject({
      cgroupsPath: '/peapod/box',
      resources: { devices: [{ allow: false, access: 'rwm' }], pids: { limit: 2048 } },
    });
    const none = build({ cgroupsPath: undefined });
    expect(none.linux.resources).toEqual({});
    expect(none.linux.cgroupsPath).toBeUndefined();
    expect(mountAt(none, '/sys/fs/cgroup')).toBeUndefined();
  });

  it('frees a privileged container: all capabilities, devices, nothing hidden', () => {
    const devices = [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666 }] as const;
    const root = build({ spec: { privileged: true }, devices });
    expect(root.linux.maskedPaths).toBeUndefined();
    expect(root.linux.readonlyPaths).toBeUndefined();
    expect(root.linux.devices).toEqual([{ ...devices[0], uid: 0, gid: 0 }]);
    expect(root.linux.resources.devices).toEqual([{ allow: true, access: 'rwm' }]);
    expect(mountAt(root, '/sys')?.options).toContain('rw');
    expect(root.process.capabilities.effective).toEqual(availableCapabilities(true));
    const user = build({ spec: { privileged: true }, devices, rootless: true });
    expect(user.linux.devices).toBeUndefined();
    expect(mountAt(user, '/dev/fuse')).toMatchObject({ type: 'bind', source: '/dev/fuse' });
    expect(user.linux.rootfsPropagation).toBe('rslave');
  });

  it('binds what the kernel does not mount for an unprivileged user in the host’s namespaces', () => {
    const host = { network: 'host', ipc: 'host', uts: 'host', pid: 'host', cgroup: 'host' } as const;
    const user = build({ namespaces: host, rootless: true, shm: 'host' });
    expect(mountAt(user, '/sys')).toMatchObject({ type: 'bind', source: '/sys' });
    expect(mountAt(user, '/proc')).toMatchObject({ type: 'bind', source: '/proc' });
    expect(mountAt(user, '/dev/mqueue')).toBeUndefined();
    expect(mountAt(user, '/dev/shm')).toMatchObject({ type: 'bind', source: '/dev/shm' });
    expect(user.linux.maskedPaths).toContain('/sys/kernel');
    expect(user.linux.sysctl).toBeUndefined();
    const root = build({ namespaces: host });
    expect(mountAt(root, '/sys')).toMatchObject({ type: 'sysfs' });
    expect(mountAt(root, '/proc')).toMatchObject({ type: 'proc' });
    const foreign = build({ rootless: true, foreignNetwork: true });
    expect(mountAt(foreign, '/sys')).toMatchObject({ type: 'bind' });
    expect(foreign.linux.sysctl).toBeUndefined();
  });

  it('hands on the seccomp profile and its compiled filter', () => {
    const seccomp = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] };
    const config = build({ seccomp, seccompAnnotations: { 'run.oci.seccomp_bpf_data': 'AA==' } });
    expect(config.linux.seccomp).toEqual(seccomp);
    expect(config.annotations['run.oci.seccomp_bpf_data']).toBe('AA==');
    expect(build().linux.seccomp).toBeUndefined();
  });

  it('gives /dev/pts to the tty group only where there is one', () => {
    expect(mountAt(build(), '/dev/pts')?.options).toContain('gid=5');
    expect(mountAt(build({ ttyGroupMapped: false }), '/dev/pts')?.options).not.toContain('gid=5');
  });
});

describe('facts that a configuration needs', () => {
  it('hard limits come from the kernel’s table', () => {
    const table =
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
      'Max processes             96343                unlimited            processes \n' +
      'Max open files            1024                 20000                files     \n';
    expect(readHardLimits(table)).toEqual({ openFiles: 20_000, processes: Number.POSITIVE_INFINITY });
    expect(readHardLimits().openFiles).toBeGreaterThan(0);
  });

  it('devices of the host are its nodes without those that every container has itself', () => {
    const devices = hostDevices(false);
    expect(devices.find(({ path }) => path === '/dev/null')).toMatchObject({ type: 'c', major: 1, minor: 3 });
    expect(devices.some(({ path }) => path.startsWith('/dev/pts/') || path.startsWith('/dev/shm/'))).toBe(
      false,
    );
    expect(hostDevices(true).some(({ path }) => /^\/dev\/tty/.test(path))).toBe(false);
  });
});
