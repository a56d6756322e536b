import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { array, bool, int, list, optionalBool, string, uint } from '../../src/commands/flags.ts';
import { parseFlags } from '../../src/commands/parse-flags.ts';
import { nearest } from '../../src/commands/suggest.ts';
import { PeapodError } from '../../src/errors.ts';
import { commandLine } from './command-line.ts';

const flags = {
  all: bool('', { short: 'a' }),
  time: uint('', { short: 't', aliases: ['timeout'] }),
  last: int('', { short: 'n' }),
  name: string(''),
  env: array('', { short: 'e' }),
  publish: list('', { short: 'p' }),
  verify: optionalBool(''),
};

function parse(words: readonly string[], optionsFirst = false) {
  return parseFlags(words, flags, { command: 'peapod x', optionsFirst });
}

function refusal(words: readonly string[]): { message: string; hint: string | undefined } {
  try {
    parse(words);
  } catch (error) {
    if (error instanceof PeapodError) return { message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe("flags follow pflag's grammar", () => {
  it.each<[string[], Record<string, unknown>, string[]]>([
    [['-a', 'x'], { all: true }, ['x']],
    [['--all=false', 'x'], { all: false }, ['x']],
    [['-a=0'], { all: false }, []],
    [['x', '-a', 'y'], { all: true }, ['x', 'y']],
    [['-t', '5'], { time: 5 }, []],
    [['-t5'], { time: 5 }, []],
    [['-t=5'], { time: 5 }, []],
    [['-at5'], { all: true, time: 5 }, []],
    [['--timeout', '5'], { time: 5 }, []],
    [['-n', '-3'], { last: -3 }, []],
    [['--name', '--all'], { name: '--all', all: false }, []],
    [['--name='], { name: '' }, []],
    [['-e', 'A=b,c', '--env=D=e'], { env: ['A=b,c', 'D=e'] }, []],
    [['-p8080:80', '-p', '1:1,2:2'], { publish: ['8080:80', '1:1', '2:2'] }, []],
    [['-p', '"a,b",c"d,"e""f"'], { publish: ['a,b', 'c"d', 'e"f'] }, []],
    [['--', '-a'], { all: false }, ['-a']],
    [['-'], {}, ['-']],
    [['--verify'], { verify: true }, []],
    [['--verify=false'], { verify: false }, []],
    [[], { verify: undefined, all: false, env: [], time: undefined }, []],
  ])('%j', (words, values, args) => {
    const parsed = parse(words);
    expect(parsed.values).toMatchObject(values);
    expect(parsed.args).toEqual(args);
  });

  it('options end at the first positional where the rest is a command of somebody else', () => {
    const parsed = parse(['-a', 'image', 'ls', '-t', '--', '-l'], true);
    expect(parsed.values.all).toBe(true);
    expect(parsed.args).toEqual(['image', 'ls', '-t', '--', '-l']);
  });

  it('help is asked for by --help, and by -h where that is no flag', () => {
    expect(parse(['--help', '--nonsense']).help).toBe(true);
    expect(parse(['-ah']).help).toBe(true);
  });

  it.each([
    [['--fooo'], 'unknown flag: --fooo', "See 'peapod x --help'"],
    [['--nam', 'x'], 'unknown flag: --nam', "did you mean --name? See 'peapod x --help'"],
    [['-Z'], "unknown shorthand flag: 'Z' in -Z", "See 'peapod x --help'"],
    [['-aZ'], "unknown shorthand flag: 'Z' in -aZ", "See 'peapod x --help'"],
    [['--name'], 'flag needs an argument: --name', "See 'peapod x --help'"],
    [['-t'], "flag needs an argument: 't' in -t", "See 'peapod x --help'"],
    [
      ['--time', 'soon'],
      'invalid argument "soon" for "-t, --time" flag: must be a whole number, 0 or more',
      "See 'peapod x --help'",
    ],
    [
      ['-t', '-1'],
      'invalid argument "-1" for "-t, --time" flag: must be a whole number, 0 or more',
      undefined,
    ],
    [['-n', '1.5'], 'invalid argument "1.5" for "-n, --last" flag: must be a whole number', undefined],
    [['--all=maybe'], 'invalid argument "maybe" for "-a, --all" flag: must be true or false', undefined],
    [['-p', '"a'], 'invalid argument ""a" for "-p, --publish" flag: a quote is not closed', undefined],
  ])('%j is refused', (words, message, hint) => {
    expect(refusal(words).message).toBe(message);
    if (hint !== undefined) expect(refusal(words).hint).toBe(hint);
  });

  it('a flag named like a member of every object is unknown', () => {
    expect(refusal(['--constructor']).message).toBe('unknown flag: --constructor');
    expect(refusal(['--__proto__=1']).message).toBe('unknown flag: --__proto__');
  });
});

describe('suggestions', () => {
  it.each([
    ['fomrat', ['filter', 'format', 'last'], ['format']],
    ['no-trun', ['no-trunc', 'noheading'], ['no-trunc']],
    ['xyz', ['filter', 'format'], []],
    ['sp', ['ps', 'rm'], ['ps']],
  ])('%s', (word, known, expected) => {
    expect(nearest(word, known)).toEqual(expected);
  });
});

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
    [
      ['exec', 'x'],
      "Error: must provide a non-empty command to start an exec session\nhint: See 'peapod exec --help'\n",
    ],
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
      'Error: invalid argument "foo" for "--sort" flag: not a valid value\nhint: choose from: command, created, id, image, names, runningfor, status\n',
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
      'Error: invalid type "foo": must be "image", "container", "pod" or "all"\n',
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

describe('output to a real pipe', () => {
  const pipe = (reader: string) =>
    spawnSync('sh', ['-c', `{ "$0" "$1"; echo "code $?" >&2; } | ${reader}`, process.execPath, program], {
      encoding: 'utf8',
    });
  const program = fileURLToPath(new URL('../fixtures/many-lines.ts', import.meta.url));

  it('arrives whole', () => {
    const { stdout, stderr } = pipe('wc -l');
    expect(stdout.trim()).toBe('200000');
    expect(stderr).toBe('code 0\n');
  });

  it('keeps the order of both streams', () => {
    const both = fileURLToPath(new URL('../fixtures/both-streams.ts', import.meta.url));
    const { stdout } = spawnSync('sh', ['-c', '"$0" "$1" 2>&1', process.execPath, both], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n');
  });

  it('ends quietly where the reader goes away', () => {
    const { stdout, stderr } = pipe('head -n 1');
    expect(stdout).toBe('line 0\n');
    expect(stderr).toBe('code 141\n');
  });
});
