import { nearest } from '../suggest.ts';
import { executionError, type Place } from './errors.ts';
import { functions } from './functions.ts';
import type { Argument, Command, Node, Pipe } from './nodes.ts';
import { parseTemplate } from './parse.ts';
import { display, GoTime, isMap, isStruct, isTrue, sortedEntries, typeName, type Value } from './values.ts';

export interface TemplateOptions {
  /** The verb, for messages. */
  readonly name: string;
  /** What Go calls the type of the data, for messages. */
  readonly typeName?: string;
  /** `.Host.Arch` finds `host.arch`: Go's field names where the data has those of JSON. */
  readonly ignoreCase?: boolean;
}

/** Limits what a template may print: `{{printf "%9999s" …}}` in a loop is nobody's format. */
const longestOutput = 64 * 1024 * 1024;

/** A parsed Go template. */
export class Template {
  readonly source: string;
  readonly options: TemplateOptions;
  readonly nodes: readonly Node[];

  /** Throws INVALID_ARGUMENT where the syntax is wrong. */
  constructor(source: string, options: TemplateOptions) {
    this.source = source;
    this.options = options;
    this.nodes = parseTemplate(source, options.name);
  }

  /** Throws INVALID_ARGUMENT in Go's words where the data has not what the template asks for. */
  execute(data: Value): string {
    const run = new Execution(this, data);
    run.list(this.nodes, data);
    return run.output;
  }
}

type Signal = 'break' | 'continue' | undefined;

class Execution {
  readonly template: Template;
  readonly data: Value;
  output = '';
  variables: { name: string; value: Value }[];

  constructor(template: Template, data: Value) {
    this.template = template;
    this.data = data;
    this.variables = [{ name: '', value: data }];
  }

  list(nodes: readonly Node[], dot: Value): Signal {
    for (const node of nodes) {
      const signal = this.node(node, dot);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  node(node: Node, dot: Value): Signal {
    switch (node.kind) {
      case 'text':
        this.print(node.text);
        return undefined;
      case 'action': {
        const value = this.pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.print(display(value));
        return undefined;
      }
      case 'if':
      case 'with': {
        const scope = this.variables.length;
        const value = this.pipe(node.pipe, dot);
        const chosen = isTrue(value) ? node.body : node.otherwise;
        const signal = this.list(chosen, node.kind === 'with' && isTrue(value) ? value : dot);
        this.variables.length = scope;
        return signal;
      }
      case 'range':
        this.range(node, dot);
        return undefined;
      default:
        return node.kind;
    }
  }

  range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): void {
    const scope = this.variables.length;
    const over = this.pipe({ ...node.pipe, variables: [] }, dot);
    const entries = this.entries(over, node.pipe);
    for (const [key, element] of entries) {
      const [first, second] = node.pipe.variables;
      if (second !== undefined)
        this.set(node.pipe, [
          [first as string, key],
          [second, element],
        ]);
      else if (first !== undefined) this.set(node.pipe, [[first, element]]);
      const signal = this.list(node.body, element);
      this.variables.length = scope;
      if (signal === 'break') return;
    }
    if (entries.length === 0) this.list(node.otherwise, dot);
    this.variables.length = scope;
  }

  entries(value: Value, place: Place): (readonly [Value, Value])[] {
    if (Array.isArray(value)) return value.map((element, i) => [i, element] as const);
    if (isMap(value)) return sortedEntries(value);
    if (value === null || value === undefined) return [];
    throw this.error(place, `range can't iterate over ${display(value)}`);
  }

  pipe(pipe: Pipe, dot: Value): Value {
    let value: Value;
    let piped: Value[] = [];
    for (const command of pipe.commands) {
      value = this.command(command, dot, piped);
      piped = [value];
    }
    const [variable] = pipe.variables;
    if (variable !== undefined) this.set(pipe, [[variable, value]]);
    return value;
  }

  set(pipe: Pipe, values: readonly (readonly [string, Value])[]): void {
    for (const [name, value] of values) {
      const existing = pipe.assigns
        ? this.variables.findLast((variable) => variable.name === name)
        : undefined;
      if (existing !== undefined) existing.value = value;
      else this.variables.push({ name, value });
    }
  }

  command(command: Command, dot: Value, piped: readonly Value[]): Value {
    const [head, ...rest] = command.args as [Argument, ...Argument[]];
    if (head.kind === 'nil') throw this.error(head, 'nil is not a command');
    if (head.kind === 'function') return this.call(head.name, command, rest, dot, piped);
    const method = this.argument(head, dot, [
      ...rest.map((arg) => () => this.argument(arg, dot)),
      ...piped.map((p) => () => p),
    ]);
    if (rest.length + piped.length > 0 && !('names' in head && head.names.length > 0))
      throw this.error(head, `can't give argument to non-function ${this.text(head)}`);
    return method;
  }

  call(name: string, place: Place, args: readonly Argument[], dot: Value, piped: readonly Value[]): Value {
    const { min, max, call } = functions[name] as (typeof functions)[string];
    const count = args.length + piped.length;
    if (count < min || count > max) {
      const want = min === max ? min : `at least ${min}`;
      throw this.error(place, `wrong number of args for ${name}: want ${want} got ${count}`);
    }
    if (name === 'and' || name === 'or') {
      let value: Value;
      for (const get of [...args.map((arg) => () => this.argument(arg, dot)), ...piped.map((p) => () => p)]) {
        value = get();
        if (isTrue(value) === (name === 'or')) return value;
      }
      return value;
    }
    const values = [...args.map((arg) => this.argument(arg, dot)), ...piped];
    try {
      return call(...values);
    } catch (error) {
      throw this.error(place, (error as Error).message);
    }
  }

  argument(argument: Argument, dot: Value, args: readonly (() => Value)[] = []): Value {
    switch (argument.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'constant':
        return argument.value;
      case 'function':
        return this.call(argument.name, argument, [], dot, []);
      case 'pipe':
        return this.pipe(argument, dot);
      case 'field':
        return this.fields(dot, argument.names, argument, args, dot === this.data);
      case 'chain':
        return this.fields(this.argument(argument.of, dot), argument.names, argument, args, false);
      case 'variable': {
        const variable = this.variables.findLast(({ name }) => name === argument.name);
        const value = variable?.value;
        return this.fields(value, argument.names, argument, args, argument.name === '');
      }
    }
  }

  /** Only the last name of a chain gets the arguments. */
  fields(
    from: Value,
    names: readonly string[],
    place: Place,
    args: readonly (() => Value)[],
    top: boolean,
  ): Value {
    return names.reduce((value, name, i) => {
      const last = i === names.length - 1;
      const owner = i === 0 && top ? this.template.options.typeName : names[i - 1];
      return this.field(value, name, place, last ? args : [], owner);
    }, from);
  }

  field(value: Value, name: string, place: Place, args: readonly (() => Value)[], owner?: string): Value {
    if (value === null || value === undefined)
      throw this.error(place, `nil pointer evaluating interface {}.${name}`);
    if (isMap(value) && args.length === 0) return value.get(name);
    if (value instanceof GoTime && name === 'Unix') return value.unix;
    const key = isStruct(value) ? this.key(value, name) : undefined;
    if (key === undefined) {
      const type = isStruct(value) ? (owner ?? 'struct') : typeName(value);
      throw this.error(place, `can't evaluate field ${name} in type ${type}`, fieldHint(value, name));
    }
    const member = (value as Record<string, Value>)[key];
    if (typeof member === 'function') return member(...args.map((get) => get()));
    if (args.length > 0) throw this.error(place, `${name} has arguments but cannot be invoked as function`);
    return member;
  }

  key(value: Record<string, Value>, name: string): string | undefined {
    if (Object.hasOwn(value, name)) return name;
    const other = name === 'ID' ? 'Id' : name === 'Id' ? 'ID' : undefined;
    if (other !== undefined && Object.hasOwn(value, other)) return other;
    if (!this.template.options.ignoreCase) return undefined;
    const wanted = name.toLowerCase();
    return Object.keys(value).find((key) => key.toLowerCase() === wanted);
  }

  text(place: Place): string {
    return this.template.source.slice(place.start, place.end);
  }

  print(text: string): void {
    this.output += text;
    if (this.output.length > longestOutput)
      throw new Error('the output of the template is longer than 64 MiB');
  }

  error(place: Place, what: string, hint?: string) {
    return executionError(this.template.options.name, this.template.source, place, what, hint);
  }
}

function fieldHint(value: Value, name: string): string | undefined {
  if (!isStruct(value)) return undefined;
  const known = Object.keys(value);
  const near = nearest(name, known);
  return near.length > 0
    ? `did you mean ${near.map((n) => `.${n}`).join(' or ')}?`
    : `there are: ${known.map((n) => `.${n}`).join(' ')}`;
}
