import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';
import { aardvarks, lookUp } from '../support/names.ts';

describeForBoth('names of several networks', (makeHost) => {
  it('C3: a pod on networks with and without a way out has the names of both, and those of the world', async () => {
    await using host = await makeHost({ internet: true });
    await host.ok('network', 'create', '--internal', 'back');
    await host.ok('network', 'create', 'front');
    const start = (name: string, networks: string) =>
      host.ok('run', '-d', '--name', name, '--network', networks, 'host', 'sleep', '1000');
    const known = async (container: string) => {
      const names = ['db', 'db2', 'edge', 'web.example'];
      const found = await Promise.all(names.map((name) => lookUp(host, container, name)));
      return names.filter((_, index) => found[index]?.length !== 0);
    };
    await start('db', 'back');
    await start('both', 'back,front');
    await start('edge', 'front');
    await start('db2', 'back');
    expect(await known('both')).toEqual(['db', 'db2', 'edge', 'web.example']);
    expect(await known('edge')).toEqual(['edge', 'web.example']);
    expect(await known('db')).toEqual(['db', 'db2']);

    await host.ok('network', 'disconnect', 'front', 'both');
    expect(await known('both')).toEqual(['db', 'db2']);
    await host.ok('network', 'connect', 'back', 'edge');
    await host.ok('rm', '--force', '--time', '0', 'db2');
    expect(await known('edge')).toEqual(['db', 'edge', 'web.example']);
  });

  it('C3: a pod on a network without names and one without a way out has names there, and the world’s', async () => {
    await using host = await makeHost({ internet: true });
    await host.ok('network', 'create', '--internal', 'back');
    const start = (name: string, networks: string) =>
      host.ok('run', '-d', '--name', name, '--network', networks, 'host', 'sleep', '1000');
    const known = async (container: string) => {
      const names = ['db', 'db2', 'web.example'];
      const found = await Promise.all(names.map((name) => lookUp(host, container, name)));
      return names.filter((_, index) => found[index]?.length !== 0);
    };
    await start('db', 'back');
    await start('both', 'podman,back');
    await start('other', 'podman');
    await start('db2', 'back');
    expect(await known('both')).toEqual(['db', 'db2', 'web.example']);
    // The network podman has no names for it, as ever.
    expect(await known('other')).toEqual(['web.example']);
    expect(await known('db')).toEqual(['db', 'db2']);

    // A forwarding server that is killed is missed, and comes back.
    for (const pid of await aardvarks(host)) await host.rootSh(`kill -9 ${pid}`);
    await host.ok('network', 'reload', 'both');
    expect(await known('both')).toEqual(['db', 'db2', 'web.example']);

    await host.ok('restart', '--time', '0', 'both');
    expect(await known('both')).toEqual(['db', 'db2', 'web.example']);

    await host.ok('network', 'disconnect', 'back', 'both');
    expect(await known('both')).toEqual(['web.example']);
    await host.ok('network', 'connect', 'back', 'both');
    expect(await known('both')).toEqual(['db', 'db2', 'web.example']);
    await host.ok('network', 'connect', 'back', 'other');
    expect(await known('other')).toEqual(['db', 'db2', 'web.example']);
    await host.ok('network', 'disconnect', 'podman', 'both');
    expect(await known('both')).toEqual(['db', 'db2']);
    await host.ok('rm', '--force', '--time', '0', 'both', 'other', 'db', 'db2');
    expect(await aardvarks(host)).toEqual([]);
  });
});
