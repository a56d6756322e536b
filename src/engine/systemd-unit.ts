/** One service of systemd as text, see systemd.unit(5) and systemd.service(5). */
export interface Unit {
  /** Without `.service`. */
  readonly name: string;
  /** One file for services that differ in what stands behind `@` in their names. */
  readonly isTemplate: boolean;
  readonly requiresMountsFor: string;
  /** Lines of the section [Unit] that come of what peapod knows: a pod and its members. */
  readonly relations: readonly string[];
  /** `--wants`, `--after`, `--requires`. */
  readonly asked: readonly string[];
  /** `KEY=value`. */
  readonly environment: readonly string[];
  readonly restart: string;
  readonly startLimitBurst?: number | undefined;
  readonly restartSeconds?: number | undefined;
  readonly startTimeoutSeconds?: number | undefined;
  readonly stopTimeoutSeconds: number;
  readonly commands: readonly (readonly [key: string, words: readonly string[]])[];
  /** What systemd looks at to know whether it runs; `oneshot` where there is no process. */
  readonly type: { readonly pidFile: string } | 'oneshot';
}

/** More than the time that the stop itself may take. */
const stopMarginSeconds = 60;

export function unitText(unit: Unit, header: readonly string[]): string {
  const { type } = unit;
  const sections = [
    [
      '[Unit]',
      `Description=peapod ${unit.name}.service${unit.isTemplate ? ' for %I' : ''}`,
      'Wants=network-online.target',
      'After=network-online.target',
      `RequiresMountsFor=${unit.requiresMountsFor}`,
      ...unit.relations,
    ],
    ...(unit.asked.length > 0 ? [['# User-defined dependencies', ...unit.asked]] : []),
    [
      '[Service]',
      ...unit.environment.map((entry) => `Environment=${quote(entry)}`),
      `Restart=${unit.restart}`,
      ...(unit.startLimitBurst === undefined ? [] : [`StartLimitBurst=${unit.startLimitBurst}`]),
      ...(unit.restartSeconds === undefined ? [] : [`RestartSec=${unit.restartSeconds}`]),
      ...(unit.startTimeoutSeconds === undefined ? [] : [`TimeoutStartSec=${unit.startTimeoutSeconds}`]),
      `TimeoutStopSec=${unit.stopTimeoutSeconds + stopMarginSeconds}`,
      ...unit.commands.map(([key, words]) => `${key}=${commandText(words)}`),
      ...(type === 'oneshot'
        ? ['Type=oneshot', 'RemainAfterExit=yes']
        : [`PIDFile=${type.pidFile}`, 'Type=forking']),
      '# Helpers that others use too may be in its control group.',
      'KillMode=process',
    ],
    ['[Install]', 'WantedBy=default.target'],
  ];
  const text = sections.map((lines) => `${lines.join('\n')}\n`).join('\n');
  return `${[`# ${unitFile(unit)}`, ...header.map((line) => `# ${line}`)].join('\n')}\n\n${text}`;
}

export function unitFile({ name, isTemplate }: Unit): string {
  return `${name}${isTemplate ? '@' : ''}.service`;
}

/** As podman folds it: each option begins a line. */
function commandText(words: readonly string[]): string {
  return words
    .map((word, index) => `${index === 0 ? '' : word.startsWith('-') ? ' \\\n\t' : ' '}${commandWord(word)}`)
    .join('');
}

/** `%t` and `%n` are systemd's where we write them, and must not be where a user did: see `literal`. */
function commandWord(word: string): string {
  return word.startsWith(specifierMark)
    ? word.slice(specifierMark.length)
    : quote(word.replaceAll('$', '$$$$').replaceAll('%', '%%'));
}

const specifierMark = '\0';

/** A word in which `%t` and the like are systemd's specifiers. */
export function withSpecifiers(word: string): string {
  return specifierMark + word;
}

function quote(word: string): string {
  return word === '' || /[\s"'\\;]/.test(word) ? JSON.stringify(word) : word;
}
