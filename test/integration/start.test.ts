import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeForRoot, rootHost, userHost } from '../support/host.ts';
import { runContext } from '../support/run-context.ts';
import type { TestHost } from '../support/test-host.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));

/** A checkout that is set up and built, and a Node outside of /usr, where the test host can see both. */
function checkoutIn(host: TestHost): { node: string; script: string } {
  const checkout = join(host.dir, 'checkout');
  for (const name of ['src', 'rootless', 'rootful', 'node_modules', 'dist']) {
    mkdirSync(join(checkout, name), { recursive: true });
  }
  cpSync(join(top, 'scripts'), join(checkout, 'scripts'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(top, name), join(checkout, name));
  cpSync(join(runContext().binDir, 'peapod'), join(checkout, 'dist', 'peapod'));
  writeFileSync(join(checkout, 'node_modules', '.package-lock.json'), '{}');
  const later = new Date(Date.now() + 1000);
  for (const made of ['node_modules/.package-lock.json', 'dist/peapod'])
    utimesSync(join(checkout, made), later, later);
  const node = join(host.dir, 'node');
  cpSync(execFileSync('node', ['-p', 'process.execPath'], { encoding: 'utf8' }).trim(), node);
  return { node, script: join(checkout, 'scripts', 'start.mjs') };
}

describeForRoot('npm start', () => {
  it('A5: shows the main job to an unprivileged user, and removes everything', async () => {
    await using host = await userHost();
    const { node, script } = checkoutIn(host);
    const { exitCode, stdout, stderr } = await host.exec([node, script]);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).not.toMatch(/npm ci|npm run build|apt-get/);
    expect(stdout).toMatch(/\$ peapod pod create .*-p 8080:80/);
    expect(stdout).toMatch(/127\.0\.0\.1 says: Hello from a pod!/);
    expect(stdout).toMatch(/GET http:\/\/localhost:8080\/\nHello from a pod!/);
    expect(stdout).toMatch(/demo +Running .*slirp4netns/);
    expect(stdout).toMatch(/demo-client +\w+ +demo/);
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
  });

  it('A8: shows root a bridge and the address of the pod, and takes the next port where one is busy', async () => {
    await using host = await rootHost();
    const { node, script } = checkoutIn(host);
    host.spawn(['busybox', 'httpd', '-f', '-p', '8080', '-h', '/run']);
    // Pods of one's own are left alone, whatever they are called, and so are their ports.
    await host.ok('pod', 'create', '--name', 'demo', '-p', '8081:80');
    const { exitCode, stdout, stderr } = await host.exec([node, script]);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/GET http:\/\/localhost:8082\/\nHello from a pod!/);
    expect(stdout).toMatch(/GET http:\/\/10\.88\.\d+\.\d+\/\nHello from a pod!/);
    expect(stdout).toMatch(/demo-2 +Running .*bridge/);
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}} {{.Status}}')).toBe('demo Created');
  });

  it('names what is missing and the command that mends it, where it may not', async () => {
    await using host = await userHost();
    await host.rootSh(`sed -i /^${host.user.name}:/d /etc/subuid /etc/subgid`);
    const { node, script } = checkoutIn(host);
    const { exitCode, stdout, stderr } = await host.exec([node, script]);
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/usermod .*--add-subuids/);
  });

  it('cleans up when it is interrupted', async () => {
    await using host = await userHost();
    const { node, script } = checkoutIn(host);
    const started = host.spawn([node, script]);
    await started.seen(/run -d/);
    started.signal('SIGINT');
    expect((await started.outcome).exitCode).toBe(130);
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
  });
});
