/** Parts of peapod that run as processes of their own; `peapod internal NAME …` starts them. Not for people. */
export type InternalVerb = (args: readonly string[]) => Promise<number>;

export const internalVerbs: Readonly<Record<string, () => Promise<InternalVerb>>> = {};
