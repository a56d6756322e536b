import { describe, expect, it } from 'vitest';
import { array, bool, int, list, optionalBool, string, uint } from '../../src/commands/flags.ts';
import { parseFlags } from '../../src/commands/parse-flags.ts';
import { nearest } from '../../src/commands/suggest.ts';
import { PeapodError } from '../../src/errors.ts';

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
    [['--hlep'], 'unknown flag: --hlep', "did you mean --help? See 'peapod x --help'"],
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
