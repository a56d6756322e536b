import { describe, expect, it } from 'vitest';
import type { ImageView } from '../../src/engine/views.ts';
import { commandLine, now } from './command-line.ts';

const id = (digit: string) => digit.repeat(64);

const image = (more: Partial<ImageView>): ImageView => ({
  id: id('1'),
  digest: `sha256:${id('2')}`,
  names: ['docker.io/library/nginx:latest', 'localhost:5000/nginx:v1'],
  pastNames: ['localhost:5000/nginx:v1', 'docker.io/library/nginx:latest'],
  parentId: '',
  hasChildren: false,
  createdAtMs: now - 86_400_000 * 20,
  sizeBytes: 187_000_000,
  containers: 2,
  labels: {},
  ...more,
});

const images = {
  'images.list': () => [image({}), image({ id: id('3'), names: [], createdAtMs: now, sizeBytes: 1_998_063 })],
};

describe('images', () => {
  it.each([[['images']], [['image', 'ls']], [['image', 'list']]])(
    '%j: a line for each name, newest first',
    async (words) => {
      expect((await commandLine(words, images)).stdout).toBe(
        [
          'REPOSITORY               TAG         IMAGE ID      CREATED                 SIZE',
          '<none>                   <none>      333333333333  Less than a second ago  2 MB',
          'docker.io/library/nginx  latest      111111111111  2 weeks ago             187 MB',
          'localhost:5000/nginx     v1          111111111111  2 weeks ago             187 MB',
          '',
        ].join('\n'),
      );
    },
  );

  it.each([
    ['-q', '333333333333\n111111111111\n'],
    ['-q --no-trunc', `sha256:${id('3')}\nsha256:${id('1')}\n`],
    [
      '--sort repository --format {{.Repository}}:{{.Tag}}',
      '<none>:<none>\ndocker.io/library/nginx:latest\nlocalhost:5000/nginx:v1\n',
    ],
    ['--noheading --digests', new RegExp(`^<none> +<none> +sha256:${id('2')}  3{12} `)],
  ])('images %s', async (typed, expected) => {
    const { stdout } = await commandLine(['images', ...typed.split(' ')], images);
    if (expected instanceof RegExp) expect(stdout).toMatch(expected);
    else expect(stdout).toBe(expected);
  });

  it('a name narrows the list', async () => {
    expect((await commandLine(['images', 'nginx'])).calls[0]).toEqual([
      'images.list',
      { reference: ['nginx'] },
    ]);
  });

  it("prints podman's JSON, an image once", async () => {
    const parsed = JSON.parse((await commandLine(['images', '--format', 'json'], images)).stdout);
    expect(parsed).toHaveLength(2);
    expect(parsed[1]).toMatchObject({
      Id: id('1'),
      Names: ['docker.io/library/nginx:latest', 'localhost:5000/nginx:v1'],
      RepoDigests: [`docker.io/library/nginx@sha256:${id('2')}`, `localhost:5000/nginx@sha256:${id('2')}`],
      Size: 187_000_000,
      Containers: 2,
    });
  });
});

describe('pull and load', () => {
  it('pull prints the ids, progress goes to standard error', async () => {
    const answers = {
      'images.pull': (name: string, _: unknown, progress: (line: string) => void) => {
        progress(`pulling ${name}`);
        return [`id-${name}`];
      },
    };
    const outcome = await commandLine(['pull', '--tls-verify=false', 'a', 'b'], answers);
    expect(outcome).toMatchObject({ code: 0, stdout: 'id-a\nid-b\n', stderr: 'pulling a\npulling b\n' });
    expect(outcome.calls[0]?.[2]).toMatchObject({
      policy: 'always',
      tlsVerify: false,
      quiet: false,
      allTags: false,
    });
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
