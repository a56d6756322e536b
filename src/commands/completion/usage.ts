/** What stands in the store, or on the disk; a `rootfs` is an image or `host`. */
export type CompletionKind =
  | 'container'
  | 'pod'
  | 'image'
  | 'rootfs'
  | 'network'
  | 'volume'
  | 'secret'
  | 'file'
  | 'directory';

/** What one place of a usage line takes: names of these kinds, with `suffix` behind each. */
export interface Place {
  readonly kinds: readonly CompletionKind[];
  readonly suffix: string;
  /** What it takes besides: the words of `{bash|zsh|fish}`. */
  readonly words: readonly string[];
}

/** What the words of usage lines stand for; nothing is known of those with an empty list. */
export const kindOf: Readonly<Record<string, readonly CompletionKind[]>> = {
  CONTAINER: ['container'],
  POD: ['pod'],
  IMAGE: ['image'],
  NETWORK: ['network'],
  VOLUME: ['volume'],
  SECRET: ['secret'],
  COMMAND: ['file'],
  ARG: ['file'],
  FILE: ['file'],
  SOURCE: ['file'],
  PATH: ['file'],
  TARBALL: ['file'],
  DIRECTORY: ['directory'],
  SRC_PATH: ['file'],
  DEST_PATH: ['file'],
  CONTEXT: ['directory'],
  DESCRIPTORS: [],
  DESTINATION: [],
  CONTAINERPORT: [],
  FORMAT: [],
  HOSTPORT: [],
  IP: [],
  NAME: [],
  PORT: [],
  PROTOCOL: [],
  REGISTRY: [],
  TERM: [],
  URL: [],
};

/** The places of `[options] POD [CONTAINER...]` in their order. The last one that repeats does so for ever. */
export function placeOf(usage: string, index: number): Place {
  const places: Place[] = [];
  for (const word of usage.split(/\s+/)) {
    if (word === '' || word === '[options]') continue;
    const words = /^\{([a-z|]+)\}$/.exec(word)?.[1]?.split('|') ?? [];
    const names = wordsIn(word);
    const previous = places.at(-1);
    if (names.length === 0 && words.length === 0) {
      if (word === '[...]' && previous) return places[index] ?? previous;
      continue;
    }
    const place = {
      kinds: names.flatMap((name) => kindOf[name] ?? []),
      suffix: /^\[CONTAINER:\]/.test(word) ? ':' : '',
      words,
    };
    places.push(place);
    if (word.includes('...')) return places[index] ?? place;
  }
  return places[index] ?? { kinds: [], suffix: '', words: [] };
}

/** True where an image's place is one to make a container of. */
export function takesRootfs(usage: string): boolean {
  return /\bIMAGE \[COMMAND/.test(usage);
}

/** The words in capitals of a usage line. */
export function wordsIn(usage: string): string[] {
  return usage.match(/[A-Z]+(?:_[A-Z]+)*/g) ?? [];
}
