/** What the picture is made of, and how large text is. */

/** Where everything of the picture stands, in pixels: host ports, networks, pods, from left to right. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly headings: readonly Text[];
  readonly frames: readonly Box[];
  readonly lines: readonly Line[];
  /** Drawn over the lines that pass behind them. */
  readonly boxes: readonly Box[];
}

export interface Text {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly style: 'title' | 'plain' | 'faint' | 'good' | 'bad' | 'heading';
  readonly anchor?: 'end' | 'middle';
}

export interface Box {
  readonly kind: 'port' | 'network' | 'helper' | 'uplink' | 'frame' | 'unit' | 'container';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly texts: readonly Text[];
  /** Not up, or not running. */
  readonly off: boolean;
  /** The whole of a text that is cut. */
  readonly hint?: string;
}

export interface Line {
  readonly kind: 'port' | 'link' | 'uplink';
  readonly from: Point;
  readonly to: Point;
  readonly off: boolean;
  readonly label?: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Of a 12 px monospaced font: 0.6 em, a little more where the font is wide. */
export const characterWidth = 7.3;
export const row = 18;
export const padding = 10;
export const margin = 24;
export const gap = 96;
export const top = 58;
export const framePadding = 12;
export const between = 16;
/** Longer texts are cut, so that one name does not make the picture unreadable. */
export const longest = 44;

export interface Column {
  readonly x: number;
  readonly width: number;
}

export interface Columns {
  readonly ports: Column;
  readonly networks: Column;
  readonly units: Column;
}

export type Worded = Pick<Text, 'text' | 'style'>;
export const title = (text: string): Worded => ({ text, style: 'title' });
export const plain = (text: string): Worded => ({ text, style: 'plain' });

export function textBox(
  kind: Box['kind'],
  { x, width }: Column,
  y: number,
  worded: readonly Worded[],
  off: boolean,
): Box {
  const texts = worded.map(({ text, style }, index) => {
    return { x: x + padding, y: y + 17 + index * row, text: cut(text), style };
  });
  const hint = worded.map(({ text }) => text).join(', ');
  return { kind, x, y, width, height: worded.length * row + 10, texts, off, hint };
}

export function widthOf(texts: readonly string[], least: number, most = longest): number {
  const length = Math.max(0, ...texts.map((text) => Math.min(cells(text), most)));
  return Math.max(least, Math.ceil(length * characterWidth) + 2 * padding + 8);
}

export function cut(text: string): string {
  if (cells(text) <= longest) return text;
  let kept = '';
  for (const character of text) {
    if (cells(kept) + cells(character) >= longest) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Characters of East Asian scripts and emoji take two. */
export function cells(text: string): number {
  const wide = text.match(
    /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F000}-\u{3FFFD}]/gu,
  );
  return [...text].length + (wide?.length ?? 0);
}
