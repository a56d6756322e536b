import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../support/command.ts';
import { runContext } from '../support/run-context.ts';
import { compareOutcomes } from './compare.ts';
import { findDifference, findUnused, type Topic } from './differences.ts';
import { disposePair, makePair, type Pair, tools } from './hosts.ts';
import { readLines, runLines } from './scripts.ts';

/** Runs a topic's command lines by podman and by peapod, and compares what comes of each: a test a line. */
export function describeBoth(topic: Topic, as: 'root' | 'user' = 'root'): void {
  const lines = readLines(topic);
  describe.skipIf(!runContext().root)(`B1: peapod beside podman: ${topic}`, () => {
    let pair: Pair | undefined;
    const outcomes = { podman: [] as Outcome[], peapod: [] as Outcome[] };
    const used = new Set<string>();

    beforeAll(async () => {
      const made = await makePair(as);
      pair = made;
      await Promise.all(
        tools.map(async (tool) => {
          outcomes[tool] = await runLines(made[tool], tool, lines);
        }),
      );
    }, 300_000);
    afterAll(() => pair && disposePair(pair));

    it.each([...lines.entries()])('line %i: %s', (index, line) => {
      const [podman, peapod] = [outcomes.podman[index] as Outcome, outcomes.peapod[index] as Outcome];
      const unlike = compareOutcomes(line, { podman, peapod }).filter(({ what }) => {
        const known = findDifference(topic, line, what);
        if (known) used.add(known.why);
        return known === undefined;
      });
      const of = (tool: 'podman' | 'peapod') => unlike.map((one) => ({ what: one.what, said: one[tool] }));
      expect(of('peapod')).toEqual(of('podman'));
    });

    it('has no allowed difference that is none', () => {
      expect(findUnused(topic, used)).toEqual([]);
    });
  });
}
