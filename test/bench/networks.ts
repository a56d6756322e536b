import type { TestHost } from '../support/test-host.ts';
import { type Summary, summarize } from './statistics.ts';

/** What a pod manager is felt by: milliseconds that one step adds, and a rate that does not fall. */
export interface NetworkFigures {
  /** `pod start` with a bridge network, less `pod start` without any. */
  readonly attachMs: number;
  /** `pod publish` on a running pod, the whole command. */
  readonly publish: Summary;
  /** Time of the last 20 starts by that of the first 20, of as many pods as were asked for on one bridge. */
  readonly lastByFirst: number;
}

const pods = 200;
const edge = 20;

export async function measureNetworks(host: TestHost, rounds: number): Promise<NetworkFigures> {
  await host.ok('network', 'create', 'benchnet');
  // Another pod keeps the bridge and its name server there: those that are timed do not have to make them.
  await host.ok('pod', 'create', '--name', 'standing', '--network', 'benchnet');
  await host.ok('pod', 'start', 'standing');
  const starts = { none: [] as number[], benchnet: [] as number[] };
  const publish: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const network of ['none', 'benchnet'] as const) {
      await host.ok('pod', 'create', '--name', 'timed', '--network', network);
      const ms = await timed(host, 'pod start timed');
      if (round > 0) starts[network].push(ms);
      if (network === 'benchnet') publish.push(await timed(host, 'pod publish timed 18081:80'));
      await host.ok('pod', 'rm', '--force', 'timed');
    }
  }
  const lastByFirst = await measureMany(host);
  await host.ok('network', 'rm', '--force', 'benchnet');
  const attachMs = summarize(starts.benchnet).median - summarize(starts.none).median;
  return { attachMs, publish: summarize(publish.slice(1)), lastByFirst };
}

/** A command that takes the same whatever there is goes along: a machine's own speed wanders within such a run. */
async function measureMany(host: TestHost): Promise<number> {
  const took: number[] = [];
  const same: number[] = [];
  for (let number = 1; number <= pods; number += 1) {
    await host.ok('pod', 'create', '--name', `many${number}`, '--network', 'benchnet');
    took.push(await timed(host, `pod start many${number}`));
    same.push(await timed(host, 'pod exists many1'));
  }
  await host.ok('pod', 'rm', '--all', '--force');
  const ratio = (all: readonly number[]) =>
    summarize(all.slice(-edge)).median / summarize(all.slice(0, edge)).median;
  return ratio(took) / ratio(same);
}

async function timed(host: TestHost, words: string): Promise<number> {
  const output = await host.sh(
    `start=$EPOCHREALTIME; peapod ${words} >/dev/null; echo $start $EPOCHREALTIME`,
  );
  const [start = Number.NaN, end = Number.NaN] = output.split(' ').map(Number);
  return (end - start) * 1000;
}

export function networkLines({ attachMs, publish, lastByFirst }: NetworkFigures): string[] {
  const mark = (value: number, limit: number) => (value <= limit ? `(at most ${limit})` : `ABOVE ${limit}`);
  return [
    `attach to a bridge adds        peapod ${attachMs.toFixed(1).padStart(8)} ms  ${mark(attachMs, 15)}`,
    `pod publish on a running pod   peapod ${publish.median.toFixed(1).padStart(8)} ms  ${mark(publish.median, 30)}`,
    `${pods} pods: last ${edge} by first ${edge}  peapod ${lastByFirst.toFixed(2).padStart(8)}     ${mark(lastByFirst, 1.3)}`,
  ];
}
