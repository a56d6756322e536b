import { expect, it } from 'vitest';
import { HostRegistry } from '../fixtures/host-registry.ts';
import { buildImage } from '../fixtures/images.ts';
import { describeForBoth } from '../support/host.ts';

const image = buildImage({ layers: [{ files: [{ path: 'a' }] }, { files: [{ path: 'b' }] }] });
const conf = '/etc/containers/registries.conf.d/900-test.conf';

describeForBoth('registries', (makeHost) => {
  it('B2: login is kept for later commands, and logout forgets it', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host, { name: 'me', password: 'secret' });
    const { address } = registry;
    expect(await host.ok('login', '-u', 'me', '-p', 'secret', address)).toBe('Login Succeeded!');
    expect(await host.ok('login', '--get-login', address)).toBe('me');
    await registry.push(image, 'team/app:1');
    expect(await host.ok('pull', '-q', `${address}/team/app:1`)).toBe(image.id);
    expect(await host.ok('search', `${address}/app`)).toMatch(
      new RegExp(`^NAME +DESCRIPTION\\n${address}/team/app *$`),
    );
    expect(await host.ok('search', '--list-tags', `${address}/team/app`)).toMatch(
      /^NAME +TAG\n.*team\/app +1$/,
    );
    expect(await host.ok('logout', address)).toContain(address);
    expect((await host.peapod('pull', '-q', `${address}/team/app:1`)).exitCode).toBe(125);
    expect((await host.peapod('search', `${address}/app`)).stderr).toContain(
      `hint: log in first: peapod login ${address}`,
    );
    for (const wrong of [
      ['-u', 'me', '-p', 'wrong', address],
      ['--get-login', address],
      ['-u', 'me', address],
    ]) {
      expect(await host.peapod('login', ...wrong)).toMatchObject({
        exitCode: 125,
        stderr: expect.stringMatching(/^Error: /),
      });
    }
    const piped = await host.exec(['peapod', 'login', '-u', 'me', '--password-stdin', address], {
      input: 'secret\n',
    });
    expect(piped).toMatchObject({ exitCode: 0, stdout: 'Login Succeeded!\n' });
    await host.ok('logout', '--all');
    const terminal = await host.terminal(['peapod', 'login', address]);
    await terminal.seen(/Username/);
    terminal.type('me\n');
    await terminal.seen(/Password/);
    terminal.type('secret\n');
    expect((await terminal.outcome).exitCode).toBe(0);
    expect(terminal.screen).not.toContain('secret');
  });

  it('B2: search lists what a registry has, as table, JSON and template, and says why it cannot', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    for (const name of ['team/one:1', 'team/one:2', 'team/two:1', 'other:1'])
      await registry.push(image, name);
    const { address } = registry;
    const names = async (...words: string[]) =>
      (await host.ok('search', '--format', '{{.Name}}', ...words)).split('\n').sort();
    expect(await names(`${address}/team`)).toEqual([`${address}/team/one`, `${address}/team/two`]);
    expect(await names(`${address}/`)).toHaveLength(3);
    expect(await names('--limit', '1', `${address}/`)).toHaveLength(1);
    expect(await host.json('search', '--format', 'json', `${address}/two`)).toEqual([
      { Index: address, Name: `${address}/team/two`, Description: '', Stars: 0, Official: '', Automated: '' },
    ]);
    expect(await host.json('search', '--list-tags', '--format', 'json', `${address}/team/one`)).toEqual([
      {
        Name: `${address}/team/one`,
        Tags: expect.toSatisfy((tags: string[]) => tags.sort().join() === '1,2'),
      },
    ]);
    expect(await host.ok('search', '-f', 'stars=1', `${address}/`)).toBe('');
    for (const [wrong, said] of [
      [['localhost:1/x'], 'localhost:1 does not answer'],
      [['-f', 'colour=red', `${address}/x`], 'invalid filter type "colour"'],
      [['--list-tags', `${address}/team/none`], 'Error: '],
    ] as const) {
      const outcome = await host.peapod('search', ...wrong);
      expect(outcome).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(said) });
    }
  });

  it('B2: short names and mirrors are those of registries.conf', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    await registry.push(image, 'mirrored/app:1');
    await registry.push(image, 'searched:1');
    const { address } = registry;
    host.write(
      conf,
      [
        `unqualified-search-registries = ["localhost:1", "${address}"]`,
        '[aliases]',
        `"nick" = "${address}/mirrored/app"`,
        '[[registry]]',
        'location = "far.example"',
        '[[registry.mirror]]',
        `location = "${address}/mirrored"`,
        'insecure = true',
      ].join('\n'),
    );
    expect(await host.ok('pull', '-q', 'far.example/app:1')).toBe(image.id);
    const alias = await host.peapod('pull', 'nick:1');
    expect(alias).toMatchObject({ exitCode: 0, stdout: `${image.id}\n` });
    expect(alias.stderr).toContain('Resolved "nick" as an alias');
    expect(await host.ok('pull', '-q', 'searched:1')).toBe(image.id);
    expect((await host.ok('images', '--format', '{{.Repository}}')).split('\n').sort()).toEqual(
      ['far.example/app', `${address}/mirrored/app`, `${address}/searched`].sort(),
    );
    expect((await host.peapod('pull', '-q', 'nowhere:1')).stderr).toMatch(
      /^Error: no registry has nowhere: /,
    );
  });

  it('E3: pulls of one image at once fetch it once', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    const name = await registry.push(image, 'once:1');
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => host.peapod('pull', name)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ exitCode: 0, stdout: `${image.id}\n` });
    const copied = outcomes.flatMap(({ stderr }) => stderr.match(/Copying blob/g) ?? []);
    expect(copied).toHaveLength(image.diffIds.length);
  });
});
