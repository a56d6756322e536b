import { writeFileSync } from 'node:fs';
import type { Diagram } from '../engine/diagram/model.ts';
import { messageOf, PeapodError } from '../errors.ts';
import { anyArguments } from './arguments.ts';
import { type Call, command } from './command.ts';
import { string } from './flags.ts';

type Draw = (diagram: Diagram, colour: boolean) => string;

const formats: Readonly<Record<string, () => Promise<Draw>>> = {
  tree: async () => {
    const { drawTree } = await import('../engine/diagram/tree.ts');
    return (diagram, colour) => drawTree(diagram, { colour });
  },
  mermaid: async () => (await import('../engine/diagram/mermaid.ts')).drawMermaid,
  svg: async () => (await import('../engine/diagram/svg.ts')).drawSvg,
};

/** By the end of `--output`. */
const formatOfEnding: Readonly<Record<string, string>> = { mmd: 'mermaid', svg: 'svg', txt: 'tree' };

export const networkDiagram = command({
  usage: '[options] [POD...]',
  description: `Draws pods with their containers, the networks they are on, their addresses and published ports, and
containers outside pods; or the named pods alone. On a terminal a tree, else Mermaid, which Markdown viewers
draw, or what the end of --output asks for (.svg, .mmd, .txt). The SVG is one file without fonts or scripts.`,
  examples: [
    'network diagram',
    'network diagram --output networks.svg',
    'network diagram --format mermaid web db',
  ],
  flags: {
    format: string('How to draw: tree, mermaid or svg'),
    output: string('Write to this file instead of standard output', { short: 'o' }),
  },
  args: anyArguments,
  async run(call) {
    const { values, args, stdout } = call;
    const terminal = values.output === undefined ? await call.terminal() : undefined;
    const format = values.format ?? formatOf(values.output) ?? (terminal ? 'tree' : 'mermaid');
    const load = Object.hasOwn(formats, format) ? formats[format] : undefined;
    if (!load) {
      throw new PeapodError('INVALID_ARGUMENT', `invalid format "${format}": must be tree, mermaid or svg`);
    }
    const [draw, diagram] = await Promise.all([load(), look(call, args)]);
    const picture = draw(diagram, terminal?.colour ?? false);
    if (values.output === undefined) stdout.write(picture);
    else write(values.output, picture);
    return 0;
  },
});

async function look(call: Pick<Call, 'engine'>, names: readonly string[]): Promise<Diagram> {
  const [engine, { diagramOf }] = await Promise.all([call.engine(), import('../engine/diagram/model.ts')]);
  const [pods, containers, networks] = await Promise.all([
    engine.pods.list(),
    engine.containers.list(),
    // What is wrong with a file is told by the commands that are about it.
    engine.networks.list({}, () => {}),
  ]);
  const internal = new Set(networks.filter((network) => network.internal).map(({ name }) => name));
  if (names.length === 0) return diagramOf(pods, containers, { internal });
  const named = await Promise.all(names.map((name) => engine.pods.inspect(name)));
  const ids = new Set(named.map(({ Id }) => Id));
  const chosen = pods.filter(({ id }) => ids.has(id));
  return diagramOf(chosen, containers, { internal, podsOnly: true });
}

function formatOf(output: string | undefined): string | undefined {
  const ending = /\.([a-z]+)$/i.exec(output ?? '')?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(formatOfEnding, ending) ? formatOfEnding[ending] : undefined;
}

function write(path: string, picture: string): void {
  try {
    writeFileSync(path, picture);
  } catch (cause) {
    throw new PeapodError('INVALID_ARGUMENT', `cannot write --output ${path}: ${messageOf(cause)}`, {
      hint: 'choose a file that can be written',
      cause,
    });
  }
}
