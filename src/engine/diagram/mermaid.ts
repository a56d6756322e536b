import type { Diagram, DiagramNetwork, DiagramUnit } from './model.ts';
import {
  isDown,
  linkText,
  networkDetails,
  networkTitle,
  portWay,
  unitStatus,
  unitTitle,
  uplinkText,
  userNamespaceTitle,
} from './text.ts';

/**
 * The picture as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html), as Markdown viewers draw
 * them: host ports → pods with their containers, and the networks between.
 */
export function drawMermaid(diagram: Diagram): string {
  const networkIds = new Map(diagram.networks.map((network, index) => [network.key, `net${index}`]));
  const shared = diagram.networks.filter(({ kind }) => kind !== 'helper' && kind !== 'none');
  const lines = ['flowchart LR'];
  for (const network of shared) if (!network.behindUplink) lines.push(networkNode(network));
  if (diagram.userNamespace) {
    const { uplink } = diagram.userNamespace;
    lines.push(`  subgraph userns[${label(userNamespaceTitle)}]`);
    if (uplink) lines.push(`    uplink([${label(uplinkText(uplink))}])`);
    const inside = shared.filter(({ behindUplink }) => behindUplink);
    for (const network of inside) lines.push(`  ${networkNode(network)}`);
    for (const network of inside.filter(({ internal }) => !internal))
      lines.push(`    uplink ---${uplink === 'running' ? '' : '|down|'} ${networkIds.get(network.key)}`);
    lines.push('  end');
  }
  diagram.units.forEach((unit, index) => {
    lines.push(...unitNodes(unit, `unit${index}`), ...linkEdges(unit, index), ...portEdges(unit, index));
  });
  if (diagram.units.length === 0) lines.push(`  nothing[${label('no pods and no containers')}]`);
  return `${lines.join('\n')}\n`;

  function networkNode(network: DiagramNetwork): string {
    const text = label(networkTitle(network), ...networkDetails(network));
    const id = networkIds.get(network.key);
    return network.kind === 'bridge' ? `  ${id}[[${text}]]` : `  ${id}[${text}]`;
  }

  function linkEdges(unit: DiagramUnit, index: number): string[] {
    return unit.links.flatMap((link, number) => {
      const { kind } = link.network;
      if (kind === 'none') return [];
      const text = link.interface === '' && !isDown(link) ? '' : `|${label(linkText(link))}|`;
      const edge = `${isDown(link) ? '-.-' : '---'}${text} unit${index}`;
      if (kind !== 'helper') return [`  ${networkIds.get(link.network.key)} ${edge}`];
      const id = `helper${index}x${number}`;
      const gateways = link.gateways.map((gateway) => `gateway ${gateway}`);
      return [`  ${id}([${label(networkTitle(link.network), ...gateways)}])`, `  ${id} ${edge}`];
    });
  }
}

/** A pod without containers is a node: Mermaid draws no empty subgraph. */
function unitNodes(unit: DiagramUnit, id: string): string[] {
  const offline = unit.links.some(({ network }) => network.kind === 'none') ? ['no network'] : [];
  const title = [unitTitle(unit), unitStatus(unit), ...offline];
  const [only] = unit.containers;
  if (unit.kind === 'container') return [`  ${id}[${label(...title, only?.image ?? '')}]`];
  if (!only) return [`  ${id}[${label(...title, 'no containers')}]`];
  return [
    `  subgraph ${id}[${label(title.join(' · '))}]`,
    ...unit.containers.map(({ name, state, image, ownNetwork }, index) => {
      const own = ownNetwork === '' ? '' : `network ${ownNetwork}`;
      return `    ${id}c${index}(${label(name, state, image, own)})`;
    }),
    '  end',
  ];
}

function portEdges(unit: DiagramUnit, index: number): string[] {
  return unit.ports.flatMap((port, number) => {
    const id = `port${index}x${number}`;
    const arrow = port.via === '' ? '-.->' : '-->';
    return [
      `  ${id}{{${label(port.host)}}}`,
      `  ${id} ${arrow}|${label(`${port.target} ${portWay(port)}`)}| unit${index}`,
    ];
  });
}

/**
 * A quoted label of several lines. Whatever could end the quotes, or mean something to Mermaid, Markdown or
 * HTML, becomes an entity code, which Mermaid writes `#35;`.
 */
function label(...lines: readonly string[]): string {
  return `"${lines
    .filter((line) => line !== '')
    .map(escapeMermaid)
    .join('<br/>')}"`;
}

export function escapeMermaid(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return plain.replace(
    /[^\p{L}\p{N}\p{M} .,:/()@+=·'\uFFFD-]|_(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])_/gu,
    (character) => {
      return `#${character.codePointAt(0)};`;
    },
  );
}
