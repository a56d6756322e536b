import type { Engine } from '../engine/engine.ts';
import { isPeapodError, PeapodError } from '../errors.ts';
import { anyArguments, wrongArguments } from './arguments.ts';
import { type Call, type Command, command } from './command.ts';
import { bool, type FlagSet, type FlagValues, string } from './flags.ts';
import { isJson, normalize } from './format/report.ts';

type Kind = 'container' | 'image' | 'pod';
type Inspected = Record<string, unknown>;

/** In the order in which a name is looked up. */
const kinds: Readonly<Record<Kind, (engine: Engine, name: string) => Promise<Inspected>>> = {
  container: (engine, name) => engine.containers.inspect(name),
  image: (engine, name) => engine.images.inspect(name),
  pod: (engine, name) => engine.pods.inspect(name),
};

const flags = {
  format: string("A Go template, or 'json'", { short: 'f', default: 'json' }),
  latest: bool('Act on the last created one', { short: 'l' }),
} as const;

const formatExample = `--format '{{.Id}} {{.NetworkSettings.IPAddress}}'`;

export const inspect = command({
  usage: '[options] {CONTAINER|IMAGE|POD} [...]',
  description:
    'Displays what is known of containers, images or pods as JSON, or the part that a template asks for.',
  examples: ['inspect web', 'inspect --type image fedora', `inspect ${formatExample} web`],
  flags: {
    ...flags,
    type: string('What the names are: container, image, pod or all', { short: 't', default: 'all' }),
  },
  args: anyArguments,
  run: (call) => display(call, call.values.type ?? 'all'),
});

export const containerInspect = inspectOnly('container', 'CONTAINER [CONTAINER...]', [
  `container inspect ${formatExample} web`,
]);
export const imageInspect = inspectOnly('image', 'IMAGE [IMAGE...]', ['image inspect fedora']);
export const podInspect = inspectOnly('pod', 'POD [POD...]', [
  'pod inspect web',
  "pod inspect --format '{{.State}}' web",
]);

function inspectOnly(kind: Kind, names: string, examples: readonly string[]): Command {
  return command({
    usage: `[options] ${names}`,
    examples,
    flags: kind === 'image' ? { format: flags.format } : flags,
    args: anyArguments,
    run: (call) => display(call as unknown as InspectCall, kind),
  });
}

type InspectCall = Omit<Call<FlagSet>, 'values'> & { readonly values: Partial<FlagValues<typeof flags>> };

async function display(call: InspectCall, type: string): Promise<number> {
  const { values, stdout } = call;
  if (type !== 'all' && !Object.hasOwn(kinds, type))
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `invalid type "${type}": must be "image", "container", "pod" or "all"`,
    );
  const json = values.format === undefined || isJson(values.format);
  const wanted = (type === 'all' ? Object.keys(kinds) : [type]) as Kind[];
  // A template that cannot be parsed is told before anything is looked up.
  const render = json ? undefined : await renderer(values.format as string);
  const names = await namesOf(call, type === 'pod' ? 'pod' : 'container');
  const engine = await call.engine();
  const looked = await Promise.all(names.map((name) => lookUp(engine, name, wanted)));

  const found = looked.flatMap((result) => ('data' in result ? [result.data] : []));
  if (render === undefined)
    stdout.line(JSON.stringify(type === 'pod' && found.length === 1 ? found[0] : found, null, 5));
  else for (const data of found) stdout.write(render(data));
  const errors = looked.flatMap((result) => ('error' in result ? [result.error] : []));
  for (const error of errors) call.report(error);
  return errors.length === 0 ? 0 : 125;
}

async function namesOf(call: InspectCall, kind: 'pod' | 'container'): Promise<readonly string[]> {
  if (!call.values.latest && call.args.length === 0)
    throw wrongArguments('no names or ids specified', call.command);
  if (!call.values.latest) return call.args;
  const { targets } = await import('./targets.ts');
  return targets({
    command: call.command,
    names: call.args,
    latest: true,
    list: async (filters) => {
      const engine = await call.engine();
      return kind === 'pod' ? engine.pods.list(filters) : engine.containers.list(filters);
    },
  });
}

async function lookUp(
  engine: Engine,
  name: string,
  wanted: readonly Kind[],
): Promise<{ data: Inspected } | { error: unknown }> {
  for (const kind of wanted) {
    try {
      return { data: await kinds[kind](engine, name) };
    } catch (error) {
      if (!isPeapodError(error, 'NOT_FOUND')) return { error };
      if (wanted.length === 1) return { error };
    }
  }
  return {
    error: new PeapodError('NOT_FOUND', `no such object: "${name}"`, {
      hint: "'peapod ps -a', 'peapod images' and 'peapod pod ps' list what there is",
    }),
  };
}

async function renderer(format: string): Promise<(data: Inspected) => string> {
  const [{ Template }, { toGoValues }] = await Promise.all([
    import('./template/execute.ts'),
    import('./template/json-values.ts'),
  ]);
  const template = new Template(normalize(format), { name: 'inspect', typeName: 'interface {}' });
  return (data) => template.execute(toGoValues(data));
}
