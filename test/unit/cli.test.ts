import { describe, expect, it } from 'vitest';
import { PeapodError } from '../../src/errors.ts';
import { commandLine } from './command-line.ts';

describe('a command line that cannot run', () => {
  it.each([
    [['foo'], "Error: unrecognized command `peapod foo`\nhint: Try 'peapod --help'\n"],
    [
      ['imags'],
      "Error: unrecognized command `peapod imags`\nhint: did you mean 'peapod image' or 'peapod images'? Try 'peapod --help'\n",
    ],
    [
      ['pod', 'lst'],
      "Error: unrecognized command `peapod pod lst`\nhint: did you mean 'peapod pod list' or 'peapod pod ls'? Try 'peapod pod --help'\n",
    ],
    [
      ['container', 'foo'],
      "Error: unrecognized command `peapod container foo`\nhint: Try 'peapod container --help'\n",
    ],
    [['toString'], "Error: unrecognized command `peapod toString`\nhint: Try 'peapod --help'\n"],
    [['pod', '--foo'], "Error: unknown flag: --foo\nhint: See 'peapod pod --help'\n"],
    [['--foo', 'ps'], "Error: unknown flag: --foo\nhint: See 'peapod --help'\n"],
    [['ps', 'extra'], "Error: `peapod ps` takes no arguments\nhint: See 'peapod ps --help'\n"],
    [
      ['container', 'ls', 'x'],
      "Error: `peapod container ls` takes no arguments\nhint: See 'peapod container ls --help'\n",
    ],
    [
      ['pod', 'create', 'a', 'b'],
      "Error: accepts at most 1 arg(s), received 2\nhint: See 'peapod pod create --help'\n",
    ],
    [['run'], "Error: requires at least 1 arg(s), only received 0\nhint: See 'peapod run --help'\n"],
    [['pod', 'exists'], "Error: accepts 1 arg(s), received 0\nhint: See 'peapod pod exists --help'\n"],
    [['stop'], "Error: you must provide at least one name or id\nhint: See 'peapod stop --help'\n"],
    [['rm', '--all', 'x'], "Error: no arguments are needed with --all\nhint: See 'peapod rm --help'\n"],
    [['start'], "Error: start requires at least one argument\nhint: See 'peapod start --help'\n"],
    [['inspect'], "Error: no names or ids specified\nhint: See 'peapod inspect --help'\n"],
    [['logs'], "Error: specify at least one container name or ID to log\nhint: See 'peapod logs --help'\n"],
    [
      ['wait'],
      'Error: "peapod wait" requires a name, id, or the "--latest" flag\nhint: See \'peapod wait --help\'\n',
    ],
    [
      ['pod', 'create', '--name=x', 'y'],
      "Error: cannot specify --name and NAME at the same time\nhint: See 'peapod pod create --help'\n",
    ],
    [
      ['ps', '--sort', 'foo'],
      'Error: invalid argument "foo" for "--sort" flag: not a valid value\nhint: choose from: command, created, id, image, names, runningfor, size, status\n',
    ],
    [
      ['ps', '--filter', 'foo'],
      'Error: invalid filter "foo"\nhint: a filter is written KEY=VALUE, for example --filter name=web\n',
    ],
    [
      ['ps', '-l', '-n', '3'],
      "Error: last and latest are mutually exclusive\nhint: See 'peapod ps --help'\n",
    ],
    [
      ['inspect', '--type', 'foo', 'x'],
      'Error: invalid type "foo": must be "image", "container", "volume", "network", "pod" or "all"\nhint: See \'peapod inspect --help\'\n',
    ],
    [
      ['run', '--pod', 'new:', 'host', 'true'],
      "Error: new pod name must be at least one character\nhint: See 'peapod run --help'\n",
    ],
    [
      ['run', '--share', 'pid', '--pod', 'front', 'host', 'true'],
      "Error: --share is for a pod that --pod new:NAME makes\nhint: See 'peapod run --help'\n",
    ],
    [
      ['inspect', '--format', '{{.Name', 'x'],
      expect.stringContaining('Error: template: inspect:1: unclosed action\n'),
    ],
    [
      ['wait', '--interval', 'soon', 'x'],
      'Error: invalid duration "soon" for --interval\nhint: write it as 250ms, 5s or 1m\n',
    ],
    [
      ['--log-level', 'loud', 'ps'],
      'Error: log level "loud" is not supported\nhint: choose from: trace, debug, info, warn, warning, error, fatal, panic\n',
    ],
    [
      ['pod', 'rm', '--pod-id-file', '/nonexistent/id'],
      expect.stringMatching(/^Error: cannot read the id file: ENOENT/),
    ],
    [
      ['rm', '--time', '3', 'x'],
      "Error: --force option must be specified to use the --time option\nhint: See 'peapod rm --help'\n",
    ],
    [
      ['start', '-a', 'x', 'y'],
      "Error: you cannot start and attach multiple containers at once\nhint: See 'peapod start --help'\n",
    ],
  ])('%j: one line, a hint, 125, and no engine', async (words, stderr) => {
    const outcome = await commandLine(words);
    expect(outcome.stderr).toEqual(stderr);
    expect(outcome.code).toBe(125);
    expect(outcome.stdout).toBe('');
    expect(outcome.opened).toEqual([]);
  });

  it.each([[[]], [['pod']], [['container']], [['image']], [['system']]])(
    '%j: the list of commands, then what is missing',
    async (words) => {
      const outcome = await commandLine(words);
      expect(outcome.code).toBe(125);
      expect(outcome.stdout).toBe('');
      expect(outcome.stderr).toMatch(/Usage:\n {2}peapod /);
      expect(outcome.stderr).toMatch(/Error: missing command 'peapod( \w+)? COMMAND'\n$/);
    },
  );
});

describe('help and version', () => {
  it.each([
    [['--help'], 'Run pods and containers without a daemon'],
    [['-h'], 'Run pods and containers without a daemon'],
    [['help'], 'Run pods and containers without a daemon'],
    [['pod', '--help'], 'Manage pods'],
    [['help', 'pod'], 'Manage pods'],
    [['pod', 'create', '--help'], 'Create a new empty pod'],
    [['help', 'pod', 'create'], 'Create a new empty pod'],
    [['ps', '-h'], 'List containers'],
    [['container', 'ls', '--help'], 'List containers'],
    [['run', '--help', '--nonsense'], 'Run a command in a new container'],
    [['run', '-d', '--help', 'image'], 'Run a command in a new container'],
  ])('%j: on standard output, 0, and no engine', async (words, start) => {
    const outcome = await commandLine(words);
    expect(outcome.stdout.startsWith(start)).toBe(true);
    expect(outcome).toMatchObject({ code: 0, stderr: '', opened: [] });
  });

  it.each([[['--version']], [['-v']]])('%j', async (words) => {
    expect(await commandLine(words)).toMatchObject({ code: 0, stdout: 'peapod version 1.2.3\n', opened: [] });
  });

  it('--help behind the image belongs to the container', async () => {
    const { calls } = await commandLine(['run', 'image', 'ls', '--help']);
    expect(calls[0]?.[1]).toMatchObject({ image: 'image', command: ['ls', '--help'] });
  });
});

describe('global options', () => {
  it.each([
    [['--root', '/a', '--runroot=/b', 'ps'], { root: '/a', runRoot: '/b', logLevel: 'warn' }],
    [['ps', '--root', '/a', '--log-level=DEBUG'], { root: '/a', runRoot: undefined, logLevel: 'debug' }],
    [['--root', '/a', 'ps', '--root', '/c'], { root: '/c', runRoot: undefined, logLevel: 'warn' }],
  ])('%j', async (words, options) => {
    const { opened, closed } = await commandLine(words);
    expect(opened).toEqual([options]);
    expect(closed).toBe(1);
  });
});

describe('an error of the engine', () => {
  const failing = (error: unknown) => ({
    'pods.create': () => {
      throw error;
    },
  });

  it('is one line and its hint, with its exit code; the engine is closed', async () => {
    const error = new PeapodError('COMMAND_NOT_FOUND', 'no such command', { hint: 'look', exitCode: 127 });
    expect(await commandLine(['pod', 'create'], failing(error))).toMatchObject({
      code: 127,
      stdout: '',
      stderr: 'Error: no such command\nhint: look\n',
      closed: 1,
    });
  });

  it('of unknown kind is 125, its stack shown only with --log-level debug', async () => {
    const error = new TypeError('odd', { cause: new Error('deeper') });
    const quiet = await commandLine(['pod', 'create'], failing(error));
    expect(quiet).toMatchObject({ code: 125, stderr: 'Error: odd\n' });
    const loud = await commandLine(['--log-level', 'debug', 'pod', 'create'], failing(error));
    expect(loud.stderr).toMatch(/^Error: odd\nTypeError: odd\n[\s\S]*Error: deeper\n/);
  });

  it('a reader that went away ends the command quietly', async () => {
    const outcome = await commandLine(
      ['logs', 'x'],
      {
        'containers.logs': (_: unknown, __: unknown, sink: (stream: string, line: string) => void) => {
          sink('stdout', 'one');
          sink('stdout', 'two');
        },
      },
      1,
    );
    expect(outcome).toMatchObject({ code: 141, stdout: 'one\n', stderr: '' });
  });
});
