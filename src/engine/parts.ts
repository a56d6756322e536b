import type { Containers } from './containers.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Operations } from './operations.ts';
import type { Pods } from './pods.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { Views } from './views-of.ts';

/** What the engine is made of: handed to verbs that are loaded only where they are asked for. */
export interface EngineParts {
  readonly context: Context;
  readonly operations: Operations;
  readonly sandboxes: Sandboxes;
  readonly lifecycle: Lifecycle;
  readonly pods: Pods;
  readonly containers: Containers;
  readonly views: Views;
}
