import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkHostname, checkName } from '../../src/engine/names.ts';
import {
  parseAddresses,
  parseEnvironment,
  parseHostEntries,
  parseLabels,
  parseMacAddress,
  parseShare,
} from '../../src/engine/parse-options.ts';
import { parseSignal } from '../../src/engine/parse-signal.ts';
import { parseTmpfs, parseVolume } from '../../src/engine/parse-volume.ts';
import { parsePullPolicy } from '../../src/engine/pull-policy.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-options-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function file(text: string): string {
  const path = join(dir, 'file');
  writeFileSync(path, text);
  return path;
}

describe('words of the command line', () => {
  it('B4: environment: values with colons, commas and equals signs; names taken from the caller; prefixes', () => {
    const caller = { HOME: '/h', APP_A: '1', APP_B: 'x=y', OTHER: 'o' };
    expect(parseEnvironment(['A=b:c,d=e', 'HOME', 'MISSING', 'APP_*', 'EMPTY='], [], caller)).toEqual({
      A: 'b:c,d=e',
      HOME: '/h',
      APP_A: '1',
      APP_B: 'x=y',
      EMPTY: '',
    });
  });

  it('B4: environment files: comments, blank lines, names of the caller; flags win over files', () => {
    const path = file('# comment\n\n  # another\nA=from file\nB= spaced \nHOME\r\n');
    expect(parseEnvironment(['A=flag'], [path], { HOME: '/h' })).toEqual({
      A: 'flag',
      B: ' spaced ',
      HOME: '/h',
    });
    expect(() => parseEnvironment([], [join(dir, 'none')], {})).toThrow(/cannot read --env-file/);
    expect(() => parseEnvironment(['=x'], [], {})).toThrow(/has no name/);
  });

  it('labels, also from files', () => {
    expect(parseLabels(['a=b=c', 'd'], [file('e=f\n# no\n')])).toEqual({ a: 'b=c', d: '', e: 'f' });
    expect(() => parseLabels(['=x'], [])).toThrow(/has no key/);
  });

  it('entries of the hosts file', () => {
    expect(
      parseHostEntries(['db:10.0.0.5', 'v6:fd00::5', 'v6b:[fd00::6]', 'a;b:1.2.3.4', 'h:host-gateway']),
    ).toEqual([
      { host: 'db', address: '10.0.0.5' },
      { host: 'v6', address: 'fd00::5' },
      { host: 'v6b', address: 'fd00::6' },
      { host: 'a', address: '1.2.3.4' },
      { host: 'b', address: '1.2.3.4' },
      { host: 'h', address: 'host-gateway' },
    ]);
    for (const bad of ['db', 'db:', ':1.2.3.4', 'db:1.2.3', 'db:nowhere']) {
      expect(() => parseHostEntries([bad]), bad).toThrow(/not of the form host:ip/);
    }
  });

  it.each(['1.2.3', '256.1.1.1', '0x1.2.3.4', 'fd00::g', ''])('%j is no address', (word) => {
    expect(() => parseAddresses([word], '--dns')).toThrow(/--dns .*not an IP address/);
  });

  it('A11: MAC addresses', () => {
    expect(parseMacAddress('0A-58-0A-58-00-02')).toBe('0a:58:0a:58:00:02');
    expect(() => parseMacAddress('0a:58:0a:58:00')).toThrow(/not a MAC address/);
    expect(() => parseMacAddress('01:00:5e:00:00:01')).toThrow(/multicast/);
  });

  it.each([
    [undefined, ['ipc', 'net', 'uts']],
    ['none', []],
    ['net', ['net']],
    ['+pid', ['ipc', 'net', 'uts', 'pid']],
    ['net,pid,net', ['net', 'pid']],
  ])('A2: --share %j', (word, expected) => {
    expect(parseShare(word)).toEqual(expected);
  });

  it('A2: --share names what it does not know', () => {
    expect(() => parseShare('net,ips')).toThrow(/invalid namespace "ips"/);
  });

  it('B5: volumes', () => {
    expect(parseVolume(`${dir}:/data:ro`, '/')).toEqual({
      type: 'bind',
      source: dir,
      destination: '/data',
      options: ['ro'],
    });
    expect(parseVolume('./:/data', dir)).toMatchObject({ type: 'bind', source: dir });
    expect(parseVolume('cache:/var/cache/../lib', '/')).toEqual({
      type: 'volume',
      source: 'cache',
      destination: '/var/lib',
      options: [],
    });
    expect(parseVolume('/anonymous', '/')).toMatchObject({
      type: 'volume',
      source: '',
      destination: '/anonymous',
    });
    for (const [bad, why] of [
      ['/nowhere/at/all:/x', /no such file/],
      ['a:b:c:d', /incorrect volume format, should be/],
      [':/x', /host directory cannot be empty/],
      ['v:', /container directory cannot be empty/],
      ['v:relative', /invalid container path "relative", must be an absolute path/],
      ['v:/', /cover the container's root/],
      ['v:/..', /cover the container's root/],
      ['v:/x:rx', /invalid option type "rx"/],
      ['v:/x:ro,rw', /invalid options "ro, rw", can only specify 1 'rw' or 'ro' option/],
      ['v:/x:z,O', /can only specify 1 'z', 'Z', or 'O' option/],
      ['v:/x:U,U', /can only specify 1 'U' option/],
      ['v:/x:idmap', /"idmap" is not supported/],
      ['v:/x:O,upperdir=/tmp', /upperdir and workdir together/],
      ['v:/x:O,upperdir=/no/such,workdir=/tmp', /upperdir=\/no\/such: not an absolute path of a directory/],
      ['v:/x:upperdir=/tmp', /invalid option type/],
      ['/tmp:/x:nocopy', /is for volumes/],
      ['bad name:/x', /names must match/],
    ] as const) {
      expect(() => parseVolume(bad, '/'), bad).toThrow(why);
    }
  });

  it('B5: tmpfs', () => {
    expect(parseTmpfs('/tmp:size=1m,mode=1777')).toEqual({
      type: 'tmpfs',
      source: '',
      destination: '/tmp',
      options: ['size=1m', 'mode=1777'],
    });
    expect(() => parseTmpfs('tmp')).toThrow(/must be an absolute path/);
  });

  it.each([
    ['TERM', 15],
    ['SIGHUP', 1],
    ['sigkill', 9],
    ['9', 9],
    ['64', 64],
  ])('signal %j', (word, number) => {
    expect(parseSignal(word)).toBe(number);
  });

  it.each(['0', '65', 'NOPE', '', 'SIGSIGTERM', 'toString'])('%j is no signal', (word) => {
    expect(() => parseSignal(word)).toThrow(/invalid signal/);
  });

  it('B2: pull policies', () => {
    expect(parsePullPolicy('newer')).toBe('newer');
    expect(() => parsePullPolicy('sometimes')).toThrow(/unknown policy/);
  });

  it.each(['web', 'Web_1.2-x', '9lives', 'a'.repeat(253)])('A4: %j is a name', (name) => {
    expect(checkName(name)).toBe(name);
  });

  it.each(['', '-web', '.web', 'we b', 'wéb', 'a/b', '../x', 'a\nb', 'a'.repeat(254)])(
    'A4: %j is none',
    (name) => {
      expect(() => checkName(name)).toThrow(/names must match|longer than 253/);
    },
  );

  it('hostnames', () => {
    expect(checkHostname('a_b.c-D')).toBe('a_b.c-D');
    for (const bad of ['', 'a b', '-a', '.a', 'a'.repeat(65), 'a\n']) {
      expect(() => checkHostname(bad), bad).toThrow(/invalid hostname/);
    }
  });
});
