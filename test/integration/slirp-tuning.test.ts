import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';

describeForBoth('a pod on slirp4netns', (makeHost) => {
  it('receives with the buffer that slirp4netns(1) asks for, from its first container on; others keep the host’s', async () => {
    await using host = await makeHost();
    const [least, usual, most] = readFileSync('/proc/sys/net/ipv4/tcp_rmem', 'utf8').trim().split(/\s+/);
    const bufferOn = async (network: string) => {
      const read = ['host', 'cat', '/proc/sys/net/ipv4/tcp_rmem'];
      const text = await host.ok('run', '--rm', '--network', network, ...read);
      return text.split(/\s+/);
    };
    expect(await bufferOn('slirp4netns')).toEqual([least, '87380', most]);
    expect(await bufferOn('none')).toEqual([least, usual, most]);
  });
});
