import { PeapodError } from '../errors.ts';
import { CommandFailed, type Runner, toolMissing } from '../host/exec.ts';
import { checkInterrupt, endsWithParent, interruptible } from './interruption.ts';

export type Progress = (line: string) => void;

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
    'the image may not exist, or log in first: skopeo login REGISTRY',
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

  /** The manifest, byte for byte. `tlsVerify` undefined leaves it to registries.conf. */
  manifest(source: string, tlsVerify?: boolean): Promise<string> {
    return this.#inspect(['--raw', source], tlsVerify);
  }

  /** The configuration of an image for this host, byte for byte. */
  config(source: string, tlsVerify?: boolean): Promise<string> {
    return this.#inspect(['--config', '--raw', source], tlsVerify);
  }

  /** Paths in `source`, `destination` and `flags` are relative to `cwd`, so that no colon in one misleads. */
  async copy(
    source: string,
    destination: string,
    options: { cwd: string; flags?: readonly string[]; tlsVerify?: boolean | undefined; progress?: Progress },
  ): Promise<void> {
    const { cwd, flags = [], tlsVerify, progress } = options;
    const tls = tlsVerify === undefined ? [] : [`--src-tls-verify=${tlsVerify}`];
    const argv = [...endsWithParent, 'skopeo', 'copy', ...tls, ...flags, source, destination];
    checkInterrupt(this.#signal);
    let last = '';
    const exitCode = await this.#host.stream(
      argv,
      (line) => {
        last = line || last;
        if (!line.startsWith('time=')) progress?.(line);
      },
      { cwd, ...(this.#signal ? { signal: this.#signal } : {}) },
    );
    checkInterrupt(this.#signal);
    if (exitCode === 127 && last.startsWith('setpriv:')) throw toolMissing('skopeo');
    if (exitCode !== 0) throw skopeoError(argv, exitCode, last);
  }

  async #inspect(args: readonly string[], tlsVerify: boolean | undefined): Promise<string> {
    const tls = tlsVerify === undefined ? [] : [`--tls-verify=${tlsVerify}`];
    const argv = ['skopeo', 'inspect', ...tls, ...args];
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
