import type { DiagramContainer, DiagramLink, DiagramPort, DiagramUnit } from './model.ts';
import {
  type Box,
  type Column,
  type Columns,
  cut,
  type Line,
  type Point,
  padding,
  plain,
  row,
  type Text,
  textBox,
  title,
} from './svg-shapes.ts';
import { isDown, linkText, networkTitle, portWay, printable, unitStatus, unitTitle } from './text.ts';

/** One pod, or a container outside pods, with its ports and the lines that lead to it. */
export function placeUnit(unit: DiagramUnit, columns: Columns, y: number) {
  const { x, width } = columns.units;
  const boxes: Box[] = [];
  const lines: Line[] = [];
  const secondary: { link: DiagramLink; to: Point }[] = [];
  const style = unit.missing.length > 0 ? 'bad' : unit.running ? 'good' : 'faint';
  const right = x + width - padding;
  const texts: Text[] = [
    { x: x + padding, y: y + 17, text: cut(unitTitle(unit)), style: 'title' },
    { x: right, y: y + 17, text: cut(unitStatus(unit)), style, anchor: 'end' },
  ];
  let next = y + 26;
  unit.links.forEach((link, index) => {
    texts.push({ x: x + padding, y: next + 13, text: cut(linkText(link)), style: 'plain' });
    const at = { x, y: next + 9 };
    if (index > 0) secondary.push({ link, to: at });
    else if (link.network.kind !== 'none') {
      const from = { x: columns.networks.x + columns.networks.width, y: at.y };
      lines.push({ kind: 'link', from, to: at, off: isDown(link) });
    }
    next += row;
  });
  for (const port of unit.ports) {
    const placed = placePort(port, columns, next);
    boxes.push(placed.box);
    lines.push(placed.line);
    texts.push({ x: x + padding, y: next + 15, text: `port ${printable(port.target)}`, style: 'plain' });
    next += portRow;
  }
  const inner: Box[] = [];
  for (const container of unit.containers) {
    if (unit.kind === 'pod') inner.push(containerBox(container, x + padding, next + 2, width - 2 * padding));
    else texts.push({ x: x + padding, y: next + 13, text: cut(printable(container.image)), style: 'faint' });
    next += unit.kind === 'pod' ? containerRow : row;
  }
  if (unit.kind === 'pod' && unit.containers.length === 0) {
    texts.push({ x: x + padding, y: next + 13, text: 'no containers', style: 'faint' });
    next += row;
  }
  const height = next + 6 - y;
  const box: Box = { kind: 'unit', x, y, width, height, texts, off: !unit.running, hint: unitTitle(unit) };
  return { boxes: [...boxes, box, ...inner], lines, secondary, height };
}

const portRow = 26;
const containerRow = 26;

function placePort(port: DiagramPort, columns: Columns, y: number): { box: Box; line: Line } {
  const { x, width } = columns.ports;
  const text = {
    x: x + width / 2,
    y: y + 15,
    text: cut(printable(port.host)),
    style: 'plain',
    anchor: 'middle',
  } as const;
  const off = port.via === '';
  return {
    box: { kind: 'port', x, y, width, height: portRow - 4, texts: [text], off, hint: printable(port.host) },
    line: {
      kind: 'port',
      from: { x: x + width, y: y + 11 },
      to: { x: columns.units.x, y: y + 11 },
      off,
      label: portWay(port),
    },
  };
}

function containerBox(container: DiagramContainer, x: number, y: number, width: number): Box {
  const style = container.state === 'running' ? 'good' : 'faint';
  const text = containerText(container);
  return {
    kind: 'container',
    x,
    y,
    width,
    height: containerRow - 4,
    texts: [
      { x: x + 8, y: y + 15, text: cut(text), style: 'plain' },
      { x: x + width - 8, y: y + 15, text: printable(container.state), style, anchor: 'end' },
    ],
    off: container.state !== 'running',
    hint: text,
  };
}

export function containerText({ name, image, ownNetwork }: DiagramContainer): string {
  const own = ownNetwork === '' ? '' : ` on ${ownNetwork}`;
  return printable(`${name}${own}${image === '' ? '' : `  ${image}`}`);
}

export function helperBox(unit: DiagramUnit, column: Column, y: number, height: number): Box {
  const [link] = unit.links;
  const gateways = (link?.gateways ?? []).map((one) => plain(`gateway ${one}`));
  const name = link ? networkTitle(link.network) : '';
  const box = textBox(
    'helper',
    column,
    y,
    [title(name), ...gateways],
    link?.interface === '' || unit.missing.includes(name),
  );
  return { ...box, height: Math.max(box.height, height) };
}
