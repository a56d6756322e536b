import { display, typeName, type Value } from './values.ts';

const directive = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([a-zA-Z%])|%$/g;
const widest = 10_000;

/** Go's fmt.Sprintf for the values that templates have: https://pkg.go.dev/fmt */
export function sprintf(format: string, args: readonly Value[]): string {
  let used = 0;
  const take = (): Value => args[used++];
  const text = format.replace(directive, (whole, flags = '', width, precision, verb) => {
    if (verb === undefined) return '%!(NOVERB)';
    if (verb === '%') return '%';
    const wide = Math.min(widest, Number(width === '*' ? take() : (width ?? 0)) || 0);
    const dotted = whole.includes('.');
    const digits = dotted
      ? Math.min(100, Number(precision === '*' ? take() : (precision ?? 0)) || 0)
      : undefined;
    if (used >= args.length) return `%!${verb}(MISSING)`;
    const shown = formatOne(verb, flags, digits, take());
    const missing = wide - [...shown].length;
    if (missing <= 0) return shown;
    if (flags.includes('-')) return shown + ' '.repeat(missing);
    if (!flags.includes('0') || !/^[-+]?\d/.test(shown)) return ' '.repeat(missing) + shown;
    const sign = /^[-+]/.exec(shown)?.[0] ?? '';
    return sign + '0'.repeat(missing) + shown.slice(sign.length);
  });
  if (used >= args.length) return text;
  const extra = args.slice(used).map((arg) => `${typeName(arg)}=${display(arg)}`);
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function formatOne(verb: string, flags: string, digits: number | undefined, value: Value): string {
  const bad = `%!${verb}(${typeName(value)}=${display(value)})`;
  switch (verb) {
    case 'v':
      return typeof value === 'string' && flags.includes('#') ? quote(value) : display(value);
    case 's': {
      if (value === null) return '%!s(<nil>)';
      if (typeof value === 'number' || typeof value === 'boolean') return bad;
      const text = display(value);
      return digits === undefined ? text : [...text].slice(0, digits).join('');
    }
    case 'q':
      if (Array.isArray(value)) return `[${value.map((v) => formatOne('q', flags, digits, v)).join(' ')}]`;
      return typeof value === 'string' ? quote(value) : bad;
    case 'T':
      return typeName(value);
    case 't':
      return typeof value === 'boolean' ? String(value) : bad;
  }
  if (verb === 'x' || verb === 'X') {
    const hex =
      typeof value === 'string'
        ? Buffer.from(value).toString('hex')
        : typeof value === 'number' && Number.isInteger(value)
          ? `${value < 0 ? '-' : ''}${flags.includes('#') ? '0x' : ''}${Math.abs(value).toString(16)}`
          : bad;
    return verb === 'X' && hex !== bad ? hex.toUpperCase() : hex;
  }
  if (typeof value !== 'number') return bad;
  const plus = value < 0 ? '' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  switch (verb) {
    case 'd':
      return Number.isInteger(value) ? plus + String(value) : bad;
    case 'o':
      return value.toString(8);
    case 'b':
      return value.toString(2);
    case 'c':
      return Number.isInteger(value) && value >= 0 && value <= 0x10ffff ? String.fromCodePoint(value) : bad;
    case 'f':
    case 'F':
      return plus + value.toFixed(digits ?? 6);
    case 'e':
      return plus + value.toExponential(digits ?? 6).replace(/e([-+])(\d)$/, 'e$10$2');
    case 'g':
      return (
        plus + (digits === undefined ? String(value) : String(Number(value.toPrecision(Math.max(1, digits)))))
      );
    default:
      return bad;
  }
}

/** Go's strconv.Quote; JSON's escapes are the same but for these. */
function quote(text: string): string {
  return JSON.stringify(text)
    .replace(/\\u0007/g, '\\a')
    .replace(/\\u000b/g, '\\v')
    .replace(/\\u00(..)/g, '\\x$1');
}
