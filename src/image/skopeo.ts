import { PeapodError } from '../errors.ts';
import { CommandFailed, type Runner } from '../host/exec.ts';
import { endsWithParent } from '../host/processes.ts';
import { toolMissing } from '../host/tools.ts';
import { accessFlags, type RegistryAccess } from './access.ts';
import { checkInterrupt, interruptible } from './interruption.ts';

/** Gets the lines of a transfer. */
export interface Progress {
  (line: string): void;
  /** This file descriptor is a terminal: skopeo draws its bars there itself, as podman does. */
  readonly terminalFd?: number | undefined;
}

/** Errors that a person can act on, by what skopeo says. */
const known: readonly (readonly [RegExp, 'NOT_FOUND' | 'COMMAND_FAILED', string])[] = [
  [
    /manifest unknown|name unknown|not found|repository .* does not exist/i,
    'NOT_FOUND',
    'check the name and the tag',
  ],
  [
    /unauthorized|authentication required|denied|invalid username\/password/i,
    'COMMAND_FAILED',
    'the image may not exist, or log in first: peapod login REGISTRY',
  ],
  [
    /server gave HTTP response to HTTPS client/i,
    'COMMAND_FAILED',
    'the registry speaks plain HTTP: use --tls-verify=false, or name it in registries.conf',
  ],
  [
    /x509|certificate/i,
    'COMMAND_FAILED',
    "the registry's certificate is not trusted: add it to /etc/containers/certs.d, or use --tls-verify=false",
  ],
  [
    /no such host|dial tcp|connection refused|timeout|unreachable/i,
    'COMMAND_FAILED',
    'the registry does not answer: check its name and the network',
  ],
  [
    /policy\.json/i,
    'COMMAND_FAILED',
    'install the package golang-github-containers-common or write policy.json',
  ],
  [/Source image rejected/i, 'COMMAND_FAILED', 'policy.json does not allow this image'],
];

/** Moves images. Reads registries.conf, auth.json, policy.json, certs.d as every such tool does. */
export class Skopeo {
  readonly #host: Runner;
  readonly #signal: AbortSignal | undefined;

  constructor(host: Runner, signal?: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
  }

  /** The manifest, byte for byte. */
  manifest(source: string, access: RegistryAccess): Promise<string> {
    return this.#ask(['inspect', ...accessFlags(access, ''), '--raw', source]);
  }

  /** The configuration of an image, byte for byte; `flags` choose the platform. */
  config(source: string, access: RegistryAccess, flags: readonly string[]): Promise<string> {
    return this.#ask(['inspect', ...accessFlags(access, ''), ...flags, '--config', '--raw', source]);
  }

  async tags(repository: string, access: RegistryAccess): Promise<string[]> {
    const answer = await this.#ask(['list-tags', ...accessFlags(access, ''), `docker://${repository}`]);
    return (JSON.parse(answer) as { Tags?: string[] }).Tags ?? [];
  }

  /** Paths in `source`, `destination` and `flags` are relative to `cwd`, so that no colon in one misleads. */
  async copy(
    source: string,
    destination: string,
    options: { cwd: string; flags?: readonly string[]; progress?: Progress },
  ): Promise<void> {
    const { cwd, flags = [], progress } = options;
    const argv = [...endsWithParent, 'skopeo', 'copy', ...flags, source, destination];
    checkInterrupt(this.#signal);
    const place = { cwd, ...(this.#signal ? { signal: this.#signal } : {}) };
    let last = '';
    let exitCode: number;
    if (progress?.terminalFd === undefined) {
      const hear = (line: string) => {
        last = line || last;
        if (!line.startsWith('time=')) progress?.(line);
      };
      exitCode = await this.#host.stream(argv, hear, place);
    } else {
      const shown = { ...place, stdout: progress.terminalFd, accept: 'any' as const };
      const result = await interruptible(this.#signal, () => this.#host.run(argv, shown));
      last = result.stderr;
      exitCode = result.exitCode;
    }
    checkInterrupt(this.#signal);
    if (exitCode === 127 && last.startsWith('setpriv:')) throw toolMissing('skopeo');
    if (exitCode !== 0) throw skopeoError(argv, exitCode, last);
  }

  /** What a run of skopeo says went wrong, with what to do about it. */
  errorOf(
    argv: readonly string[],
    result: { readonly exitCode: number; readonly stderr: string },
  ): PeapodError {
    return skopeoError(argv, result.exitCode, result.stderr);
  }

  async #ask(args: readonly string[]): Promise<string> {
    const argv = ['skopeo', ...args];
    const result = await interruptible(this.#signal, (options) =>
      this.#host.run(argv, { accept: 'any', ...options }),
    );
    if (result.exitCode !== 0) throw skopeoError(argv, result.exitCode, result.stderr);
    return result.stdout;
  }
}

/** skopeo's last words are `time="…" level=fatal msg="…"`. */
function skopeoError(argv: readonly string[], exitCode: number, stderr: string): PeapodError {
  const cause = new CommandFailed(argv, { exitCode, stdout: '', stderr });
  const message = lastMessage(stderr) ?? cause.message;
  const [, code, hint] = known.find(([pattern]) => pattern.test(message)) ?? [
    undefined,
    'COMMAND_FAILED',
    undefined,
  ];
  return new PeapodError(code as 'COMMAND_FAILED', message, { ...(hint ? { hint } : {}), cause });
}

function lastMessage(stderr: string): string | undefined {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  const quoted = /msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
  try {
    const text = quoted ? (JSON.parse(quoted) as string) : line;
    return text.replace(/^Error parsing image name "[^"]*": /, '') || undefined;
  } catch {
    return line;
  }
}
