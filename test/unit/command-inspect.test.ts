import { describe, expect, it } from 'vitest';
import { PeapodError } from '../../src/errors.ts';
import { commandLine } from './command-line.ts';

const id = (digit: string) => digit.repeat(64);

describe('inspect', () => {
  const missing = () => {
    throw new PeapodError('NOT_FOUND', 'no such thing');
  };
  const only = (part: string, data: unknown) => ({
    'containers.inspect': missing,
    'images.inspect': missing,
    'volumes.inspect': missing,
    'networks.inspect': missing,
    'pods.inspect': missing,
    [`${part}.inspect`]: (name: string) => (name === 'nope' ? missing() : data),
  });

  it.each(['containers', 'images', 'pods'])('finds %s', async (part) => {
    const { stdout, code } = await commandLine(['inspect', 'x'], only(part, { Id: 'abc' }));
    expect(JSON.parse(stdout)).toEqual([{ Id: 'abc' }]);
    expect(code).toBe(0);
  });

  it('prints what there is, names what there is not, 125', async () => {
    const outcome = await commandLine(['inspect', 'x', 'nope'], only('containers', { Id: 'abc' }));
    expect(JSON.parse(outcome.stdout)).toEqual([{ Id: 'abc' }]);
    expect(outcome.stderr).toMatch(/^Error: no such object: "nope"\nhint: /);
    expect(outcome.code).toBe(125);
  });

  it('other errors are not taken for a missing object', async () => {
    const { stderr } = await commandLine(['inspect', 'x'], {
      'containers.inspect': () => {
        throw new PeapodError('INVALID_ARGUMENT', 'the prefix is ambiguous');
      },
    });
    expect(stderr).toBe("Error: the prefix is ambiguous\nhint: See 'peapod inspect --help'\n");
  });

  it('a template sees maps, times and ids as in podman', async () => {
    const { stdout } = await commandLine(
      ['inspect', '-f', '{{.ID}} {{.Config.Labels.a}} {{.Config.Labels.b}} {{.Created}}', 'x', 'y'],
      only('containers', { Id: 'abc', Created: '2026-11-21T03:40:38.5Z', Config: { Labels: { a: '1' } } }),
    );
    const line = 'abc 1 <no value> 2026-11-21 03:40:38.5 +0000 UTC\n';
    expect(stdout).toBe(line + line);
  });

  it.each([
    ['container inspect x', 'containers.inspect'],
    ['image inspect x', 'images.inspect'],
    ['pod inspect x', 'pods.inspect'],
    ['inspect --type pod x', 'pods.inspect'],
  ])('%s looks nowhere else', async (typed, operation) => {
    const { calls } = await commandLine(typed.split(' '), { [operation]: () => ({}) });
    expect(calls).toEqual([[operation, 'x']]);
  });

  it('pod inspect of one pod is an object, of several an array', async () => {
    const answers = { 'pods.inspect': (name: string) => ({ Name: name }) };
    expect(JSON.parse((await commandLine(['pod', 'inspect', 'a'], answers)).stdout)).toEqual({ Name: 'a' });
    expect(JSON.parse((await commandLine(['pod', 'inspect', 'a', 'b'], answers)).stdout)).toEqual([
      { Name: 'a' },
      { Name: 'b' },
    ]);
    const none = await commandLine(['pod', 'inspect', 'nope'], only('pods', {}));
    expect(none).toMatchObject({ code: 125, stdout: '[]\n', stderr: 'Error: no such thing\n' });
  });
});

describe('port', () => {
  const answers = {
    'containers.ports': () => [
      { containerPort: '80/tcp', bindings: ['0.0.0.0:8080', '[::1]:8080'] },
      { containerPort: '53/udp', bindings: ['127.0.0.1:5353'] },
    ],
    'containers.list': () => [{ id: id('a'), createdAtMs: 1 }],
  };

  it.each([
    ['port web', '80/tcp -> 0.0.0.0:8080\n80/tcp -> [::1]:8080\n53/udp -> 127.0.0.1:5353\n'],
    ['port web 80', '0.0.0.0:8080\n[::1]:8080\n'],
    ['port web 53/udp', '127.0.0.1:5353\n'],
    ['port -l 80/tcp', '0.0.0.0:8080\n[::1]:8080\n'],
    [
      'port -a',
      'aaaaaaaaaaaa\t80/tcp -> 0.0.0.0:8080\naaaaaaaaaaaa\t80/tcp -> [::1]:8080\naaaaaaaaaaaa\t53/udp -> 127.0.0.1:5353\n',
    ],
  ])('%s', async (typed, expected) => {
    expect((await commandLine(typed.split(' '), answers)).stdout).toBe(expected);
  });

  it('a port that is not published is an error', async () => {
    expect(await commandLine(['port', 'web', '81'], answers)).toMatchObject({
      code: 125,
      stderr: `Error: failed to find published port "81"\nhint: 'peapod port web' prints those that are\n`,
    });
  });
});
