import { isSwitch } from '../flag-values.ts';
import type { Flag, FlagSet } from '../flags.ts';
import { topFlags } from '../global-flags.ts';
import { aliases, verbs } from '../registry.ts';
import { differences } from './differences.ts';
import { whyNoFlag, whyNoVerb } from './refuse.ts';

/** What scripts/podman-commands.mjs reads from podman's help. */
export interface PodmanCommands {
  readonly version: string;
  readonly commands: Readonly<Record<string, PodmanCommand>>;
}

export interface PodmanCommand {
  readonly summary: string;
  readonly flags: Readonly<Record<string, PodmanFlag>>;
}

interface PodmanFlag {
  readonly short?: string;
  /** The word for the value; a switch has none. */
  readonly value?: string;
}

export type Verdict = { readonly is: 'works' | 'differs' | 'not here'; readonly remark?: string };

export interface ComparedCommand {
  readonly path: string;
  readonly verdict: Verdict;
  readonly flags: readonly { readonly name: string; readonly verdict: Verdict }[];
}

/** podman's commands beside the definitions. `gaps` tells what nobody has given a reason for. */
export async function compare(
  podman: PodmanCommands,
): Promise<{ commands: ComparedCommand[]; gaps: string[] }> {
  const gaps: string[] = [];
  const commands: ComparedCommand[] = [];
  for (const [path, { flags }] of Object.entries(podman.commands)) {
    const own = await flagsOf(path);
    if (own === undefined) {
      const remark = whyNoVerb(path);
      if (remark === undefined) gaps.push(`peapod ${path}`);
      commands.push({ path, verdict: { is: 'not here', remark: remark ?? '' }, flags: [] });
      continue;
    }
    const compared = Object.entries(flags).map(([name, flag]) => {
      const { verdict, gap } = compareFlag(path, name, flag, own);
      if (gap !== undefined) gaps.push(`peapod ${path} ${gap}`.replace('  ', ' '));
      return { name: spelled(name, flag), verdict };
    });
    commands.push({ path, verdict: remarked(path), flags: compared });
  }
  return { commands, gaps };
}

function compareFlag(
  path: string,
  name: string,
  flag: PodmanFlag,
  own: FlagSet,
): { verdict: Verdict; gap?: string } {
  const ours = findFlag(own, name);
  const why = whyNoFlag(path, `--${name}`);
  if (ours === undefined) {
    const verdict: Verdict = { is: 'not here', remark: why ?? '' };
    const whyNoShort = flag.short === undefined ? why : whyNoFlag(path, `-${flag.short}`);
    return why === undefined || whyNoShort !== why ? { verdict, gap: spelled(name, flag) } : { verdict };
  }
  const verdict = remarked(`${path} --${name}`.trim());
  const isRemarked = verdict.is === 'differs';
  if (isSwitch(ours) !== (flag.value === undefined) && !isRemarked)
    return { verdict, gap: `--${name}: takes a value in one of both` };
  if (flag.short !== undefined && ours.short !== flag.short && !isRemarked)
    return { verdict, gap: `-${flag.short} of --${name}` };
  return { verdict };
}

function remarked(key: string): Verdict {
  const remark = differences[key] ?? differences[key.replace(/^.* (?=--)/, '')];
  return remark === undefined ? { is: 'works' } : { is: 'differs', remark };
}

function spelled(name: string, { short }: PodmanFlag): string {
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}

export function findFlag(own: FlagSet, name: string): Flag | undefined {
  if (Object.hasOwn(own, name)) return own[name];
  return Object.values(own).find((flag) => flag.aliases?.includes(name));
}

export async function flagsOf(path: string): Promise<FlagSet | undefined> {
  if (path === '') return topFlags;
  return (await verbs[aliases[path] ?? path]?.load())?.flags;
}
