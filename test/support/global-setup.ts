import type { TestProject } from 'vitest/node';
import { prepareRun } from './prepare-run.ts';

export default function setUp(project: TestProject): () => void {
  const { context, finish } = prepareRun();
  if (!context.root) {
    console.error('NOT ROOT: the tests of bridge networks and of separate test hosts are left out.');
  }
  project.provide('run', context);
  return finish;
}
