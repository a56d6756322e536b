import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';

const run = ['run', '--rm', '--network', 'none'];

describeForBoth('secrets', (makeHost) => {
  it('D3: create from a file, standard input and a variable; ls, inspect, exists, rm as podman’s', async () => {
    await using host = await makeHost();
    await host.sh('umask 0; printf top >~/file');
    const id = await host.sh('peapod secret create -l tier=db file ~/file');
    expect(id).toMatch(/^[0-9a-f]{25}$/);
    await host.sh('printf input | peapod secret create stdin -; V=variable peapod secret create --env env V');
    expect(await host.ok('secret', 'ls', '--format', '{{.Name}} {{.Driver}}')).toBe(
      'env file\nfile file\nstdin file',
    );
    expect(await host.ok('secret', 'ls')).toMatch(
      /^ID +NAME +DRIVER +CREATED +UPDATED *\n[0-9a-f]{25} +env /,
    );
    expect(await host.ok('secret', 'ls', '-q', '-f', 'name=^fi')).toBe(id);
    const inspected = await host.ok('secret', 'inspect', id.slice(0, 8));
    expect(JSON.parse(inspected)).toEqual([
      {
        ID: id,
        CreatedAt: expect.stringMatching(/^2.*Z$/),
        UpdatedAt: expect.stringMatching(/^2.*Z$/),
        Spec: { Name: 'file', Driver: { Name: 'file', Options: {} }, Labels: { tier: 'db' } },
      },
    ]);
    expect(await host.ok('secret', 'inspect', '--showsecret', '-f', '{{.SecretData}}', 'stdin', 'env')).toBe(
      'input\nvariable',
    );
    for (const [words, message] of [
      [['create', 'file', '/etc/hostname'], 'file: secret name in use'],
      [['create', 'new', '/no/such'], 'open /no/such: no such file or directory'],
      [['create', 'new', '/dev/null'], 'secret data must be larger than 0 and less than 512000 bytes'],
      [
        ['create', '--env', 'new', 'NO_SUCH'],
        'cannot create store secret data: environment variable NO_SUCH is not set',
      ],
      [['create', 'a/b', '/etc/hostname'], 'only 64 [a-zA-Z0-9-_.] characters allowed'],
      [['create', '-d', 'pass', 'new', '/etc/hostname'], 'invalid driver "pass"'],
      [['rm', 'none'], 'no secret with name or id "none": no such secret'],
      [['inspect', 'none'], 'no secret with name or id "none": no such secret'],
    ] as const) {
      const outcome = await host.peapod('secret', ...words);
      expect(outcome.exitCode, words.join(' ')).toBe(125);
      expect(outcome.stderr).toContain(`Error: ${message}`);
    }
    const other = await host.ok('secret', 'create', '--replace', 'file', '/etc/hostname');
    expect(other).not.toBe(id);
    const dir = await host.sh('echo $(dirname $(peapod info --format "{{.Store.Database}}"))/secrets');
    expect(await host.sh(`stat -c %a ${dir} ${dir}/* | sort -u`)).toBe('600\n700');
    expect(await host.ok('secret', 'rm', 'file')).toBe(other);
    expect((await host.peapod('secret', 'exists', 'file')).exitCode).toBe(1);
    expect((await host.ok('secret', 'rm', '-a')).split('\n')).toHaveLength(2);
    expect(await host.sh(`ls -A ${dir}`)).toBe('');
  });

  it('D3: --driver-opts path=DIR keeps a secret there, and nothing of it elsewhere', async () => {
    await using host = await makeHost();
    const dir = await host.sh(
      'cd; printf mine | peapod secret create --driver-opts path=vault word - >/dev/null; echo ~/vault',
    );
    const id = await host.ok('secret', 'inspect', '-f', '{{.ID}}', 'word');
    expect(await host.json('secret', 'inspect', '-f', '{{json .Spec.Driver.Options}}', 'word')).toEqual({
      path: dir,
    });
    expect(await host.sh(`stat -c '%a %n' ${dir} ${dir}/*`)).toBe(`700 ${dir}\n600 ${dir}/${id}`);
    const use = ['--secret', 'word', '--secret', 'word,type=env,target=W'];
    expect(await host.ok(...run, ...use, 'host', 'sh', '-c', 'cat /run/secrets/word; echo " $W"')).toBe(
      'mine mine',
    );
    const next = await host.sh(
      `printf new | peapod secret create --replace --driver-opts path=${dir}/b word -`,
    );
    expect(await host.sh(`ls ${dir} ${dir}/b`)).toBe(`${dir}:\nb\n\n${dir}/b:\n${next}`);
    await host.ok('secret', 'rm', 'word');
    expect(await host.sh(`ls ${dir}/b`)).toBe('');
    // Of a command that was killed before its row was written.
    const own = await host.sh('echo $(dirname $(peapod info --format "{{.Store.Database}}"))/secrets');
    await host.sh(
      `echo x >${dir}/lost; ln -s ${dir}/lost ${own}/lost; printf y | peapod secret create other -`,
    );
    expect(await host.sh(`ls ${dir}`)).toBe('b');
    for (const [option, message] of [
      [
        'nonsense',
        'invalid argument "nonsense" for "--driver-opts" flag: nonsense must be formatted as key=value',
      ],
      ['key=gpg', 'the secret driver file has no option "key=gpg"'],
      ['path=/proc/no', '--driver-opts path=/proc/no: '],
    ] as const) {
      const outcome = await host.peapod('secret', 'create', '--driver-opts', option, 'new', '/etc/hostname');
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toContain(`Error: ${message}`);
    }
    expect(await host.ok('secret', 'ls', '--format', '{{.Name}}')).toBe('other');
  });

  it('D3: a container gets a file or a variable, with owner and mode, and nothing else tells what it is', async () => {
    await using host = await makeHost();
    await host.sh(
      'umask 077; printf sesame | peapod secret create door -; printf other | peapod secret create b -',
    );
    const script = `id -u; cat /run/secrets/door; echo; stat -c %u:%g:%a /run/secrets/door /run/secrets/sub/b /tmp/abs
      cat /tmp/abs; echo; echo $door $KEY; (echo x >/run/secrets/new) 2>/dev/null || echo closed; sleep 1000`;
    const secrets = [
      ...['--secret', 'door', '--secret', 'b,target=sub/b,uid=5,gid=6,mode=400'],
      ...['--secret', 'door,target=/tmp/abs,uid=33,mode=0440'],
      ...['--secret', 'door,type=env', '--secret', 'b,type=env,target=KEY'],
    ];
    const asRoot = await host.peapod(
      ...run,
      '--secret',
      'door',
      'host',
      'sh',
      '-c',
      'echo x >/run/secrets/door',
    );
    expect(asRoot.stderr).toContain('Read-only file system');
    const create = [
      'create',
      '--network',
      'none',
      '--name',
      'c',
      '-u',
      '33',
      ...secrets,
      'host',
      'sh',
      '-c',
      script,
    ];
    await host.ok(...create);
    const expected = '33\nsesame\n0:0:444\n5:6:400\n33:0:440\nsesame\nsesame other\nclosed';
    const started = host.spawn(['peapod', 'start', '-a', 'c']);
    await started.seen(/closed/);
    expect(started.stdout.trim()).toBe(expected);
    const everything = await host.sh(
      `peapod inspect c; peapod ps -a --format json; peapod --log-level debug ps -a 2>&1; cat /proc/[0-9]*/cmdline | tr '\\0' ' '`,
    );
    expect(everything).not.toContain('sesame');
    expect(everything).toContain('"Secrets"');
    expect(await host.ok('exec', 'c', 'sh', '-c', 'echo $KEY')).toBe('other');
    await host.ok('stop', '-t', '0', 'c');
    // What was given as a file stays; a variable is read at each start.
    await host.ok('secret', 'rm', 'door');
    const again = await host.peapod('start', 'c');
    expect(again.stderr).toMatch(/^Error: no secret with name or id "[0-9a-f]{25}": no such secret/);
    expect(again.exitCode).toBe(125);
    await host.ok(
      'create',
      '--network',
      'none',
      '--name',
      'd',
      '--secret',
      'b',
      'host',
      'cat',
      '/run/secrets/b',
    );
    await host.ok('secret', 'rm', 'b');
    expect((await host.peapod('start', '-a', 'd')).stdout).toBe('other');
  });

  it('D3: bad --secret is told before anything is made', async () => {
    await using host = await makeHost();
    await host.sh('printf x | peapod secret create s -');
    for (const [word, message] of [
      ['none', 'no secret with name or id "none": no such secret'],
      ['s,foo=bar', 'option foo=bar invalid: parsing secret'],
      ['s,target', 'option target must be in form option=value: parsing secret'],
      ['s,type=foo', 'type foo is invalid: parsing secret'],
      ['s,type=env,uid=3', 'UID, GID, Mode options cannot be set with secret type env: parsing secret'],
      ['s,mode=999', 'mode 999 invalid: parsing secret'],
      ['s,uid=x', 'UID x invalid: parsing secret'],
      ['s,target=../up', 'target ../up is no path of a file: parsing secret'],
    ] as const) {
      const outcome = await host.peapod(...run, '--secret', word, 'host', 'true');
      expect(outcome, word).toMatchObject({ exitCode: 125, stdout: '' });
      expect(outcome.stderr).toContain(`Error: ${message}`);
    }
    const twice = await host.peapod(...run, '--secret', 's', '--secret', 's', 'host', 'true');
    expect(twice.stderr).toContain('two secrets have the target s');
  });
});
