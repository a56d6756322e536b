import { PeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { ProgressSink } from './engine.ts';
import type { StartHow } from './launch.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Operations } from './operations.ts';
import type { Pods } from './pods.ts';
import type { ContainerCreateRequest } from './requests.ts';

/** How `create` ends: with the container as created, running in the background, or attended. */
export type AfterCreate = { readonly start: false } | ({ readonly start: true } & StartHow);

/** Where the lines for standard error go. */
export interface CreateSinks {
  readonly progress: ProgressSink;
  /** What podman would only warn about. */
  readonly warn: ProgressSink;
}

/** Containers by their names, and new ones. */
export class Containers {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #lifecycle: Lifecycle;
  readonly #pods: Pods;

  constructor(context: Context, operations: Operations, lifecycle: Lifecycle, pods: Pods) {
    this.#context = context;
    this.#operations = operations;
    this.#lifecycle = lifecycle;
    this.#pods = pods;
  }

  /** Throws NOT_FOUND. */
  require(nameOrId: string): ContainerRecord {
    const container = this.find(nameOrId);
    if (container) return container;
    throw new PeapodError(
      'NOT_FOUND',
      `no container with name or ID "${nameOrId}" found: no such container`,
      {
        hint: 'peapod ps -a lists the containers there are',
      },
    );
  }

  find(nameOrId: string): ContainerRecord | undefined {
    const { names, containers } = this.#context.store;
    const id = names.resolve('container', nameOrId);
    return id === undefined ? undefined : containers.get(id);
  }

  /** See ContainerCreation, which is loaded where something is created. */
  async create(
    request: ContainerCreateRequest,
    createCommand: readonly string[],
    after: AfterCreate,
    sinks: CreateSinks,
  ): Promise<string> {
    const { ContainerCreation } = await import('./container-creation.ts');
    const parts = [this.#context, this.#operations, this.#lifecycle, this.#pods] as const;
    return new ContainerCreation(...parts, this).create(request, createCommand, after, sinks);
  }
}
