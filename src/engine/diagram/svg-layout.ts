import type { Diagram, DiagramLink, DiagramNetwork } from './model.ts';
import {
  type Box,
  between,
  type Column,
  type Columns,
  cut,
  framePadding,
  gap,
  type Layout,
  type Line,
  longest,
  margin,
  type Point,
  plain,
  row,
  type Text,
  textBox,
  title,
  top,
  widthOf,
} from './svg-shapes.ts';
import { containerText, helperBox, placeUnit } from './svg-units.ts';
import {
  linkText,
  networkDetails,
  networkTitle,
  printable,
  unitStatus,
  unitTitle,
  uplinkText,
  userNamespaceTitle,
} from './text.ts';

export function layOut(diagram: Diagram): Layout {
  const columns = columnsOf(diagram);
  const frames: Box[] = [];
  const lines: Line[] = [];
  const boxes: Box[] = [];
  const networkBoxes = new Map<string, Box>();
  const secondary: { link: DiagramLink; to: Point }[] = [];
  let y = top;
  let frameTop: number | undefined;
  let frameBottom = 0;
  let uplinkBox: Box | undefined;

  const primary = Map.groupBy(diagram.units, ({ links }) => links[0]?.network.key ?? '');
  for (const network of diagram.networks) {
    if (network.behindUplink && diagram.userNamespace && frameTop === undefined) {
      frameTop = y;
      const { uplink } = diagram.userNamespace;
      y += row + 8;
      if (uplink) {
        uplinkBox = textBox('uplink', columns.networks, y, [plain(uplinkText(uplink))], uplink === 'missing');
        boxes.push(uplinkBox);
        y += uplinkBox.height + between;
      }
    }
    if (!network.behindUplink && frameBottom > y - between) y = frameBottom + between;
    const start = y;
    for (const unit of primary.get(network.key) ?? []) {
      const placed = placeUnit(unit, columns, y);
      boxes.push(...placed.boxes);
      lines.push(...placed.lines);
      secondary.push(...placed.secondary);
      if (network.kind === 'helper') boxes.push(helperBox(unit, columns.networks, y, placed.height));
      y += placed.height + between;
    }
    if (network.kind === 'helper' || network.kind === 'none') continue;
    const texts = [title(networkTitle(network)), ...networkDetails(network).map(plain)];
    const least = textBox('network', columns.networks, start, texts, isOff(network));
    const box = { ...least, height: Math.max(least.height, y - start - between) };
    networkBoxes.set(network.key, box);
    boxes.push(box);
    y = Math.max(y, start + box.height + between);
    if (network.behindUplink) frameBottom = box.y + box.height + framePadding;
    if (network.behindUplink && !network.internal && uplinkBox) {
      // To a second network it passes behind the first one.
      const x = columns.networks.x + columns.networks.width / 2;
      const from = { x, y: uplinkBox.y + uplinkBox.height };
      lines.push({ kind: 'uplink', from, to: { x, y: box.y }, off: uplinkBox.off });
    }
  }
  if (frameTop !== undefined) {
    const { x, width } = columns.networks;
    frames.push({
      kind: 'frame',
      x: x - framePadding,
      y: frameTop,
      width: width + 2 * framePadding,
      height: frameBottom - frameTop,
      texts: [{ x, y: frameTop + 17, text: userNamespaceTitle, style: 'faint' }],
      off: false,
    });
  }
  for (const { link, to } of secondary) {
    const box = networkBoxes.get(link.network.key);
    if (!box) continue;
    const from = { x: box.x + box.width, y: box.y + box.height / 2 };
    lines.push({ kind: 'link', from, to, off: link.interface === '' });
  }
  const headings = [
    ...(columns.ports.width > 0 ? [heading(columns.ports, 'host ports')] : []),
    heading(columns.networks, 'networks'),
    heading(columns.units, 'pods and containers'),
  ];
  const width = columns.units.x + columns.units.width + margin;
  return {
    width,
    height: Math.max(y - between, frameBottom, top + row) + margin,
    headings,
    frames,
    lines,
    boxes,
  };
}

function columnsOf(diagram: Diagram): Columns {
  const { networks, units } = diagram;
  const ports = units.flatMap((unit) => unit.ports.map(({ host }) => host));
  const networkTexts = networks.flatMap((network) => [networkTitle(network), ...networkDetails(network)]);
  const { userNamespace } = diagram;
  const uplink = userNamespace
    ? [userNamespaceTitle, ...(userNamespace.uplink ? [uplinkText(userNamespace.uplink)] : [])]
    : [];
  const unitTexts = units.flatMap((unit) => [
    `${cut(unitTitle(unit))}   ${cut(unitStatus(unit))}`,
    ...unit.links.map(linkText),
    ...unit.containers.map((one) => `  ${cut(containerText(one))}   ${printable(one.state)}`),
  ]);
  const helpers = units.flatMap(({ links }) =>
    links.flatMap(({ gateways }) => gateways.map((one) => `gateway ${one}`)),
  );
  const portsWidth = ports.length === 0 ? 0 : widthOf(ports, 110);
  const networksX = margin + framePadding + (portsWidth === 0 ? 0 : portsWidth + gap);
  const networksWidth = widthOf([...networkTexts, ...uplink, ...helpers], 170);
  return {
    ports: { x: margin, width: portsWidth },
    networks: { x: networksX, width: networksWidth },
    units: { x: networksX + networksWidth + gap, width: widthOf(unitTexts, 240, 2 * longest) },
  };
}

function isOff(network: DiagramNetwork): boolean {
  return network.kind === 'bridge' && !network.up;
}

function heading({ x }: Column, text: string): Text {
  return { x, y: 36, text, style: 'heading' };
}
