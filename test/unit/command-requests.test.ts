import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PeapodError } from '../../src/errors.ts';
import { commandLine } from './command-line.ts';

const missing = new PeapodError('NOT_FOUND', 'no such container');
const running = new PeapodError('WRONG_STATE', 'it is running');

const noNetworkFlags = {
  dnsServers: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
  networks: [],
  ports: [],
  ip: undefined,
  ip6: undefined,
  macAddress: undefined,
};

const plainContainer = {
  ...noNetworkFlags,
  image: 'host',
  rootfs: undefined,
  command: [],
  name: undefined,
  entrypoint: undefined,
  env: [],
  envFiles: [],
  envHost: false,
  volumes: [],
  tmpfs: [],
  workdir: undefined,
  user: undefined,
  hostname: undefined,
  labels: [],
  labelFiles: [],
  pod: undefined,
  publishAll: false,
  share: undefined,
  interactive: false,
  tty: false,
  remove: false,
  restart: undefined,
  readOnly: false,
  privileged: false,
  capAdd: [],
  capDrop: [],
  securityOptions: [],
  stopSignal: undefined,
  stopTimeoutSeconds: undefined,
  pull: 'missing',
  tlsVerify: undefined,
  cidFile: undefined,
  replace: false,
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'peapod-commands-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('pod create', () => {
  it('without anything asks for podman defaults', async () => {
    const { calls, stdout } = await commandLine(['pod', 'create'], { 'pods.create': () => 'abc' });
    expect(stdout).toBe('abc\n');
    expect(calls).toEqual([
      [
        'pods.create',
        {
          ...noNetworkFlags,
          name: undefined,
          hostname: undefined,
          labels: [],
          labelFiles: [],
          share: undefined,
          podIdFile: undefined,
          replace: false,
        },
      ],
    ]);
  });

  it('A5: takes all flags as typed, also behind the name', async () => {
    const words =
      'pod create --name webservice -p 8080:80 -p 53:53/udp,[::1]:8443:443 --share +pid -h box -l a=b --label c --label-file f --net slirp4netns:mtu=1500,cidr=10.0.3.0/24 --network web --ip 10.88.0.9 --ip6 fd00::9 --mac-address 92:d0:c6:0a:29:33 --dns 1.1.1.1,9.9.9.9 --dns-search a.b --dns-opt ndots:2 --add-host x:1.2.3.4 --pod-id-file id --replace';
    const { calls } = await commandLine(words.split(' '));
    expect(calls[0]).toEqual([
      'pods.create',
      {
        name: 'webservice',
        ports: ['8080:80', '53:53/udp', '[::1]:8443:443'],
        share: '+pid',
        hostname: 'box',
        labels: ['a=b', 'c'],
        labelFiles: ['f'],
        networks: ['slirp4netns:mtu=1500,cidr=10.0.3.0/24', 'web'],
        ip: '10.88.0.9',
        ip6: 'fd00::9',
        macAddress: '92:d0:c6:0a:29:33',
        dnsServers: ['1.1.1.1', '9.9.9.9'],
        dnsSearch: ['a.b'],
        dnsOptions: ['ndots:2'],
        addHosts: ['x:1.2.3.4'],
        podIdFile: 'id',
        replace: true,
      },
    ]);
  });

  it('takes the name as an argument', async () => {
    const { calls } = await commandLine(['pod', 'create', 'web', '-p', '80']);
    expect(calls[0]?.[1]).toMatchObject({ name: 'web', ports: ['80'] });
  });
});

describe('run and create', () => {
  it.each([
    ['run', 'containers.run'],
    ['create', 'containers.create'],
    ['container run', 'containers.run'],
    ['container create', 'containers.create'],
    ['run -d', 'containers.runDetached'],
  ])('%s host asks for nothing but the image', async (typed, operation) => {
    const { calls } = await commandLine([...typed.split(' '), 'host'], { 'containers.run': () => 0 });
    expect(calls.map(([name]) => name)).toEqual([operation]);
    expect(calls[0]?.[1]).toEqual(
      typed.includes('create') ? plainContainer : { ...plainContainer, detachKeys: undefined },
    );
  });

  it('takes all flags as typed; behind the image everything is the command', async () => {
    const words =
      'run -dit --rm --name web --pod new:front --share net -p 8080:80 -P -e A=b,c -e HOME --env-file f --env-host -v /a:/b:ro -v data:/data -w /srv -u 1000:1000 --entrypoint ["a","b"] -h box --label x=y --network none --ip 10.88.0.3 --restart no --pull always --cidfile cid --replace --read-only --privileged --cap-add NET_RAW,SYS_TIME --cap-drop ALL --security-opt seccomp=p.json --tmpfs /tmp:size=1m,mode=700 --add-host a:1.2.3.4 --stop-signal INT --stop-timeout 3 --tls-verify=false -q --detach-keys ctrl-a docker.io/library/nginx nginx -g daemon --rm -p';
    const { calls } = await commandLine(words.split(' '));
    expect(calls[0]?.[1]).toEqual({
      ...plainContainer,
      image: 'docker.io/library/nginx',
      command: ['nginx', '-g', 'daemon', '--rm', '-p'],
      interactive: true,
      tty: true,
      remove: true,
      name: 'web',
      pod: 'new:front',
      share: 'net',
      ports: ['8080:80'],
      publishAll: true,
      env: ['A=b,c', 'HOME'],
      envFiles: ['f'],
      envHost: true,
      volumes: ['/a:/b:ro', 'data:/data'],
      workdir: '/srv',
      user: '1000:1000',
      entrypoint: '["a","b"]',
      hostname: 'box',
      labels: ['x=y'],
      networks: ['none'],
      ip: '10.88.0.3',
      restart: 'no',
      pull: 'always',
      cidFile: 'cid',
      replace: true,
      readOnly: true,
      privileged: true,
      capAdd: ['NET_RAW', 'SYS_TIME'],
      capDrop: ['ALL'],
      securityOptions: ['seccomp=p.json'],
      tmpfs: ['/tmp:size=1m,mode=700'],
      addHosts: ['a:1.2.3.4'],
      stopSignal: 'INT',
      stopTimeoutSeconds: 3,
      tlsVerify: false,
      detachKeys: 'ctrl-a',
    });
  });

  it('B2: --rootfs makes the first argument a directory', async () => {
    const { calls } = await commandLine(['run', '--rootfs', '/tree:O', 'ls', '/']);
    expect(calls[0]?.[1]).toMatchObject({ image: undefined, rootfs: '/tree:O', command: ['ls', '/'] });
  });

  it('run ends with the exit code of the container', async () => {
    expect((await commandLine(['run', 'host', 'false'], { 'containers.run': () => 3 })).code).toBe(3);
  });

  it('progress goes to standard error, and nowhere with -q', async () => {
    const answers = {
      'containers.create': (_: unknown, progress?: (line: string) => void) => {
        progress?.('Copying blob');
        return 'abc';
      },
    };
    expect(await commandLine(['create', 'x'], answers)).toMatchObject({
      stdout: 'abc\n',
      stderr: 'Copying blob\n',
    });
    expect(await commandLine(['create', '-q', 'x'], answers)).toMatchObject({ stdout: 'abc\n', stderr: '' });
  });

  it('--pod-id-file names the pod by the file, and not together with --pod', async () => {
    const file = join(directory, 'id');
    writeFileSync(file, 'abc123\n');
    const { calls } = await commandLine(['run', '--pod-id-file', file, 'host'], {
      'containers.run': () => 0,
    });
    expect(calls[0]?.[1]).toMatchObject({ pod: 'abc123' });
    expect((await commandLine(['run', '--pod-id-file', file, '--pod', 'x', 'host'])).stderr).toMatch(
      /^Error: cannot specify both --pod and --pod-id-file\n/,
    );
  });

  it.each(['--memory=1g', '--infra=false', '--init', '--device=/dev/null'])(
    '%s is not known yet',
    async (flag) => {
      const { code, stderr, opened } = await commandLine(['run', flag, 'host']);
      expect({ code, opened }).toEqual({ code: 125, opened: [] });
      expect(stderr).toMatch(/^Error: unknown flag: --/);
    },
  );
});

describe('exec', () => {
  it('takes all flags; behind the container everything is the command', async () => {
    const words =
      'exec -it -d -e A=b --env-file f -u root -w /tmp --privileged --detach-keys a web ls -l'.split(' ');
    const { calls, code } = await commandLine(words, { 'containers.exec': () => 126 });
    expect(code).toBe(126);
    expect(calls).toEqual([
      [
        'containers.exec',
        'web',
        {
          command: ['ls', '-l'],
          env: ['A=b'],
          envFiles: ['f'],
          workdir: '/tmp',
          user: 'root',
          privileged: true,
          interactive: true,
          tty: true,
          detach: true,
          detachKeys: 'a',
        },
      ],
    ]);
  });

  it('--latest takes the container that was created last', async () => {
    const list = () => [
      { id: 'old', createdAtMs: 1 },
      { id: 'new', createdAtMs: 3 },
      { id: 'mid', createdAtMs: 2 },
    ];
    const { calls } = await commandLine(['exec', '-l', 'ls'], {
      'containers.list': list,
      'containers.exec': () => 0,
    });
    expect(calls.at(-1)).toMatchObject(['containers.exec', 'new', { command: ['ls'] }]);
  });
});

describe('commands for several names', () => {
  it.each<[string, unknown[][], string]>([
    [
      'stop a b',
      [
        ['containers.stop', 'a', undefined],
        ['containers.stop', 'b', undefined],
      ],
      'a\nb\n',
    ],
    ['stop -t 0 a', [['containers.stop', 'a', 0]], 'a\n'],
    ['kill a', [['containers.kill', 'a', 'KILL']], 'a\n'],
    ['kill -s TERM a', [['containers.kill', 'a', 'TERM']], 'a\n'],
    [
      'start a b',
      [
        ['containers.start', 'a'],
        ['containers.start', 'b'],
      ],
      'a\nb\n',
    ],
    [
      'rm a',
      [['containers.remove', 'a', { force: false, volumes: false, timeoutSeconds: undefined }]],
      'a\n',
    ],
    ['rm -fv -t 3 a', [['containers.remove', 'a', { force: true, volumes: true, timeoutSeconds: 3 }]], 'a\n'],
    ['container cleanup a', [['containers.cleanup', 'a']], ''],
    ['pod start a', [['pods.start', 'a']], 'id-a\n'],
    ['pod stop -t 5 a', [['pods.stop', 'a', 5]], 'id-a\n'],
    ['pod rm a', [['pods.remove', 'a', { force: false, timeoutSeconds: undefined }]], 'id-a\n'],
    ['pod rm -f a', [['pods.remove', 'a', { force: true, timeoutSeconds: undefined }]], 'id-a\n'],
    ['rmi -f a', [['images.remove', 'a', { force: true }]], 'Untagged: a\nDeleted: id\n'],
  ])('%s', async (typed, expected, printed) => {
    const id = (name: string) => `id-${name}`;
    const { calls, stdout, code } = await commandLine(typed.split(' '), {
      'pods.start': id,
      'pods.stop': id,
      'pods.remove': id,
      'images.remove': (name: string) => [`Untagged: ${name}`, 'Deleted: id'],
    });
    expect(calls).toEqual(expected);
    expect(stdout).toBe(printed);
    expect(code).toBe(0);
  });

  it('overlap, yet print in the order of the names; one failure stops no other', async () => {
    const events: string[] = [];
    const outcome = await commandLine(['stop', 'slow', 'bad', 'fast'], {
      'containers.stop': async (name: string) => {
        events.push(`start ${name}`);
        if (name === 'bad') throw missing;
        await new Promise((done) => setTimeout(done, name === 'slow' ? 30 : 1));
        events.push(`end ${name}`);
        return name;
      },
    });
    expect(events).toEqual(['start slow', 'start bad', 'start fast', 'end fast', 'end slow']);
    expect(outcome).toMatchObject({
      code: 125,
      stdout: 'slow\nfast\n',
      stderr: 'Error: no such container\n',
    });
  });

  it('at most eight at a time', async () => {
    let now = 0;
    let most = 0;
    await commandLine(['stop', ...'abcdefghijklmnopqrst'], {
      'containers.stop': async (name: string) => {
        most = Math.max(most, ++now);
        await new Promise((done) => setTimeout(done, 1));
        now--;
        return name;
      },
    });
    expect(most).toBe(8);
  });

  it('start keeps the order, because one may need the other', async () => {
    let now = 0;
    let most = 0;
    await commandLine(['start', 'a', 'b', 'c'], {
      'containers.start': async (name: string) => {
        most = Math.max(most, ++now);
        await new Promise((done) => setTimeout(done, 1));
        now--;
        return name;
      },
    });
    expect(most).toBe(1);
  });

  it.each([
    ['rm a', missing, 1],
    ['rm a', running, 2],
    ['rm -i a', missing, 0],
    ['rm -f a', missing, 0],
    ['stop a', missing, 125],
    ['stop -i a', missing, 0],
    ['pod rm a', missing, 1],
    ['pod rm a', running, 125],
    ['pod rm -f a', missing, 0],
    ['pod stop a', missing, 125],
    ['pod stop --ignore a', missing, 0],
    ['rmi a', missing, 1],
    ['rmi a', new PeapodError('IMAGE_IN_USE', 'in use'), 2],
    ['rmi -i a', missing, 0],
    ['wait a', missing, 125],
    ['stop a', new PeapodError('INTERRUPTED', 'interrupted', { exitCode: 130 }), 130],
  ])('%s and %s: exit code %i', async (typed, error, code) => {
    const fail = () => {
      throw error;
    };
    const operations = [
      'containers.remove',
      'containers.stop',
      'containers.wait',
      'pods.remove',
      'pods.stop',
      'images.remove',
    ];
    const outcome = await commandLine(
      typed.split(' '),
      Object.fromEntries(operations.map((name) => [name, fail])),
    );
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toBe(code === 0 ? '' : `Error: ${error.message}\n`);
  });

  it.each([
    ['stop --all', { status: ['running'] }],
    ['kill -a', { status: ['running'] }],
    ['rm --all', undefined],
    ['rm --filter label=a --filter label=b', { label: ['a', 'b'] }],
    ['start --filter name=x', { name: ['x'] }],
  ])('%s works on what the list has', async (typed, filters) => {
    const { calls, stdout } = await commandLine(typed.split(' '), {
      'containers.list': () => [
        { id: 'x', createdAtMs: 1 },
        { id: 'y', createdAtMs: 2 },
      ],
    });
    expect(calls[0]).toEqual(['containers.list', filters]);
    expect(stdout).toBe('x\ny\n');
  });

  it('A15: pod rm -a -f removes every pod', async () => {
    const { calls, code } = await commandLine(['pod', 'rm', '-a', '-f'], {
      'pods.list': () => [
        { id: 'x', createdAtMs: 1 },
        { id: 'y', createdAtMs: 2 },
      ],
    });
    expect(calls.slice(1).map(([, name]) => name)).toEqual(['x', 'y']);
    expect(code).toBe(0);
  });

  it('--all of nothing does nothing, --latest of nothing is an error', async () => {
    expect(await commandLine(['rm', '--all'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await commandLine(['rm', '--latest'])).toMatchObject({ code: 125 });
  });

  it('--cidfile reads the id', async () => {
    const file = join(directory, 'cid');
    writeFileSync(file, 'abc');
    expect((await commandLine(['rm', '--cidfile', file])).calls[0]?.[1]).toBe('abc');
    writeFileSync(file, '\n');
    expect((await commandLine(['rm', '--cidfile', file])).stderr).toBe(
      `Error: the id file ${file} is empty\n`,
    );
  });
});

describe('start attached', () => {
  it('returns the exit code', async () => {
    const { calls, code, stdout } = await commandLine(['start', '-ai', 'x'], {
      'containers.startAttached': () => 7,
    });
    expect(calls[0]).toEqual(['containers.startAttached', 'x', { interactive: true, detachKeys: undefined }]);
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
  });
});

describe('logs', () => {
  const plain = {
    follow: false,
    tail: undefined,
    since: undefined,
    until: undefined,
    timestamps: false,
    names: false,
  };

  it.each<[string, unknown[]]>([
    ['logs a', ['containers.logs', ['a'], plain]],
    [
      'logs -f -t -n --tail 3 --since 10m --until 5m a b',
      [
        'containers.logs',
        ['a', 'b'],
        { follow: true, tail: 3, since: '10m', until: '5m', timestamps: true, names: true },
      ],
    ],
    ['logs a --tail=-1', ['containers.logs', ['a'], plain]],
    ['logs a --tail 0', ['containers.logs', ['a'], { ...plain, tail: 0 }]],
    ['pod logs -f web', ['pods.logs', 'web', { ...plain, follow: true }]],
  ])('%s', async (typed, expected) => {
    const { calls } = await commandLine(typed.split(' '));
    expect(calls[0]?.slice(0, 3)).toEqual(expected);
  });

  it("B7: a container's streams stay apart", async () => {
    const answers = {
      'containers.logs': (_: unknown, __: unknown, sink: (stream: string, line: string) => void) => {
        sink('stdout', 'hi');
        sink('stderr', 'err');
      },
    };
    expect(await commandLine(['logs', 'a'], answers)).toMatchObject({ stdout: 'hi\n', stderr: 'err\n' });
  });

  it('pod logs -c shows one member, and refuses others', async () => {
    const answers = { 'pods.inspect': () => ({ Name: 'web', Containers: [{ Id: 'abc', Name: 'srv' }] }) };
    const { calls } = await commandLine(['pod', 'logs', '-c', 'srv', 'web'], answers);
    expect(calls.at(-1)?.slice(0, 2)).toEqual(['containers.logs', ['srv']]);
    expect(await commandLine(['pod', 'logs', '-c', 'other', 'web'], answers)).toMatchObject({
      code: 125,
      stderr: 'Error: pod web has no container "other"\nhint: its containers: srv\n',
    });
  });
});

describe('wait', () => {
  it('prints an exit code a line', async () => {
    const { calls, stdout } = await commandLine(['wait', '--interval', '1s', 'a', 'b'], {
      'containers.wait': (name: string) => (name === 'a' ? 0 : 3),
    });
    expect(stdout).toBe('0\n3\n');
    expect(calls).toEqual([
      ['containers.wait', 'a', 'stopped', 1000],
      ['containers.wait', 'b', 'stopped', 1000],
    ]);
  });
});

describe('exists', () => {
  it.each([
    ['pod', 'pods'],
    ['container', 'containers'],
    ['image', 'images'],
  ])('%s exists says it by the exit code alone', async (kind, part) => {
    for (const [there, code] of [
      [true, 0],
      [false, 1],
    ] as const)
      expect(await commandLine([kind, 'exists', 'x'], { [`${part}.exists`]: () => there })).toMatchObject({
        code,
        stdout: '',
        stderr: '',
      });
  });
});

describe('pull and load', () => {
  it('pull prints the ids, progress goes to standard error', async () => {
    const answers = {
      'images.pull': (name: string, _: unknown, progress: (line: string) => void) => {
        progress(`pulling ${name}`);
        return `id-${name}`;
      },
    };
    const outcome = await commandLine(['pull', '--tls-verify=false', 'a', 'b'], answers);
    expect(outcome).toMatchObject({ code: 0, stdout: 'id-a\nid-b\n', stderr: 'pulling a\npulling b\n' });
    expect(outcome.calls[0]?.[2]).toEqual({ policy: 'always', tlsVerify: false, quiet: false });
    expect((await commandLine(['pull', '-q', 'a'], answers)).stderr).toBe('');
  });

  it('load names what it loaded', async () => {
    const { calls, stdout } = await commandLine(['load', '-i', 'x.tar'], {
      'images.load': () => ['a:latest', 'b:1'],
    });
    expect(calls[0]?.[1]).toBe('x.tar');
    expect(stdout).toBe('Loaded image: a:latest\nLoaded image: b:1\n');
  });
});
