import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SlirpApi } from '../../rootless/slirp-api.ts';

const fixture = fileURLToPath(new URL('../fixtures/slirp-api.ts', import.meta.url));
const forward = {
  protocol: 'tcp',
  hostIp: '127.0.0.1',
  hostPort: 8080,
  guestIp: '10.0.2.100',
  guestPort: 80,
} as const;

describe("the client of slirp4netns' API", () => {
  const top = mkdtempSync(join(tmpdir(), 'peapod-api-'));
  // Longer than the 107 bytes that a socket's address holds.
  const directory = join(top, 'a'.repeat(100), 'b'.repeat(100));
  const api = new SlirpApi(directory);
  let server: ChildProcess;

  beforeAll(async () => {
    mkdirSync(directory, { recursive: true });
    server = spawn(process.execPath, [fixture, 'api.sock'], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => server.stdout?.once('data', resolve));
  });
  afterAll(() => {
    server.kill();
    rmSync(top, { recursive: true });
  });

  it('adds, lists and removes forwards by their ids, however long the path of the socket', async () => {
    const id = await api.add(forward);
    const other = await api.add({ ...forward, protocol: 'udp', hostPort: 5353 });
    expect(await api.list()).toEqual([
      { id, ...forward },
      { id: other, ...forward, protocol: 'udp', hostPort: 5353 },
    ]);
    await api.remove(id);
    expect((await api.list()).map((one) => one.id)).toEqual([other]);
    await api.remove(other);
  });

  it('says what slirp4netns said', async () => {
    await expect(api.add({ ...forward, hostPort: 1 })).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'slirp4netns refused add_hostfwd: bad request: add_hostfwd: slirp_add_hostfwd failed',
    });
    await expect(api.remove(4711)).rejects.toThrow('bad arguments.id');
  });

  it('does not believe an answer that is no JSON', async () => {
    await expect(api.add({ ...forward, hostPort: 2 })).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
  });

  it('never sends what slirp4netns could not read', async () => {
    await expect(api.add({ ...forward, hostIp: '1'.repeat(5000) })).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });

  it('fails at once where nobody listens', async () => {
    await expect(new SlirpApi(top).list()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
