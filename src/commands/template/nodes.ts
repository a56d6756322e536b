import type { Place } from './errors.ts';

/** What a template is made of, named as Go's text/template/parse names it. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'break' | 'continue' };

export interface Pipe extends Place {
  readonly kind: 'pipe';
  /** `$i, $x := …` */
  readonly variables: readonly string[];
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export interface Command extends Place {
  readonly args: readonly Argument[];
}

export type Argument =
  | Pipe
  | (Place &
      (
        | { readonly kind: 'dot' | 'nil' }
        | { readonly kind: 'constant'; readonly value: string | number | boolean }
        | { readonly kind: 'function'; readonly name: string }
        | { readonly kind: 'field'; readonly names: readonly string[] }
        | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
        | { readonly kind: 'chain'; readonly of: Argument; readonly names: readonly string[] }
      ));
