import type { TestHost } from '../support/test-host.ts';
import { type Summary, summarize } from './statistics.ts';

/** What a pod manager is felt by: milliseconds that one step adds, and a rate that does not fall. */
export interface NetworkFigures {
  /** `pod start` with a bridge network, less `pod start` without any. */
  readonly attachMs: Readonly<Record<Tool, number>>;
  /** `pod publish` on a running pod, the whole command; podman has none. */
  readonly publish: Summary;
  /** Time of the last 20 starts by that of the first 20, of as many pods as were asked for on one bridge. */
  readonly lastByFirst: number;
}

const tools = ['peapod', 'podman'] as const;
export type Tool = (typeof tools)[number];

const pods = 200;
const edge = 20;

export async function measureNetworks(host: TestHost, rounds: number): Promise<NetworkFigures> {
  for (const tool of tools) {
    // Another pod keeps the bridge and its name server there: those that are timed do not have to make them.
    await host.sh(`{
      ${tool} network create ${networkOf(tool)}
      ${tool} pod create --name standing --network ${networkOf(tool)}
      ${tool} pod start standing
    } >/dev/null`);
  }
  const starts = { peapod: newStarts(), podman: newStarts() };
  const publish: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const tool of tools) {
      for (const network of ['none', 'bridge'] as const) {
        const name = network === 'none' ? network : networkOf(tool);
        await host.sh(`${tool} pod create --name timed --network ${name} >/dev/null`);
        const ms = await timed(host, `${tool} pod start timed`);
        if (round > 0) starts[tool][network].push(ms);
        if (tool === 'peapod' && network === 'bridge') {
          publish.push(await timed(host, 'peapod pod publish timed 18081:80'));
        }
        await host.sh(`${tool} pod rm --force --time 0 timed >/dev/null`);
      }
    }
  }
  const lastByFirst = await measureMany(host);
  for (const tool of tools) {
    await host.sh(`${tool} pod rm --force --time 0 standing; ${tool} network rm ${networkOf(tool)}`);
  }
  const attachMs = (tool: Tool) =>
    summarize(starts[tool].bridge).median - summarize(starts[tool].none).median;
  return {
    attachMs: { peapod: attachMs('peapod'), podman: attachMs('podman') },
    publish: summarize(publish.slice(1)),
    lastByFirst,
  };
}

function networkOf(tool: Tool): string {
  return `bench-${tool}`;
}

function newStarts() {
  return { none: [] as number[], bridge: [] as number[] };
}

/** A command that takes the same whatever there is goes along: a machine's own speed wanders within such a run. */
async function measureMany(host: TestHost): Promise<number> {
  const took: number[] = [];
  const same: number[] = [];
  for (let number = 1; number <= pods; number += 1) {
    await host.ok('pod', 'create', '--name', `many${number}`, '--network', networkOf('peapod'));
    took.push(await timed(host, `peapod pod start many${number}`));
    same.push(await timed(host, 'peapod pod exists many1'));
  }
  await host.sh(`seq -f many%g ${pods} | xargs peapod pod rm --force >/dev/null`);
  const ratio = (all: readonly number[]) =>
    summarize(all.slice(-edge)).median / summarize(all.slice(0, edge)).median;
  return ratio(took) / ratio(same);
}

async function timed(host: TestHost, words: string): Promise<number> {
  const output = await host.sh(`start=$EPOCHREALTIME; ${words} >/dev/null; echo $start $EPOCHREALTIME`);
  const [start = Number.NaN, end = Number.NaN] = output.split(' ').map(Number);
  return (end - start) * 1000;
}

export function networkLines({ attachMs, publish, lastByFirst }: NetworkFigures): string[] {
  const mark = (value: number, limit: number) => (value <= limit ? `(at most ${limit})` : `ABOVE ${limit}`);
  const { peapod, podman } = attachMs;
  const cell = (value: number, digits = 1) => value.toFixed(digits).padStart(8);
  return [
    `attach to a bridge adds        peapod ${cell(peapod)}   podman ${cell(podman)}   ratio ${(peapod / podman).toFixed(2)}  ${mark(peapod, 15)}`,
    `pod publish on a running pod   peapod ${cell(publish.median)}   podman has none          ${mark(publish.median, 30)}`,
    `${pods} pods: last ${edge} by first ${edge}  peapod ${cell(lastByFirst, 2)}                            ${mark(lastByFirst, 1.3)}`,
  ];
}
