import { templateError } from './errors.ts';

/** Tokens of Go's text/template: https://pkg.go.dev/text/template */
export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'field'
  | 'variable'
  | 'word'
  | 'dot'
  | 'string'
  | 'number'
  | '|'
  | '('
  | ')'
  | ','
  | ':='
  | '='
  | 'end of template';

export interface Token {
  readonly kind: TokenKind;
  /** Field and variable names without `.` and `$`, strings without quotes, else as written. */
  readonly text: string;
  /** Offsets into the source. */
  readonly start: number;
  readonly end: number;
  readonly spaceBefore: boolean;
}

export function tokenize(source: string, name: string): Token[] {
  const tokens: Token[] = [];
  const push = (kind: TokenKind, text: string, start: number, end: number, spaceBefore = false) =>
    tokens.push({ kind, text, start, end, spaceBefore });
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open < 0 ? source.length : open;
    let text = source.slice(at, end);
    if (trimNext) text = text.trimStart();
    const trimBefore = open >= 0 && source[open + 2] === '-' && isSpace(source[open + 3]);
    if (trimBefore) text = text.trimEnd();
    if (text !== '') push('text', text, at, end);
    if (open < 0) break;
    const inside = open + (trimBefore ? 4 : 2);
    if (source.startsWith('/*', inside)) {
      const close = source.indexOf('*/', inside + 2);
      const after = close < 0 ? null : /^(\s-)?\}\}/.exec(source.slice(close + 2));
      if (close < 0) throw templateError(name, source, open, 'unclosed comment');
      if (after === null) throw templateError(name, source, open, 'comment ends before closing delimiter');
      trimNext = after[1] !== undefined;
      at = close + 2 + after[0].length;
      continue;
    }
    push('open', '{{', open, inside);
    const action = tokenizeAction(source, name, inside, push);
    trimNext = action.trimAfter;
    at = action.end;
  }
  push('end of template', '', source.length, source.length);
  return tokens;
}

type Push = (kind: TokenKind, text: string, start: number, end: number, spaceBefore?: boolean) => void;

/** Each with the `y` flag, so that it matches only where it stands. */
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  [':=', /:=/y],
  ['number', /[-+]?(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(\d[\d_]*)?\.?\d[\d_]*([eE][-+]?\d+)?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
  ['variable', /\$[\p{L}\p{N}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
];

function tokenizeAction(source: string, name: string, from: number, push: Push) {
  let at = from;
  for (;;) {
    const before = at;
    while (isSpace(source[at])) at++;
    const space = at > before;
    const c = source[at];
    if (c === undefined) throw templateError(name, source, from, 'unclosed action');
    if (source.startsWith('}}', at) || (space && source.startsWith('-}}', at))) {
      const trimAfter = c === '-';
      const end = at + (trimAfter ? 3 : 2);
      push('close', '}}', at, end);
      return { end, trimAfter };
    }
    if (c === '"' || c === '`' || c === "'") {
      const { kind, text, end } = quoted(source, name, at);
      push(kind, text, at, end, space);
      at = end;
      continue;
    }
    const match = patterns
      .map(([kind, pattern]) => {
        pattern.lastIndex = at;
        return { kind, text: pattern.exec(source)?.[0] };
      })
      .find(({ text }) => text !== undefined && text !== '');
    if (match?.text !== undefined) {
      const end = at + match.text.length;
      const skip = match.kind === 'field' || match.kind === 'variable' ? 1 : 0;
      push(match.kind, match.text.slice(skip), at, end, space);
      at = end;
      continue;
    }
    if (c === '.') push('dot', c, at, at + 1, space);
    else if ('|(),='.includes(c)) push(c as TokenKind, c, at, at + 1, space);
    else {
      const code = (source.codePointAt(at) as number).toString(16).toUpperCase().padStart(4, '0');
      const shown = String.fromCodePoint(source.codePointAt(at) as number);
      throw templateError(name, source, at, `unexpected bad character U+${code} '${shown}' in command`);
    }
    at++;
  }
}

/** A string, a raw string, or a character, which is a number. */
function quoted(source: string, name: string, start: number) {
  const quote = source[start] as string;
  if (quote === '`') {
    const end = source.indexOf('`', start + 1);
    if (end < 0) throw templateError(name, source, start, 'unterminated raw quoted string');
    return { kind: 'string' as const, text: source.slice(start + 1, end), end: end + 1 };
  }
  let text = '';
  for (let at = start + 1; at < source.length; ) {
    const c = source[at] as string;
    if (c === quote) {
      if (quote === '"') return { kind: 'string' as const, text, end: at + 1 };
      if ([...text].length !== 1) throw templateError(name, source, start, 'malformed character constant');
      return { kind: 'number' as const, text: String(text.codePointAt(0)), end: at + 1 };
    }
    if (c === '\n') break;
    if (c !== '\\') {
      text += c;
      at++;
      continue;
    }
    const found = /^\\(?:([abfnrtv\\"'])|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))/.exec(
      source.slice(at, at + 10),
    );
    if (found === null) throw templateError(name, source, at, 'invalid escape in a string');
    const [whole, letter, hex2, hex4, hex8, octal] = found;
    const code =
      octal === undefined ? Number.parseInt(hex2 ?? hex4 ?? hex8 ?? '0', 16) : Number.parseInt(octal, 8);
    if (code > 0x10ffff) throw templateError(name, source, at, 'invalid escape in a string');
    text += letter === undefined ? String.fromCodePoint(code) : (escapes[letter] ?? letter);
    at += whole.length;
  }
  const what = quote === '"' ? 'unterminated quoted string' : 'unterminated character constant';
  throw templateError(name, source, start, what);
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function isSpace(c: string | undefined): boolean {
  return c === ' ' || c === '\t' || c === '\n' || c === '\r';
}
