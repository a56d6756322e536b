import type { Context } from './engine/context.ts';
import type { Engine } from './engine/engine.ts';
import { Interrupt } from './engine/interrupt.ts';
import { PeapodEngine } from './engine/peapod-engine.ts';
import { hostRunner } from './host/exec.ts';
import { type HostFacts, readHostFacts } from './host/facts.ts';
import { type Paths, resolvePaths } from './host/paths.ts';
import { step, traceTo } from './host/trace.ts';
import type { BackendName, NetworkBackend } from './network/backend.ts';
import { EventLog } from './store/event-log.ts';
import { Store } from './store/store.ts';

export interface EngineOptions {
  readonly root?: string | undefined;
  readonly runRoot?: string | undefined;
  readonly networkConfig?: string | undefined;
  readonly logLevel: string;
}

/**
 * The composition root: host facts → stores → backends → engine. Finishes or undoes what a killed command
 * left before anything else is done.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const facts = readHostFacts();
  const paths = resolvePaths(facts, options);
  if (options.logLevel === 'debug' || options.logLevel === 'trace') traceToStderr();
  const interrupt = new Interrupt();
  interrupt.install();
  const store = new Store(paths.database, facts);
  const context: Context = {
    facts,
    paths,
    store,
    interrupt,
    events: new EventLog(paths.events),
    host: hostRunner,
    ...(await composePlaces(facts, paths)),
    images: once(async () => {
      const { ImageStore } = await import('./image/store.ts');
      return new ImageStore({
        paths,
        facts,
        host: hostRunner,
        inside: context.inside,
        table: store.images,
        signal: interrupt.signal,
      });
    }),
    self: [
      ...facts.self,
      ...['--root', paths.root, '--runroot', paths.runRoot],
      ...(options.networkConfig === undefined ? [] : ['--network-config-dir', paths.networkConfig]),
    ],
  };
  const engine = new PeapodEngine(context);
  await step('finish what killed commands left', () => engine.recover());
  return engine;
}

/** Where containers live and how their networks are made: the part that differs between root and others. */
async function composePlaces(
  facts: HostFacts,
  paths: Paths,
): Promise<
  Pick<Context, 'inside' | 'beside' | 'separateMounts' | 'visible' | 'backend' | 'doctor' | 'migrate'>
> {
  if (!facts.rootless) {
    const inside = async () => hostRunner;
    const backends: Record<BackendName, () => Promise<NetworkBackend>> = {
      bridge: once(async () => {
        const { ConflistBackend } = await import('../rootful/conflist-backend.ts');
        return new ConflistBackend({ runner: hostRunner, paths, facts });
      }),
      slirp4netns: once(async () => {
        const { Slirp4netnsBackend } = await import('../rootless/backend.ts');
        return new Slirp4netnsBackend({ inside, host: hostRunner, facts });
      }),
      pasta: once(async () => {
        const { PastaBackend } = await import('../rootless/pasta.ts');
        return new PastaBackend({ inside, host: hostRunner, facts });
      }),
    };
    return {
      inside,
      beside: inside,
      separateMounts: false,
      visible: (path) => path,
      backend: (name) => backends[name](),
      doctor: async () => (await import('./engine/doctor.ts')).examine(facts),
      migrate: async () => {},
    };
  }
  const { Keeper } = await import('../rootless/keeper.ts');
  const keeper = new Keeper({ paths, facts, host: hostRunner });
  const inside = () => keeper.runner();
  const backends: Record<BackendName, () => Promise<NetworkBackend>> = {
    slirp4netns: once(async () => {
      const { Slirp4netnsBackend } = await import('../rootless/backend.ts');
      return new Slirp4netnsBackend({ inside, host: hostRunner, facts, keeper });
    }),
    pasta: once(async () => {
      const { PastaBackend } = await import('../rootless/pasta.ts');
      return new PastaBackend({ inside, host: hostRunner, facts, keeper });
    }),
    bridge: once(async () => {
      const { UserNetworkBackend } = await import('../rootless/user-network.ts');
      return new UserNetworkBackend({
        keeper,
        inside,
        host: hostRunner,
        paths,
        facts,
        bridge: async (runner, names, loadedRules) => {
          const { ConflistBackend } = await import('../rootful/conflist-backend.ts');
          return new ConflistBackend({ runner, paths, facts, names, loadedRules });
        },
      });
    }),
  };
  return {
    inside,
    beside: () => keeper.userNamespace(),
    separateMounts: !facts.insideKeeper,
    visible: (path) => (facts.insideKeeper || keeper.running() ? keeper.pathFromOutside(path) : undefined),
    backend: (name) => backends[name](),
    doctor: async () => {
      const [{ examine }, { readRootlessReadings, rootlessProblems }] = await Promise.all([
        import('./engine/doctor.ts'),
        import('../rootless/requirements.ts'),
      ]);
      return examine(facts, rootlessProblems(readRootlessReadings(facts)));
    },
    migrate: () => keeper.stop(),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** `--log-level debug`: each step in words, and each command as it could be typed, with their durations. */
function traceToStderr(): void {
  traceTo(({ what, durationMs, how }) => {
    const took = durationMs === undefined ? undefined : `${durationMs.toFixed(1)} ms`;
    process.stderr.write(`debug: ${[took, how].filter(Boolean).join(', ')}: ${what}\n`);
  });
}
