/** An element of a document, with the text right below it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const nameSource = '[A-Za-z_][\\w.-]*';

/**
 * Reads the XML that a picture may be made of: elements, attributes, text, the five predefined entities and
 * numbers. Throws where it is not well-formed.
 */
export function parseXml(source: string): XmlElement {
  let at = 0;
  const root = element();
  if (source.slice(at).trim() !== '') throw new Error(`more than one root: ${source.slice(at, at + 40)}`);
  return root;

  function element(): XmlElement {
    const open = take(new RegExp(`<(${nameSource})`, 'y'));
    const name = open[1] as string;
    const attributes: Record<string, string> = {};
    for (;;) {
      const attribute = match(new RegExp(`\\s+(${nameSource})="([^"<]*)"`, 'y'));
      if (!attribute) break;
      const [, key = '', value = ''] = attribute;
      if (Object.hasOwn(attributes, key)) throw new Error(`${key} twice on ${name}`);
      attributes[key] = decode(value);
    }
    if (match(/\s*\/>/y)) return { name, attributes, children: [], text: '' };
    take(/\s*>/y);
    const children: XmlElement[] = [];
    let text = '';
    for (;;) {
      text += decode(match(/[^<]+/y)?.[0] ?? '');
      const close = match(new RegExp(`</(${nameSource})>`, 'y'));
      if (!close) children.push(element());
      else if (close[1] === name) return { name, attributes, children, text };
      else throw new Error(`${name} is closed by ${close[1]}`);
    }
  }

  function match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found ?? undefined;
  }

  function take(pattern: RegExp): RegExpExecArray {
    const found = match(pattern);
    if (!found) throw new Error(`no ${pattern} at ${at}: ${source.slice(at, at + 40)}`);
    return found;
  }
}

const predefined: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]|\]\]>/u.exec(text);
  if (forbidden) throw new Error(`${JSON.stringify(forbidden[0])} is no text`);
  return text.replace(/&(?:#(\d+);|(\w+);)?/g, (whole, code?: string, name?: string) => {
    const character = code ? String.fromCodePoint(Number(code)) : predefined[name ?? ''];
    if (character === undefined) throw new Error(`${whole} is no entity`);
    return character;
  });
}

/** The element and all below it. */
export function* elementsOf(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) yield* elementsOf(child);
}
