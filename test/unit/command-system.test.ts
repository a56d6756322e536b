import { describe, expect, it } from 'vitest';
import { commandLine } from './command-line.ts';

describe('info, version and doctor', () => {
  const info = {
    'system.info': () => ({
      host: { arch: 'amd64', tools: ['crun'], text: 'a: b\nc' },
      version: { Version: '1' },
    }),
  };

  it('info is YAML that reads as podman prints it', async () => {
    expect((await commandLine(['info'], info)).stdout).toBe(
      'host:\n  arch: amd64\n  tools:\n  - crun\n  text: |-\n    a: b\n    c\nversion:\n  Version: "1"\n',
    );
  });

  it.each([
    ['json', '{\n  "host": {\n    "arch": "amd64",'],
    ['{{.Host.Arch}} {{.Version.Version}}', 'amd64 1\n'],
  ])('info --format %s', async (format, start) => {
    const { stdout } = await commandLine(['system', 'info', '--format', format], info);
    expect(stdout.startsWith(start)).toBe(true);
  });

  const version = {
    'system.version': () => ({ Client: { Version: '1.2.3', APIVersion: '1.2.3', OsArch: 'linux/amd64' } }),
  };

  it.each([
    [[], 'Client:       peapod\nVersion:      1.2.3\nAPI Version:  1.2.3\nOS/Arch:      linux/amd64\n'],
    [['--format', '{{.Client.Version}} {{.Version}}'], '1.2.3 1.2.3\n'],
    [['--format', 'json'], '{"Client":{"Version":"1.2.3","APIVersion":"1.2.3","OsArch":"linux/amd64"}}\n'],
  ])('version %j', async (words, expected) => {
    expect((await commandLine(['version', ...words], version)).stdout).toBe(expected);
  });

  const finding = {
    what: '/dev/net/tun',
    problem: 'cannot be opened',
    remedy: 'sudo chmod 666 /dev/net/tun',
    required: true,
  };

  it.each([
    [[], 0, 'Everything that peapod needs is here.\n'],
    [[finding], 1, 'missing: /dev/net/tun: cannot be opened\n  mend it: sudo chmod 666 /dev/net/tun\n'],
    [
      [{ ...finding, required: false }],
      0,
      'better with: /dev/net/tun: cannot be opened\n  mend it: sudo chmod 666 /dev/net/tun\n',
    ],
  ])('doctor with %j', async (findings, code, stdout) => {
    expect(await commandLine(['doctor'], { 'system.doctor': () => findings })).toMatchObject({
      code,
      stdout,
    });
  });

  it('doctor --format json', async () => {
    const outcome = await commandLine(['doctor', '--format', 'json'], { 'system.doctor': () => [finding] });
    expect(JSON.parse(outcome.stdout)).toEqual([finding]);
    expect(outcome.code).toBe(1);
  });

  it('system migrate', async () => {
    expect((await commandLine(['system', 'migrate'])).calls).toEqual([['system.migrate']]);
  });
});
