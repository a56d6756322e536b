import { statSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { PeapodError } from '../errors.ts';
import { which } from '../host/tools.ts';
import type { RlimitSpec } from '../store/records/resources.ts';
import type { ContainerSpec } from '../store/records.ts';
import type { ProcessFlags } from './container-flags.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

type ProcessSpec = Pick<
  ContainerSpec,
  'ulimits' | 'oomScoreAdj' | 'umask' | 'groups' | 'personality' | 'initPath' | 'timezone'
>;

/** What the first process is like. Throws INVALID_ARGUMENT, TOOL_MISSING for `--init` without its program. */
export function parseProcess(flags: ProcessFlags, searchPath: string | undefined): ProcessSpec {
  const { oomScoreAdj } = flags;
  if (oomScoreAdj !== undefined && (oomScoreAdj < -1000 || oomScoreAdj > 1000))
    throw invalid(`--oom-score-adj ${oomScoreAdj}: not in the range from -1000 to 1000`);
  const ulimits = parseUlimits(flags.ulimits ?? []);
  return {
    ...(ulimits === undefined ? {} : { ulimits }),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    ...(flags.umask === undefined ? {} : { umask: parseUmask(flags.umask) }),
    ...(flags.groupAdd?.length ? { groups: parseGroups(flags.groupAdd) } : {}),
    ...(flags.personality === undefined ? {} : { personality: parsePersonality(flags.personality) }),
    ...(flags.init ? { initPath: findInit(flags.initPath, searchPath) } : {}),
    ...(flags.timezone ? { timezone: checkTimezone(flags.timezone) } : {}),
  };
}

const ulimitNames = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
);

/** `name=soft[:hard]`, -1 for no limit; `host` alone for the caller's own. */
function parseUlimits(words: readonly string[]): readonly RlimitSpec[] | 'host' | undefined {
  if (words.length === 0) return undefined;
  if (words.includes('host')) {
    if (words.length > 1) throw invalid("ulimit can use the name 'host' only alone");
    return 'host';
  }
  const byName = new Map(words.map((word) => [word.split('=')[0], parseUlimit(word)]));
  return [...byName.values()];
}

function parseUlimit(word: string): RlimitSpec {
  const refuse = (why: string) =>
    invalid(`ulimit option "${word}" requires name=SOFT:HARD, failed to be parsed: ${why}`);
  const [, name, values] = /^([^=]+)=(.+)$/.exec(word) ?? [];
  if (name === undefined || values === undefined) throw refuse(`invalid ulimit argument: ${word}`);
  if (!ulimitNames.has(name)) throw refuse(`invalid ulimit type: ${name}`);
  const limits = values.split(':').map((text) => (text === 'unlimited' ? '-1' : text));
  const wrong = limits.find((text) => !/^(-1|\d{1,15})$/.test(text));
  if (wrong !== undefined) throw refuse(`"${wrong}" is not a number`);
  if (limits.length > 2)
    throw refuse(`too many limit value arguments - ${values}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = limits.map(Number);
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw refuse(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { name, soft, hard };
}

function parseUmask(word: string): number {
  if (!/^[0-7]{1,4}$/.test(word))
    throw invalid(`invalid umask string ${word}: invalid argument`, 'octal digits, for example 0022');
  return Number.parseInt(word, 8);
}

function parseGroups(words: readonly string[]): readonly string[] {
  if (words.includes('keep-groups') && words.length > 1) {
    throw invalid("the '--group-add keep-groups' option is not allowed with any other --group-add options");
  }
  return words;
}

function parsePersonality(word: string): string {
  if (word === 'LINUX' || word === 'LINUX32') return word;
  throw invalid(`--personality ${word}: unknown personality`, 'choose LINUX or LINUX32');
}

/** Where distributions put it that is not on the PATH. */
const initPlaces = ['/usr/libexec/podman/catatonit', '/usr/libexec/catatonit/catatonit'];

function findInit(asked: string | undefined, searchPath: string | undefined): string {
  if (asked !== undefined) {
    if (statSync(asked, { throwIfNoEntry: false })?.isFile() && isAbsolute(asked)) return asked;
    throw invalid(`container-init binary not found on the host: stat ${asked}: no such file or directory`);
  }
  const known = initPlaces.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  return known ?? which('catatonit', searchPath);
}

const zoneinfo = '/usr/share/zoneinfo';

/** Where the host has the time zone's file. */
export function timezoneFile(timezone: string): string {
  return timezone === 'local' ? '/etc/localtime' : join(zoneinfo, timezone);
}

function checkTimezone(word: string): string {
  const path = timezoneFile(word);
  const inside = word === 'local' || normalize(path).startsWith(`${zoneinfo}/`);
  if (inside && statSync(path, { throwIfNoEntry: false })?.isFile()) return word;
  throw invalid(
    `finding timezone: stat ${path}: no such file or directory`,
    'for example --tz Europe/Berlin',
  );
}
