import { PeapodError } from '../errors.ts';
import type { ImageConfig } from '../store/records.ts';

/** The part of a configuration that instructions change, writable. */
export type Settings = {
  -readonly [K in keyof NonNullable<ImageConfig['config']>]: NonNullable<ImageConfig['config']>[K];
} & { OnBuild?: readonly string[] };

type Instruction = (settings: Settings, argument: string, change: string) => void;

const instructions: Readonly<Record<string, Instruction>> = {
  CMD: (settings, argument) => {
    settings.Cmd = command(argument);
  },
  ENTRYPOINT: (settings, argument) => {
    settings.Entrypoint = command(argument);
  },
  ENV: (settings, argument, change) => {
    for (const [key, value] of pairs(argument, change)) {
      const others = (settings.Env ?? []).filter((entry) => !entry.startsWith(`${key}=`));
      settings.Env = [...others, `${key}=${value}`];
    }
  },
  EXPOSE: (settings, argument, change) => {
    const ports = { ...settings.ExposedPorts };
    for (const word of words(argument)) {
      if (!/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/i.test(word))
        throw invalid(change, `"${word}" is no port`);
      ports[word.includes('/') ? word.toLowerCase() : `${word}/tcp`] = {};
    }
    settings.ExposedPorts = ports;
  },
  LABEL: (settings, argument, change) => {
    settings.Labels = { ...settings.Labels, ...Object.fromEntries(pairs(argument, change)) };
  },
  ONBUILD: (settings, argument) => {
    settings.OnBuild = [...(settings.OnBuild ?? []), argument];
  },
  STOPSIGNAL: (settings, argument) => {
    settings.StopSignal = argument;
  },
  USER: (settings, argument) => {
    settings.User = argument;
  },
  VOLUME: (settings, argument) => {
    const paths = jsonWords(argument) ?? words(argument);
    settings.Volumes = { ...settings.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
  },
  WORKDIR: (settings, argument) => {
    settings.WorkingDir = argument;
  },
};

/**
 * `--change` of `commit` and `import`: `CMD ["a", "b"]`, `CMD=/bin/sh`, `ENV A=b`; see Containerfile(5).
 * Throws INVALID_ARGUMENT.
 */
export function applyChanges(settings: Settings, changes: readonly string[]): void {
  for (const change of changes) {
    const parts = /^\s*([A-Za-z]+)(?:\s+|\s*=\s*)([\s\S]*\S)\s*$/.exec(change);
    const name = parts?.[1]?.toUpperCase() ?? '';
    if (!parts) throw invalid(change, 'it is no instruction with a value');
    if (!Object.hasOwn(instructions, name)) throw invalid(change, `invalid instruction ${parts[1]}`);
    instructions[name]?.(settings, parts[2] as string, change);
  }
}

/** Without brackets a shell runs it. */
function command(argument: string): string[] {
  return jsonWords(argument) ?? ['/bin/sh', '-c', argument];
}

function jsonWords(argument: string): string[] | undefined {
  if (!argument.startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(argument);
    if (Array.isArray(parsed) && parsed.every((word) => typeof word === 'string')) return parsed;
  } catch {
    // a command of the shell may begin so, too
  }
  return undefined;
}

/** `A=b C="d e"`, or `A b c`. */
function pairs(argument: string, change: string): [string, string][] {
  if (!/^[^\s=]+=/.test(argument)) {
    const parts = /^(\S+)\s+([\s\S]+)$/.exec(argument);
    if (!parts) throw invalid(change, 'a value is missing');
    return [[parts[1] as string, parts[2] as string]];
  }
  return words(argument).map((word) => {
    const equals = word.indexOf('=');
    if (equals <= 0) throw invalid(change, `"${word}" is no KEY=VALUE`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Words as a shell takes them apart: quotes and backslashes keep spaces. */
function words(text: string): string[] {
  const found = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs) ?? [];
  return found.map((word) =>
    word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, escaped, double, single) =>
      double === undefined ? (escaped ?? single) : double.replace(/\\(["\\$])/g, '$1'),
    ),
  );
}

function invalid(change: string, why: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', `invalid change "${change}" - ${why}`, {
    hint: `instructions here: ${Object.keys(instructions).join(', ')}`,
  });
}
