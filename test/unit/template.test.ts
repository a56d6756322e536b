import { describe, expect, it } from 'vitest';
import { normalize, report } from '../../src/commands/format/report.ts';
import { Template } from '../../src/commands/template/execute.ts';
import { toGoValues } from '../../src/commands/template/json-values.ts';
import { GoTime } from '../../src/commands/template/values.ts';

const data = {
  Name: 'solo',
  Pod: '',
  Count: 3,
  Ratio: 0.5,
  Up: true,
  Nothing: null,
  Args: ['sleep', '1000'],
  Empty: [],
  State: { Status: 'running', Pid: 42, Health: { Log: null } },
  Labels: new Map([
    ['y', '2'],
    ['x', '1'],
  ]),
  Ports: new Map([
    ['80/tcp', [{ HostIp: '', HostPort: '18090' }]],
    ['443/tcp', null],
  ]),
  Created: new GoTime('2026-11-21T03:40:38.701907274Z'),
  Label: (name: unknown) => (name === 'x' ? '1' : ''),
};

function render(source: string, value: unknown = data, typeName = 'containers.psReporter'): string {
  return new Template(source, { name: 'ps', typeName }).execute(value);
}

function errorOf(source: string): string {
  try {
    return `no error, but ${render(source)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a template prints values as Go does', () => {
  it.each([
    ['{{.Name}}', 'solo'],
    ['{{.Count}} {{.Ratio}} {{.Up}}', '3 0.5 true'],
    ['{{.Args}} {{.Empty}}', '[sleep 1000] []'],
    ['{{.Labels}}', 'map[x:1 y:2]'],
    ['{{.State}}', '{running 42 {}}'],
    ['{{.Nothing}}', '<nil>'],
    ['{{.Labels.x}} {{.Labels.nope}}', '1 <no value>'],
    ['{{.Created}} {{.Created.Unix}}', '2026-11-21 03:40:38.701907274 +0000 UTC 1795232438'],
    ['{{json .Created}}', '"2026-11-21T03:40:38.701907274Z"'],
    ['{{.}}', 'x', 'x'],
    ['{{.Label "x"}}{{.Label "y"}}', '1'],
    ['{{"x" | .Label}}', '1'],
    ['{{.State.Status}}', 'running'],
    ['{{.ID}} {{.Id}}', 'abc abc', { Id: 'abc' }],
    ["{{'a'}} {{0x10}} {{1_000}} {{-4}} {{1e3}}", '97 16 1000 -4 1000'],
    ['{{true}} {{"a\\tb\\u00e9\\x41\\""}} {{`raw\\n`}}', 'true a\tbéA" raw\\n'],
  ])('%s', (source, expected, value: unknown = data) => {
    expect(render(source, value)).toBe(expected);
  });

  it('shows a time of another zone with its offset', () => {
    expect(String(new GoTime('2026-11-21T03:40:38+02:00'))).toBe('2026-11-21 03:40:38 +0200 +0200');
  });
});

describe('a template branches and loops', () => {
  it.each([
    ['{{if .Name}}yes{{else}}no{{end}}', 'yes'],
    ['{{if .Pod}}yes{{else}}no{{end}}', 'no'],
    ['{{if .Empty}}a{{else if .Count}}b{{else}}c{{end}}', 'b'],
    ['{{if .State.Health}}struct is true{{end}}', 'struct is true'],
    ['{{with .State}}{{.Pid}} {{$.Name}}{{else}}none{{end}}', '42 solo'],
    ['{{with .Pod}}{{.}}{{else}}none{{end}}', 'none'],
    ['{{range .Args}}<{{.}}>{{end}}', '<sleep><1000>'],
    ['{{range $i, $a := .Args}}{{$i}}:{{$a}},{{end}}', '0:sleep,1:1000,'],
    ['{{range $a := .Args}}{{$a}};{{end}}', 'sleep;1000;'],
    ['{{range .Empty}}x{{else}}empty{{end}}', 'empty'],
    ['{{range .Nothing}}x{{else}}empty{{end}}', 'empty'],
    ['{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}', 'x=1 y=2 '],
    ['{{range $k, $v := .Ports}}{{if $v}}{{$k}}={{(index $v 0).HostPort}}{{end}}{{end}}', '80/tcp=18090'],
    ['{{range .Args}}{{.}}{{break}}{{end}}', 'sleep'],
    ['{{range .Args}}{{if eq . "sleep"}}{{continue}}{{end}}{{.}}{{end}}', '1000'],
    ['{{$x := .Count}}{{if true}}{{$x = 7}}{{end}}{{$x}}', '7'],
    ['{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}', '21'],
    ['a {{- " b " -}} c', 'a b c'],
    ['{{/* not shown */}}x{{- /* nor this */ -}} y', 'xy'],
    ['{{- .Name}}\n{{- .Name -}}\n', 'solosolo'],
    ['{{(.State).Pid}} {{((index .Args 1))}}', '42 1000'],
  ])('%s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe('functions', () => {
  it.each([
    ['{{len .Args}} {{len .Name}} {{len .Labels}} {{len "é"}}', '2 4 2 2'],
    ['{{index .Args 1}} {{index .Labels "x"}} {{index .Labels "nope"}}|', '1000 1 |'],
    ['{{index .Ports "80/tcp" 0}}', '{ 18090}'],
    ['{{slice .Name 1 3}} {{slice .Args 1}}', 'ol [1000]'],
    ['{{and .Name .Count}} {{and .Pod .Count}}|{{or .Pod .Count}} {{or .Pod ""}}|', '3 |3 |'],
    ['{{and .Pod (index .Args 9)}}{{or .Name (index .Args 9)}}', 'solo'],
    ['{{not .Pod}}', 'true'],
    ['{{eq .Count 3}} {{eq .Count 1 2 3}} {{ne .Name "x"}} {{eq .Nothing nil}}', 'true true true true'],
    ['{{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}}', 'true true true false'],
    ['{{upper .Name}} {{lower "ABC"}} {{title "hello wide-world"}}', 'SOLO abc Hello Wide-World'],
    [
      '{{join .Args ","}} {{split "a,b" ","}} {{truncate "abcdefgh" 5}}|{{pad "a" 1 2}}|',
      'sleep,1000 [a b] abcde| a  |',
    ],
    [
      '{{json .Args}} {{json .Labels}} {{json "<&>"}} {{json .Nothing}}',
      '["sleep","1000"] {"x":"1","y":"2"} "<&>" null',
    ],
    ['{{print 1 2 "a" "b" 3}} {{println "x" 1}}', '1 2ab3 x 1\n'],
    ['{{.Name | printf "%s-%s" "a" | upper}}', 'A-SOLO'],
    ['{{html "<a>"}} {{urlquery "a b&c"}}', '&lt;a&gt; a+b%26c'],
  ])('%s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it.each([
    ['{{printf "%s-%d %v %q" .Name 3 .Args .Name}}', 'solo-3 [sleep 1000] "solo"'],
    ['{{printf "%5s|%-5s|%05d|%+d" "a" "b" 42 7}}', '    a|b    |00042|+7'],
    ['{{printf "%t %x %X %o %b %c" true 255 255 8 5 65}}', 'true ff FF 10 101 A'],
    ['{{printf "%.2f %8.3f %e" 1.005 3.14159 12345.678}}', '1.00    3.142 1.234568e+04'],
    ['{{printf "%*d|%.3s|%%" 5 42 "abcdef"}}', '   42|abc|%'],
    ['{{printf "%d" "x"}} {{printf "%d"}} {{printf "a" 1}}', '%!d(string=x) %!d(MISSING) a%!(EXTRA int=1)'],
    ['{{printf "%T %T %T" 1 "a" .Args}}', 'int string []string'],
  ])('%s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("errors have Go's words", () => {
  it.each([
    [
      '{{.Foo}}',
      `template: ps:1:2: executing "ps" at <.Foo>: can't evaluate field Foo in type containers.psReporter`,
    ],
    [
      'a\n {{.Foo}}',
      `template: ps:2:3: executing "ps" at <.Foo>: can't evaluate field Foo in type containers.psReporter`,
    ],
    [
      '{{.State.Foo}}',
      `template: ps:1:8: executing "ps" at <.State.Foo>: can't evaluate field Foo in type State`,
    ],
    [
      '{{.Args.Foo}}',
      `template: ps:1:7: executing "ps" at <.Args.Foo>: can't evaluate field Foo in type []string`,
    ],
    [
      '{{.Name.Foo}}',
      `template: ps:1:7: executing "ps" at <.Name.Foo>: can't evaluate field Foo in type string`,
    ],
    ['{{.constructor}}', /can't evaluate field constructor/],
    ['{{.__proto__}}', /can't evaluate field __proto__/],
    ['{{.Name "x"}}', /Name has arguments but cannot be invoked as function/],
    ['{{.Nothing.Foo}}', /nil pointer evaluating interface {}.Foo/],
    [
      '{{index .Args 9}}',
      `template: ps:1:2: executing "ps" at <index .Args 9>: error calling index: index out of range: 9`,
    ],
    ['{{index .Args "a"}}', /cannot index slice\/array with type string/],
    ['{{len 3}}', /error calling len: len of type int/],
    ['{{len}}', /wrong number of args for len: want 1 got 0/],
    ['{{eq .Name 3}}', /error calling eq: incompatible types for comparison/],
    ['{{join .Name ","}}', /error calling join: wrong type for value; expected \[\]string; got string/],
    ['{{range .Count}}{{end}}', /range can't iterate over 3/],
    ['{{nil}}', /nil is not a command/],
    ['{{3 4}}', /can't give argument to non-function 3/],
    ['{{nofunc .}}', 'template: ps:1: function "nofunc" not defined'],
    ['{{toString .}}', 'template: ps:1: function "toString" not defined'],
    ['{{$x}}', 'template: ps:1: undefined variable "$x"'],
    ['{{if}}', 'template: ps:1: missing value for if'],
    ['{{}}', 'template: ps:1: missing value for command'],
    ['{{.Name | }}', 'template: ps:1: missing value for command'],
    ['{{range .Args}}x', 'template: ps:1: unexpected EOF'],
    ['{{end}}', 'template: ps:1: unexpected {{end}}'],
    ['{{else}}', 'template: ps:1: unexpected {{else}}'],
    ['{{if 1}}{{else}}{{else}}{{end}}', 'template: ps:1: expected end; found {{else}}'],
    ['{{.Name', 'template: ps:1: unclosed action'],
    ['{{"abc}}', 'template: ps:1: unterminated quoted string'],
    ['{{`abc}}', 'template: ps:1: unterminated raw quoted string'],
    ['{{/* abc }}', 'template: ps:1: unclosed comment'],
    ['{{.Name {{.ID}}', "template: ps:1: unexpected bad character U+007B '{' in command"],
    ['{{break}}', 'template: ps:1: {{break}} outside {{range}}'],
    ['{{template "x"}}', /{{template}} is not supported/],
    ['{{1.2.3}}', /unexpected/],
  ])('%s', (source, expected) => {
    if (expected instanceof RegExp) expect(errorOf(source)).toMatch(expected);
    else expect(errorOf(source)).toBe(expected);
  });

  it('names the nearest field as a hint', () => {
    expect(() => render('{{.Nmae}}')).toThrow(
      expect.objectContaining({ hint: 'did you mean .Name?', exitCode: 125 }),
    );
  });
});

describe('JSON becomes what podman gives its templates', () => {
  const inspected = toGoValues({
    Id: 'abc',
    Created: '2026-11-21T03:40:38Z',
    Config: { Labels: { x: 'y' }, Image: '2026-11-21T03:40:38Z' },
    NetworkSettings: { IPAddress: '10.88.0.2', Ports: { '80/tcp': [{ HostIp: '', HostPort: '18090' }] } },
  });

  it('maps print as maps and allow missing keys, structs do not', () => {
    expect(render('{{.Config.Labels}} {{.Config.Labels.nope}}', inspected)).toBe('map[x:y] <no value>');
    expect(() => render('{{.Config.Nope}}', inspected)).toThrow("can't evaluate field Nope in type Config");
  });

  it('A8: the address of a container is printed', () => {
    expect(render('{{.NetworkSettings.IPAddress}}', inspected)).toBe('10.88.0.2');
  });

  it('times under the names of times become times', () => {
    expect(render('{{.Created}} {{.Config.Image}}', inspected)).toBe(
      '2026-11-21 03:40:38 +0000 UTC 2026-11-21T03:40:38Z',
    );
  });

  it('fields of other case are found where that is asked for', () => {
    const template = new Template('{{.Host.Arch}}', { name: 'info', ignoreCase: true });
    expect(template.execute({ host: { arch: 'amd64' } })).toBe('amd64');
  });
});

describe('--format', () => {
  const rows = [
    { ID: '39814ca24a8e', Names: 'a', Labels: new Map([['x', 'y']]) },
    { ID: '84915ba134ee', Names: 'a-longer-name', Labels: new Map() },
  ];
  const options = {
    name: 'ps',
    typeName: 'containers.psReporter',
    headings: { ID: 'CONTAINER ID' },
    noHeading: false,
  };

  it('takes \\t and \\n for tab and newline, and ends each row', () => {
    expect(normalize('a\\tb\\n{{printf "\\t"}}')).toBe('a\tb\n{{printf "\\t"}}\n');
  });

  it('prints a line a row', async () => {
    expect(await report('{{.ID}} {{.Names}}', rows, options)).toBe(
      '39814ca24a8e a\n84915ba134ee a-longer-name\n',
    );
  });

  it('table puts headings above aligned columns', async () => {
    expect(await report('table {{.ID}}\\t{{upper .Names}} {{.Labels}}', rows, options)).toBe(
      [
        'CONTAINER ID  NAMES          LABELS',
        '39814ca24a8e  A              map[x:y]',
        '84915ba134ee  A-LONGER-NAME  map[]',
        '',
      ].join('\n'),
    );
  });

  it('table without headings where they are not wanted', async () => {
    expect(await report('table {{.ID}} {{.Names}}', rows, { ...options, noHeading: true })).toBe(
      '39814ca24a8e  a\n84915ba134ee  a-longer-name\n',
    );
  });

  it('a field that no row has is an error also where there are rows to print', async () => {
    await expect(report('table {{.ID}} {{.Nope}}', rows, options)).rejects.toThrow(
      "can't evaluate field Nope",
    );
  });

  it('a range of its own sees all rows at once', async () => {
    expect(await report('{{range .}}{{.Names}};{{end}}', rows, options)).toBe('a;a-longer-name;\n');
  });

  it('hostile sizes are limited', () => {
    expect(render('{{printf "%99999999s" "x"}}').length).toBe(10_000);
    expect(() => render('{{range .Args}}{{truncate "abc" 99999999}}{{end}}')).toThrow('wrong type');
  });
});
