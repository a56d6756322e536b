import { describe, expect, it } from 'vitest';
import { commandLine } from './command-line.ts';

describe('logs', () => {
  const plain = {
    follow: false,
    tail: undefined,
    since: undefined,
    until: undefined,
    timestamps: false,
    names: false,
    color: false,
  };

  it.each<[string, unknown[]]>([
    ['logs a', ['containers.logs', ['a'], plain]],
    [
      'logs -f -t -n --color --tail 3 --since 10m --until 5m a b',
      [
        'containers.logs',
        ['a', 'b'],
        { follow: true, tail: 3, since: '10m', until: '5m', timestamps: true, names: true, color: true },
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
