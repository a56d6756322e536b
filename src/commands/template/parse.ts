import { templateError } from './errors.ts';
import { functions } from './functions.ts';
import type { Argument, Command, Node, Pipe } from './nodes.ts';
import { type Token, type TokenKind, tokenize } from './tokens.ts';

const keywords = new Set([
  'if',
  'else',
  'end',
  'range',
  'with',
  'break',
  'continue',
  'define',
  'template',
  'block',
]);

/** Parses a template; throws INVALID_ARGUMENT in Go's words. `name` is the verb's, for messages. */
export function parseTemplate(source: string, name: string): Node[] {
  return new Parser(source, name).template();
}

class Parser {
  readonly source: string;
  readonly name: string;
  readonly tokens: readonly Token[];
  at = 0;
  /** Names in scope, innermost last. */
  variables: string[] = [''];
  rangeDepth = 0;

  constructor(source: string, name: string) {
    this.source = source;
    this.name = name;
    this.tokens = tokenize(source, name);
  }

  template(): Node[] {
    const { nodes, ended } = this.list();
    if (ended !== undefined) throw this.error(`unexpected {{${ended}}}`);
    return nodes;
  }

  /** Nodes up to `{{end}}`, `{{else…}}` or the end of the template. */
  list(): { nodes: Node[]; ended: 'end' | 'else' | undefined } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.next();
      if (token.kind === 'end of template') return { nodes, ended: undefined };
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      const word = this.peek().kind === 'word' ? this.peek().text : '';
      if (word === 'end') {
        this.next();
        this.expect('close', 'end');
        return { nodes, ended: 'end' };
      }
      if (word === 'else') {
        this.next();
        return { nodes, ended: 'else' };
      }
      nodes.push(this.action(word));
    }
  }

  action(word: string): Node {
    if (!keywords.has(word)) return { kind: 'action', pipe: this.pipe('command', 'close') };
    this.next();
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.control(word);
      case 'break':
      case 'continue':
        if (this.rangeDepth === 0) throw this.error(`{{${word}}} outside {{range}}`);
        this.expect('close', word);
        return { kind: word };
      default:
        throw this.error(`{{${word}}} is not supported: a format is one template`);
    }
  }

  control(kind: 'if' | 'with' | 'range'): Node {
    const scope = this.variables.length;
    const pipe = this.pipe(kind, 'close');
    if (kind === 'range') this.rangeDepth++;
    const { nodes: body, ended } = this.list();
    if (kind === 'range') this.rangeDepth--;
    let otherwise: Node[] = [];
    if (ended === undefined) throw this.error('unexpected EOF');
    if (ended === 'else') otherwise = this.elseBranch(kind);
    this.variables.length = scope;
    return { kind, pipe, body, otherwise };
  }

  /** Behind `{{else`: a list of its own, or `if …` / `with …`, which share the outer `{{end}}`. */
  elseBranch(kind: string): Node[] {
    const word = this.peek();
    if (word.kind === 'word' && (word.text === 'if' || word.text === 'with') && word.text === kind) {
      this.next();
      return [this.control(kind)];
    }
    this.expect('close', 'else');
    const { nodes, ended } = this.list();
    if (ended === undefined) throw this.error('unexpected EOF');
    if (ended === 'else') throw this.error('expected end; found {{else}}');
    return nodes;
  }

  pipe(context: string, closer: TokenKind): Pipe {
    const start = this.peek().start;
    const { variables, assigns } = this.declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.peek();
      if (token.kind === closer) {
        if (commands.length === 0) throw this.error(`missing value for ${context}`);
        this.next();
        for (const command of commands.slice(1)) this.refuseConstant(command);
        if (!assigns) this.variables.push(...variables);
        const end = (commands.at(-1) as Command).end;
        return { kind: 'pipe', variables, assigns, commands, start, end };
      }
      commands.push(this.command(context));
      if (this.peek().kind !== '|') continue;
      this.next();
      if (this.peek().kind === closer) throw this.error(`missing value for ${context}`);
    }
  }

  declarations(context: string): { variables: string[]; assigns: boolean } {
    const [first, second, third, fourth] = this.tokens.slice(this.at, this.at + 4) as Token[];
    if (first?.kind !== 'variable') return { variables: [], assigns: false };
    if (second?.kind === ':=' || second?.kind === '=') {
      this.at += 2;
      if (second.kind === '=') this.known(first);
      return { variables: [first.text], assigns: second.kind === '=' };
    }
    if (context === 'range' && second?.kind === ',' && third?.kind === 'variable') {
      if (fourth?.kind !== ':=' && fourth?.kind !== '=')
        throw this.error(`unexpected ${describe(fourth as Token)} in range`);
      this.at += 4;
      return { variables: [first.text, third.text], assigns: fourth.kind === '=' };
    }
    return { variables: [], assigns: false };
  }

  command(context: string): Command {
    const args: Argument[] = [];
    for (;;) {
      const argument = this.operand();
      if (argument === undefined) break;
      args.push(argument);
      const next = this.peek();
      if (next.kind === '|' || next.kind === ')' || next.kind === 'close') break;
      if (!next.spaceBefore) throw this.error(`unexpected ${describe(next)} in operand`);
    }
    const [first] = args;
    if (first === undefined) throw this.error(`unexpected ${describe(this.peek())} in ${context}`);
    return { args, start: first.start, end: (args.at(-1) as Argument).end };
  }

  operand(): Argument | undefined {
    const term = this.term();
    if (term === undefined) return undefined;
    const names: string[] = [];
    let { end } = term;
    let reportAt: number | undefined;
    while (this.peek().kind === 'field' && !this.peek().spaceBefore) {
      const token = this.next();
      reportAt ??= token.start;
      names.push(token.text);
      end = token.end;
    }
    if (names.length === 0) return term;
    const place = { start: term.start, end, ...(reportAt === undefined ? {} : { reportAt }) };
    if (term.kind === 'field' || term.kind === 'variable')
      return { ...term, names: [...term.names, ...names], ...place };
    if (term.kind === 'constant' || term.kind === 'nil')
      throw this.error(`unexpected . after term ${this.source.slice(term.start, term.end)}`);
    return { kind: 'chain', of: term, names, ...place };
  }

  term(): Argument | undefined {
    const token = this.peek();
    const { start, end } = token;
    switch (token.kind) {
      case 'dot':
        this.next();
        return { kind: 'dot', start, end };
      case 'field':
        this.next();
        return { kind: 'field', names: [token.text], start, end };
      case 'variable':
        this.next();
        this.known(token);
        return { kind: 'variable', name: token.text, names: [], start, end };
      case 'string':
        this.next();
        return { kind: 'constant', value: token.text, start, end };
      case 'number':
        this.next();
        return { kind: 'constant', value: this.number(token), start, end };
      case '(': {
        this.next();
        const scope = this.variables.length;
        const pipe = this.pipe('parenthesized pipeline', ')');
        this.variables.length = scope;
        return { ...pipe, start, end: (this.tokens[this.at - 1] as Token).end };
      }
      case 'word':
        this.next();
        if (token.text === 'true' || token.text === 'false')
          return { kind: 'constant', value: token.text === 'true', start, end };
        if (token.text === 'nil') return { kind: 'nil', start, end };
        if (keywords.has(token.text)) throw this.error(`unexpected <${token.text}> in operand`);
        if (!Object.hasOwn(functions, token.text)) throw this.error(`function "${token.text}" not defined`);
        return { kind: 'function', name: token.text, start, end };
      default:
        return undefined;
    }
  }

  number(token: Token): number {
    const text = token.text.replaceAll('_', '');
    const negative = text.startsWith('-');
    const value = Number(text.replace(/^[-+]/, ''));
    if (Number.isNaN(value)) throw this.error(`bad number syntax: "${token.text}"`);
    return negative ? -value : value;
  }

  known(token: Token): void {
    if (!this.variables.includes(token.text)) throw this.error(`undefined variable "$${token.text}"`);
  }

  refuseConstant(command: Command): void {
    const [first] = command.args;
    if (first?.kind === 'constant' || first?.kind === 'nil' || first?.kind === 'dot')
      throw this.error(`non executable command in pipeline stage 2`);
  }

  expect(kind: TokenKind, context: string): void {
    const token = this.next();
    if (token.kind !== kind) throw this.error(`unexpected ${describe(token)} in ${context}`);
  }

  peek(): Token {
    return this.tokens[this.at] as Token;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end of template') this.at++;
    return token;
  }

  error(what: string) {
    const token = this.tokens[Math.max(0, this.at - 1)] as Token;
    return templateError(this.name, this.source, token.start, what);
  }
}

function describe(token: Token): string {
  if (token.kind === 'end of template') return 'EOF';
  return token.kind === 'close' ? '"}}"' : `"${token.text}"`;
}
