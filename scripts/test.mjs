#!/usr/bin/env node
// `npm test`: set-up, lint, types, then unit, conformance and integration tests. The last line is
// `N passed, N failed` (`, N skipped`). Words after `--` go to vitest: `npm test -- pods`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bunPath } from './bun.mjs';
import { findProgram } from './packages.mjs';
import { setUpOrExit } from './setup.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const isCi = process.env.CI === 'true';
const chosen = process.argv.slice(2);

setUpOrExit('test');
const report = mkdtempSync(join(tmpdir(), 'peapod-report-'));
try {
  // Both take seconds and one core: they run beside the tests, and their output is shown when they are done.
  const checks = [
    check('lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--config-path=scripts/lint.json']),
    check('types', ['node_modules/typescript/bin/tsc', '--noEmit']),
  ];
  const tests = await runTests(join(report, 'vitest.json'));
  const failedChecks = (await Promise.all(checks)).filter((one) => !one.passed);
  process.exitCode = summarize(tests, checks.length, failedChecks);
} finally {
  rmSync(report, { recursive: true, force: true });
}

/** Runs a Node program to its end; its output is printed where it failed. */
function check(name, argv) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, argv, { cwd: top, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('close', (code) => {
      if (code !== 0) console.log(`\n${name} failed:\n${output}`);
      resolve({ name, passed: code === 0 });
    });
  });
}

/** Resolves to vitest's own report, and to its exit code, which also tells of failed set-up and teardown. */
function runTests(reportPath) {
  const argv = [
    ...asRoot(),
    ...[bunPath(), '--bun', 'node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`, ...chosen],
  ];
  return new Promise((resolve) => {
    const leftovers = join(dirname(reportPath), 'leftovers');
    const env = { ...process.env, LEFTOVERS: leftovers };
    const child = spawn(argv[0], argv.slice(1), { cwd: top, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('close', (exitCode) => {
      resolve({ exitCode: existsSync(leftovers) ? 1 : exitCode, ...readReport(reportPath) });
    });
  });
}

function readReport(path) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(path, 'utf8'),
    );
    // A file that could not be loaded has failed without a failed test in it.
    const brokenFiles = testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed'),
    ).length;
    return {
      passed: numPassedTests,
      failed: numFailedTests + brokenFiles,
      skipped: numPendingTests + numTodoTests,
      failures: testResults.flatMap(({ name, message, assertionResults }) => [
        ...(message ? [`${name}: ${firstLine(message)}`] : []),
        ...assertionResults
          .filter((one) => one.status === 'failed')
          .map((one) => `${one.fullName}: ${firstLine(one.failureMessages[0] ?? '')}`),
      ]),
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0, failures: [] };
  }
}

function firstLine(text) {
  return text.split('\n', 1)[0].slice(0, 200);
}

/** Test hosts need root: sudo gives it where it needs no password. */
function asRoot() {
  if (process.getuid() === 0 || !findProgram('sudo')) return [];
  const may = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return may ? ['sudo', '-n', '--preserve-env=CI,NO_COLOR,LEFTOVERS'] : [];
}

function summarize(tests, checkCount, failedChecks) {
  let failed = tests.failed + failedChecks.length;
  // Set-up, or the check that the suite left nothing behind.
  if (tests.exitCode !== 0 && tests.failed === 0) failed += 1;
  // Only a run for all tests may not leave any out.
  const leftOut = isCi && chosen.length === 0 && tests.skipped > 0;
  if (leftOut) {
    console.log(`\n${tests.skipped} tests were left out, and a CI run may leave out none.`);
    failed += 1;
  } else if (tests.skipped > 0 && process.getuid() !== 0) {
    console.log(`\nNOT ROOT: ${tests.skipped} tests were left out. To run them: sudo npm test`);
  }
  // Once more and briefly: who reads only the end of a log shall see what to look for.
  for (const failure of tests.failures) console.log(`FAILED: ${failure}`);
  for (const { name } of failedChecks) console.log(`\nFAILED CHECK: ${name}`);
  const passed = tests.passed + checkCount - failedChecks.length;
  console.log(`\n${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`);
  return failed === 0 ? 0 : 1;
}
