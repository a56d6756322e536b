/**
 * Parts of peapod that run as processes of their own; `peapod internal NAME …` starts them. Not for people. Each
 * loads what it needs and nothing of the engine: somebody waits for it to start.
 */
export type InternalVerb = (args: readonly string[]) => Promise<number>;

export const internalVerbs: Readonly<Record<string, () => Promise<InternalVerb>>> = {
  relay: async () => (await import('../rootless/relay-process.ts')).run,
  'read-in-places': async () => (await import('./container/read-process.ts')).run,
  'append-to-etc': async () => (await import('./container/append-process.ts')).run,
  extract: async () => (await import('./image/extract-process.ts')).run,
  'files-in': async () => (await import('./files/in-process.ts')).run,
  'files-out': async () => (await import('./files/out-process.ts')).run,
  'files-changes': async () => (await import('./files/changes-process.ts')).run,
  'files-layer': async () => (await import('./files/layer-process.ts')).run,
  'files-export': async () => (await import('./files/export-process.ts')).run,
  'fill-volumes': async () => (await import('./container/fill-volumes.ts')).run,
  'unpack-layer': async () => (await import('./image/unpack-process.ts')).run,
};
