import type { Diagram } from './model.ts';
import { layOut } from './svg-layout.ts';
import type { Box, Layout, Line, Text } from './svg-shapes.ts';
import { printable } from './text.ts';

/**
 * The picture as an SVG document (https://www.w3.org/TR/SVG2/) that needs nothing else: no font, no script,
 * no style from elsewhere. Follows the viewer's choice of light or dark.
 */
export function drawSvg(diagram: Diagram): string {
  return writeSvg(layOut(diagram));
}

const light = {
  page: '#ffffff',
  ink: '#1f2328',
  faint: '#59636e',
  unit: '#f6f8fa',
  container: '#ffffff',
  network: '#ddf4ff',
  networkEdge: '#0969da',
  port: '#fff8c5',
  portEdge: '#9a6700',
  edge: '#8c959f',
  good: '#1a7f37',
  bad: '#cf222e',
};

const dark: typeof light = {
  page: '#0d1117',
  ink: '#f0f6fc',
  faint: '#9198a1',
  unit: '#161b22',
  container: '#0d1117',
  network: '#0c2d4a',
  networkEdge: '#4493f8',
  port: '#3a2d05',
  portEdge: '#d29922',
  edge: '#6e7681',
  good: '#3fb950',
  bad: '#f85149',
};

function rules(colours: typeof light): string {
  const { page, ink, faint, unit, container, network, networkEdge, port, portEdge, edge, good, bad } =
    colours;
  return [
    `.page{fill:${page}}`,
    `text{fill:${ink}}`,
    `.faint,.heading{fill:${faint}}`,
    `.good{fill:${good}}`,
    `.bad{fill:${bad}}`,
    `.unit{fill:${unit};stroke:${edge}}`,
    `.container{fill:${container};stroke:${edge}}`,
    `.network,.helper,.uplink{fill:${network};stroke:${networkEdge}}`,
    `.frame{fill:none;stroke:${networkEdge};stroke-dasharray:2 3}`,
    `.port{fill:${port};stroke:${portEdge}}`,
    `.line-port{stroke:${portEdge}}`,
    `.line-link,.line-uplink{stroke:${networkEdge}}`,
  ].join('');
}

const style = [
  'text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}',
  '.title,.heading{font-weight:bold}',
  '.end{text-anchor:end}.middle{text-anchor:middle}',
  'path{fill:none;stroke-width:1.5}',
  '.off{stroke-dasharray:4 3}',
  rules(light),
  `@media (prefers-color-scheme:dark){${rules(dark)}}`,
].join('');

function writeSvg({ width, height, headings, frames, lines, boxes }: Layout): string {
  const size = `width="${number(width)}" height="${number(height)}" viewBox="0 0 ${number(width)} ${number(height)}"`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`,
    '<title>Networks, pods and containers</title>',
    `<style>${style}</style>`,
    `<rect class="page" width="${number(width)}" height="${number(height)}"/>`,
    ...headings.map(writeText),
    ...frames.map(writeBox),
    ...lines.map(writeLine),
    ...boxes.map(writeBox),
    // Over the boxes that the lines pass behind.
    ...lines.flatMap(writeLabel),
    '</svg>',
  ].join('\n')}\n`;
}

function writeBox({ kind, x, y, width, height, texts, off, hint }: Box): string {
  const place = `x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"`;
  const rect = `<rect class="${kind}${off ? ' off' : ''}" ${place} rx="${kind === 'port' ? 11 : 6}"/>`;
  return ['<g>', hint ? `<title>${escapeXml(hint)}</title>` : '', rect, ...texts.map(writeText), '</g>'].join(
    '',
  );
}

function writeText({ x, y, text, style, anchor }: Text): string {
  const classes = anchor ? `${style} ${anchor}` : style;
  return `<text class="${classes}" x="${number(x)}" y="${number(y)}">${escapeXml(text)}</text>`;
}

function writeLine({ kind, from, to, off }: Line): string {
  const straight = from.y === to.y || from.x === to.x;
  const half = (from.x + to.x) / 2;
  const way = straight
    ? `L${point(to)}`
    : `C${point({ x: half, y: from.y })} ${point({ x: half, y: to.y })} ${point(to)}`;
  return `<path class="line-${kind}${off ? ' off' : ''}" d="M${point(from)}${way}"/>`;
}

function writeLabel({ label, from }: Line): string[] {
  return label ? [writeText({ x: from.x + 6, y: from.y - 4, text: label, style: 'faint' })] : [];
}

function point({ x, y }: { readonly x: number; readonly y: number }): string {
  return `${number(x)},${number(y)}`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return printable(text).replace(/[&<>"']/g, (character) => entities[character] as string);
}
