import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';

describeForBoth('hints', (makeHost) => {
  it('where nothing is wrong with the flags, nobody is sent to the help about them', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'c', 'host', 'sleep', '1000');
    await host.sh('cd /tmp; mkdir d; touch empty; echo none >none; echo 1 >one; tar -P -cf up.tar d/../one');
    await host.ok('volume', 'create', 'v');
    for (const [command, message, hint] of [
      ['diff c', /^container c has no image to compare with$/, /^peapod export c writes all its files$/],
      ['container cleanup --rmi c', /^container c has no image that could be removed$/, /--rmi/],
      ['rm --cidfile /tmp/missing', /^cannot read the id file: /, /--cidfile/],
      ['rm --cidfile /tmp/empty', /^the id file \/tmp\/empty is empty$/, /--cidfile/],
      ['run --rm --user 99999999999 host true', /^uids and gids must be in range /, /--user/],
      ['cp c: /tmp', /^no path follows c:$/, /c:\/path$/],
      ['cp /tmp/d c:/etc/passwd', /^destination must be a directory when copying a directory$/, /a file/],
      ['cp - c:/nowhere < /tmp/up.tar', /^destination must be a directory when copying from/, /exists$/],
      ['cp - c:/tmp < /tmp/none', /^source must be a \(compressed\) tar archive /, /^tar -c makes one/],
      ['cp - c:/tmp < /tmp/up.tar', /^'d\/\.\.\/one' points outside of the archive$/, /without "\.\."/],
      ['volume import v /tmp/missing', /^open \/tmp\/missing: no such file or directory$/, /the path/],
      ['secret create s /tmp/empty', /^secret data must be larger than 0 /, /the file/],
      ['network rm podman', /^default network podman cannot be removed$/, /name no other$/],
      ['network diagram --output /proc/no/file.svg', /^cannot write --output /, /can be written$/],
    ] as [string, RegExp, RegExp][]) {
      const outcome = await host.exec(['sh', '-c', `peapod ${command}`]);
      expect(outcome.exitCode, command).not.toBe(0);
      const said = /^Error: (.*)\nhint: (.*)\n$/.exec(outcome.stderr);
      expect(said?.[1], `${command}: ${outcome.stderr}`).toMatch(message);
      expect(said?.[2], command).toMatch(hint);
      expect(said?.[2], command).not.toContain('--help');
    }
  });
});
