/**
 * peapod beside podman: the same image, the same machine, runs interleaved so that both meet the same
 * noise. Prints a table, writes dist/bench.json, fails where a limit is not met.
 *
 * Arguments: the number of rounds (20), the seconds of each throughput measurement (3).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareRun } from '../support/prepare-run.ts';
import { makeHost, type TestHost } from '../support/test-host.ts';
import { image, standing, type TimedCase, timedCases } from './cases.ts';
import { measureNetworks, networkLines } from './networks.ts';
import { type Summary, summarize } from './statistics.ts';
import { measureThroughput, type Throughput } from './throughput.ts';

const [rounds = 20, seconds = 3] = process.argv.slice(2).map(Number);
const tools = ['peapod', 'podman'] as const;
type Tool = (typeof tools)[number];

interface TimedResult {
  readonly name: string;
  readonly milliseconds: Readonly<Record<Tool, Summary>>;
  readonly ratio: number;
  readonly limit: number | undefined;
}

const run = prepareRun();
const report: Record<string, unknown> = {
  date: new Date().toISOString(),
  kernel: release(),
  cores: cpus().length,
};
let failures = 0;
try {
  for (const as of ['user', 'root'] as const) {
    const host = await makeHost(run.context, as);
    try {
      await prepareTools(host);
      report.podman ??= await host.sh('podman --version');
      report[as === 'user' ? 'unprivileged' : 'root'] = await measureHost(host, as);
    } finally {
      await host.destroy();
    }
  }
} finally {
  run.finish();
}
const output = fileURLToPath(new URL('../../dist/bench.json', import.meta.url));
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `${JSON.stringify(report, undefined, 2)}\n`);
console.log(`\nwritten: dist/bench.json${failures > 0 ? `; ${failures} limits not met` : ''}`);
process.exit(failures > 0 ? 1 : 0);

/** A static busybox as an image that both tools have loaded, and settings under which podman runs anywhere. */
async function prepareTools(host: TestHost): Promise<void> {
  host.write(
    '/etc/containers/containers.conf',
    // podman raises limits above the caller's, which containers and CI machines refuse.
    `[containers]
default_ulimits = ["nofile=1024:2048", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`,
  );
  await host.sh(`
    tree=$(mktemp -d)
    mkdir "$tree/bin"
    cp "$(command -v busybox)" "$tree/bin/busybox.static"
    for name in sh true sleep; do ln -s busybox.static "$tree/bin/$name"; done
    tar -C "$tree" --owner=0 --group=0 --mode=0755 -cf - . | podman import -q - ${image}
    podman save -q -o "$tree/image.tar" ${image}
    peapod load -q -i "$tree/image.tar"`);
}

async function measureHost(host: TestHost, as: string): Promise<unknown> {
  console.log(`\n${as === 'user' ? 'As an unprivileged user' : 'As root'}, ${rounds} rounds, medians in ms`);
  for (const tool of tools) await host.sh(forTool(standing.make, tool, 0));
  const timed: TimedResult[] = [];
  for (const one of timedCases) {
    const result = await measureCase(host, one);
    timed.push(result);
    printTimed(result);
  }
  for (const tool of tools) await host.sh(forTool(standing.remove, tool, 0));
  const throughput = {} as Record<Tool, Throughput>;
  for (const tool of tools) throughput[tool] = await measureThroughput(host, tool, seconds);
  printThroughput(throughput);
  const networks = await measureNetworks(host, rounds);
  for (const line of networkLines(networks)) console.log(`  ${line}`);
  return { timed, throughput, networks };
}

async function measureCase(host: TestHost, one: TimedCase): Promise<TimedResult> {
  const samples: Record<Tool, number[]> = { peapod: [], podman: [] };
  // The first round fills caches and starts what lives on (keeper, pause process): it does not count.
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? tools : tools.toReversed();
    for (const tool of order) {
      const ms = await timeOnce(host, one, tool, round);
      if (round > 0) samples[tool].push(ms);
    }
  }
  const milliseconds = { peapod: summarize(samples.peapod), podman: summarize(samples.podman) };
  const ratio = milliseconds.peapod.median / milliseconds.podman.median;
  if (one.limit !== undefined && ratio > one.limit) failures += 1;
  return { name: one.name, milliseconds, ratio, limit: one.limit };
}

/** Timed by the shell that runs the command, inside the host. */
async function timeOnce(host: TestHost, one: TimedCase, tool: Tool, round: number): Promise<number> {
  const [before, timed, after] = [one.before, one.timed, one.after].map((script) =>
    script ? forTool(script, tool, round) : 'true',
  );
  const output = await host.sh(
    `{ ${before}; } >/dev/null
     start=$EPOCHREALTIME
     { ${timed}; } >/dev/null
     end=$EPOCHREALTIME
     { ${after}; } >/dev/null
     echo $start $end`,
  );
  const [start = Number.NaN, end = Number.NaN] = output.split(' ').map(Number);
  return (end - start) * 1000;
}

function forTool(script: string, tool: Tool, round: number): string {
  return script.replaceAll('TOOL', tool).replaceAll('benchN', `bench${round}`);
}

function printTimed({ name, milliseconds, ratio, limit }: TimedResult): void {
  const { peapod, podman } = milliseconds;
  const verdict =
    limit === undefined ? '' : ratio <= limit ? `  (limit ${limit})` : `  ABOVE THE LIMIT ${limit}`;
  const cells = [
    peapod.median.toFixed(1).padStart(8),
    podman.median.toFixed(1).padStart(8),
    ratio.toFixed(2),
  ];
  console.log(`  ${name.padEnd(30)} peapod ${cells[0]}   podman ${cells[1]}   ratio ${cells[2]}${verdict}`);
}

function printThroughput({ peapod, podman }: Record<Tool, Throughput>): void {
  for (const way of ['inGbits', 'outGbits'] as const) {
    const name = way === 'inGbits' ? 'published port, in' : 'published port, out';
    const ratio = (peapod[way] / podman[way]).toFixed(2);
    const [ours, theirs] = [peapod[way], podman[way]].map((gbits) => gbits.toFixed(1).padStart(8));
    console.log(`  ${name.padEnd(30)} peapod ${ours}   podman ${theirs}   ratio ${ratio}   Gbit/s`);
  }
}
