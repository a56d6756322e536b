import type { Diagram, DiagramNetwork, DiagramUnit } from './model.ts';
import {
  linkText,
  networkDetails,
  networkTitle,
  portWay,
  printable,
  unitStatus,
  unitTitle,
  uplinkText,
  userNamespaceTitle,
} from './text.ts';

interface Node {
  readonly line: string;
  readonly below: readonly Node[];
}

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan';
type Paint = (colour: Colour, text: string) => string;

/** Select Graphic Rendition of ECMA-48. */
const codes: Readonly<Record<Colour, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  cyan: 36,
};

/**
 * The picture as a tree for a terminal: networks, the pods on them, their ports and containers. A pod on
 * several networks stands below its first one and is named below the others.
 */
export function drawTree(diagram: Diagram, options: { readonly colour: boolean }): string {
  const paint: Paint = options.colour
    ? (colour, text) => `\x1b[${codes[colour]}m${text}\x1b[0m`
    : (_, text) => text;
  const units = Map.groupBy(diagram.units, ({ links }) => links[0]?.network.key ?? '');
  const others = Map.groupBy(
    diagram.units.flatMap((unit) => unit.links.slice(1).map((link) => ({ unit, link }))),
    ({ link }) => link.network.key,
  );
  const nodeOf = (network: DiagramNetwork): Node => ({
    line: [paint('bold', networkTitle(network)), ...networkDetails(network)].join(paint('dim', ' · ')),
    below: [
      ...(units.get(network.key) ?? []).map((unit) => unitNode(unit, paint)),
      ...(others.get(network.key) ?? []).map(({ unit, link }) => ({
        line: `${unitTitle(unit)} ${paint('blue', linkText(link))} ${paint('dim', `(see ${homeOf(unit)})`)}`,
        below: [],
      })),
    ],
  });
  const outside = diagram.networks.filter(({ behindUplink }) => !behindUplink);
  const inside = diagram.networks.filter(({ behindUplink }) => behindUplink);
  const top = outside.map(nodeOf);
  if (diagram.userNamespace) {
    const { uplink } = diagram.userNamespace;
    const text = uplink && uplinkText(uplink);
    const first = text ? [{ line: uplink === 'running' ? text : paint('red', text), below: [] }] : [];
    top.splice(outside.filter(({ kind }) => kind === 'bridge').length, 0, {
      line: paint('bold', userNamespaceTitle),
      below: [...first, ...inside.map(nodeOf)],
    });
  }
  const nothing = top.length === 0 ? [{ line: 'no pods and no containers', below: [] }] : top;
  return [paint('bold', 'host'), ...branches(nothing, '', paint), ''].join('\n');
}

function unitNode(unit: DiagramUnit, paint: Paint): Node {
  const status = paint(unit.missing.length > 0 ? 'red' : unit.running ? 'green' : 'yellow', unitStatus(unit));
  const [first] = unit.links;
  const shown = first && first.interface !== '' ? ` ${paint('blue', linkText(first))}` : '';
  const isPod = unit.kind === 'pod';
  const image = isPod ? '' : imageText(unit.containers[0]?.image ?? '', paint);
  return {
    line: `${paint('bold', unitTitle(unit))} ${status}${shown}${image}`,
    below: [
      ...unit.links.slice(1).map((link) => ({
        line: `${paint('blue', linkText(link))} on ${networkTitle(link.network)}`,
        below: [],
      })),
      ...unit.ports.map((port) => ({
        line: `${paint('cyan', printable(port.host))} → ${printable(port.target)} ${paint('dim', portWay(port))}`,
        below: [],
      })),
      ...(isPod ? unit.containers : []).map(({ name, state, image, ownNetwork }) => {
        const painted = paint(state === 'running' ? 'green' : 'yellow', printable(state));
        const own = ownNetwork === '' ? '' : ` ${paint('dim', `(network ${printable(ownNetwork)})`)}`;
        return { line: `container ${printable(name)} ${painted}${imageText(image, paint)}${own}`, below: [] };
      }),
    ],
  };
}

function homeOf({ links: [first] }: DiagramUnit): string {
  return first ? networkTitle(first.network) : '';
}

function imageText(image: string, paint: Paint): string {
  return image === '' ? '' : ` ${paint('dim', printable(image))}`;
}

function branches(nodes: readonly Node[], indent: string, paint: Paint): string[] {
  return nodes.flatMap(({ line, below }, index) => {
    const last = index === nodes.length - 1;
    const branch = paint('dim', `${indent}${last ? '└─ ' : '├─ '}`);
    return [`${branch}${line}`, ...branches(below, `${indent}${last ? '   ' : '│  '}`, paint)];
  });
}
