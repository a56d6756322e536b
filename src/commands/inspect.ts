import type { Engine } from '../engine/engine.ts';
import { isPeapodError, PeapodError } from '../errors.ts';
import { anyArguments, atLeast, wrongArguments } from './arguments.ts';
import { type Call, type Command, command } from './command.ts';
import { bool, type FlagSet, type FlagValues, string } from './flags.ts';
import { isJson, normalize } from './format/report.ts';

type Kind = 'container' | 'image' | 'volume' | 'network' | 'pod';
type Inspected = Record<string, unknown>;

interface Found {
  readonly data: Inspected;
  /** What a template sees, where that is not `data` with Go's types. */
  readonly fields?: Inspected;
}

/** In the order in which a name is looked up. */
const kinds: Readonly<Record<Kind, (engine: Engine, name: string) => Promise<Found>>> = {
  container: async (engine, name) => ({ data: await engine.containers.inspect(name) }),
  image: async (engine, name) => ({ data: await engine.images.inspect(name) }),
  volume: async (engine, name) => {
    const view = await engine.volumes.inspect(name);
    const { volumeJson, volumeRow } = await import('./volume-row.ts');
    return { data: volumeJson(view), fields: volumeRow(view) };
  },
  network: async (engine, name) => {
    const view = await engine.networks.inspect(name);
    const { networkInspectJson, networkInspectRow } = await import('./network-row.ts');
    return { data: networkInspectJson(view), fields: networkInspectRow(view) };
  },
  pod: async (engine, name) => ({ data: await engine.pods.inspect(name) }),
};

const flags = {
  format: string("A Go template, or 'json'", { short: 'f', default: 'json' }),
  latest: bool('Act on the last created one', { short: 'l' }),
} as const;

const sizeFlag = bool('Of containers, tell what they have written and what their root takes', { short: 's' });

const formatExample = `--format '{{.Id}} {{.NetworkSettings.IPAddress}}'`;

export const inspect = command({
  usage: '[options] {CONTAINER|IMAGE|VOLUME|NETWORK|POD} [...]',
  description:
    'Displays what is known of containers, images, volumes, networks or pods as JSON, or the part that a template asks for.',
  examples: ['inspect web', 'inspect --type image fedora', `inspect ${formatExample} web`],
  flags: {
    ...flags,
    size: sizeFlag,
    type: string('What the names are: container, image, volume, network, pod or all', {
      short: 't',
      default: 'all',
    }),
  },
  args: anyArguments,
  run: (call) => display(call, call.values.type ?? 'all'),
});

export const containerInspect = inspectOnly('container', 'CONTAINER [CONTAINER...]', [
  `container inspect ${formatExample} web`,
]);
export const imageInspect = inspectOnly('image', 'IMAGE [IMAGE...]', ['image inspect fedora']);
export const networkInspect = inspectOnly('network', 'NETWORK [NETWORK...]', [
  'network inspect web',
  "network inspect --format '{{range .Subnets}}{{.Subnet}} {{.Gateway}}{{end}}' web",
]);
export const podInspect = inspectOnly('pod', 'POD [POD...]', [
  'pod inspect web',
  "pod inspect --format '{{.State}}' web",
]);

export const volumeInspect = command({
  usage: '[options] VOLUME [VOLUME...]',
  examples: ['volume inspect data', "volume inspect --format '{{.Mountpoint}}' data"],
  flags: { all: bool('Display all volumes', { short: 'a' }), format: flags.format },
  args: anyArguments,
  async run(call) {
    if (call.values.all === call.args.length > 0)
      throw wrongArguments('provide one or more volume names or use --all', call.command);
    if (!call.values.all) return display(call, 'volume');
    const { volumes } = await call.engine();
    return display({ ...call, args: (await volumes.list()).map(({ name }) => name) }, 'volume');
  },
});

function inspectOnly(kind: Kind, names: string, examples: readonly string[]): Command {
  return command({
    usage: `[options] ${names}`,
    examples,
    flags:
      kind === 'container' ? { ...flags, size: sizeFlag } : kind === 'pod' ? flags : { format: flags.format },
    args: kind === 'network' ? atLeast(1) : anyArguments,
    run: (call) => display(call as unknown as InspectCall, kind),
  });
}

type InspectCall = Omit<Call<FlagSet>, 'values'> & {
  readonly values: Partial<FlagValues<typeof flags>> & { readonly size?: boolean };
};

async function display(call: InspectCall, type: string): Promise<number> {
  const { values, stdout } = call;
  if (type !== 'all' && !Object.hasOwn(kinds, type))
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `invalid type "${type}": must be "image", "container", "volume", "network", "pod" or "all"`,
    );
  const json = values.format === undefined || isJson(values.format);
  const wanted = (type === 'all' ? Object.keys(kinds) : [type]) as Kind[];
  // A template that cannot be parsed is told before anything is looked up.
  const render = json ? undefined : await renderer(values.format as string);
  const names = await namesOf(call, type === 'pod' ? 'pod' : 'container');
  const engine = await call.engine();
  const looked = await Promise.all(names.map((name) => lookUp(engine, name, wanted)));

  const found = looked.filter((result) => 'data' in result);
  if (values.size) await addSizes(engine, found);
  if (render === undefined) {
    const all = found.map(({ data }) => data);
    stdout.line(JSON.stringify(type === 'pod' && all.length === 1 ? all[0] : all, null, 5));
  } else for (const each of found) stdout.write(render(each));
  const errors = looked.flatMap((result) => ('error' in result ? [result.error] : []));
  for (const error of errors) call.report(error);
  return errors.length === 0 ? 0 : 125;
}

/** Of those that are containers. */
async function addSizes(engine: Engine, found: readonly Found[]): Promise<void> {
  const sizes = await engine.containers.sizes(found.map(({ data }) => String(data.Id)));
  for (const { data } of found) {
    const size = sizes.get(String(data.Id));
    if (size) Object.assign(data, { SizeRw: size.rwBytes, SizeRootFs: size.rootFsBytes });
  }
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
): Promise<Found | { error: unknown }> {
  for (const kind of wanted) {
    try {
      return await kinds[kind](engine, name);
    } catch (error) {
      if (!isPeapodError(error, 'NOT_FOUND')) return { error };
      if (wanted.length === 1) return { error };
    }
  }
  return {
    error: new PeapodError('NOT_FOUND', `no such object: "${name}"`, {
      hint: "'peapod ps -a', 'peapod images', 'peapod volume ls', 'peapod network ls' and 'peapod pod ps' list what there is",
    }),
  };
}

async function renderer(format: string): Promise<(found: Found) => string> {
  const [{ Template }, { toGoValues }] = await Promise.all([
    import('./template/execute.ts'),
    import('./template/json-values.ts'),
  ]);
  const template = new Template(normalize(format), { name: 'inspect', typeName: 'interface {}' });
  return ({ data, fields }) => template.execute(fields ?? toGoValues(data));
}
