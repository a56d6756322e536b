#!/usr/bin/env node
// Brings a machine that has Node and npm to where peapod runs: system packages, node_modules, dist/peapod.
// Does nothing, quickly, where nothing is missing.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchNeeds, findProgram, runtimeNeeds, testNeeds } from './packages.mjs';
import { areModulesStale, isBuildStale } from './staleness.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const isRoot = process.getuid() === 0;

/** A failure that is told in its own words, without a stack. */
export class SetupFailed extends Error {}

/** `purpose`: `run`, `test` or `bench`. Throws SetupFailed with what a person has to do. */
export function setUp(purpose = 'run') {
  if (process.platform !== 'linux') throw new SetupFailed('peapod runs on Linux only.');
  const needs = { run: [], test: testNeeds, bench: [...testNeeds, ...benchNeeds] }[purpose];
  installPackages([...runtimeNeeds, ...needs].filter((need) => !need.isThere()));
  if (areModulesStale(top)) installModules();
  if (isBuildStale(top)) build();
}

function installPackages(missing) {
  if (missing.length === 0) return;
  const manager = ['apt-get', 'dnf'].find((name) => findProgram(name));
  const names = [...new Set(missing.map((need) => (manager === 'dnf' ? need.dnf : need.apt)))];
  const command = [manager ?? 'apt-get', 'install', '-y', ...names];
  if (!manager) {
    throw new SetupFailed(`Neither apt-get nor dnf is here. Please install: ${names.join(' ')}`);
  }
  console.log('peapod needs these system packages:');
  for (const need of missing) {
    console.log(`  ${(manager === 'dnf' ? need.dnf : need.apt).padEnd(34)}${need.why}`);
  }
  const before = becomeRoot();
  if (!before) {
    throw new SetupFailed(`This needs root, and there is no sudo. As root, run:\n  ${command.join(' ')}`);
  }
  const install = [...before, ...command];
  if (manager === 'apt-get' && !hasPackageLists()) run([...before, 'apt-get', 'update']);
  if (run(install) === 0) return check(missing, install);
  if (manager === 'apt-get' && run([...before, 'apt-get', 'update']) === 0 && run(install) === 0) {
    return check(missing, install);
  }
  throw new SetupFailed(`The packages could not be installed. Please run:\n  ${install.join(' ')}`);
}

function check(missing, install) {
  const still = missing.filter((need) => !need.isThere());
  if (still.length === 0) return;
  throw new SetupFailed(`${install.join(' ')} did not bring: ${still.map((need) => need.why).join(', ')}`);
}

/** The words before a command that make it root's; undefined where nothing can. */
function becomeRoot() {
  if (isRoot) return [];
  if (!findProgram('sudo')) return undefined;
  const mayAsk = process.stdin.isTTY && !process.env.CI;
  if (mayAsk) return ['sudo'];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function hasPackageLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => /_Packages(\.|$)/.test(name));
  } catch {
    return false;
  }
}

function installModules() {
  // Under `npm start` this is the npm that the person has; install scripts are not needed.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const command = [...npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  if (run(command, 'npm ci --ignore-scripts') !== 0) throw new SetupFailed('npm ci failed.');
}

function build() {
  if (run([process.execPath, join(top, 'scripts', 'build.mjs')], 'npm run build') !== 0) {
    throw new SetupFailed('The build failed.');
  }
}

function run(command, shown = command.join(' ')) {
  console.log(`$ ${shown}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const result = spawnSync(command[0], command.slice(1), { cwd: top, stdio: 'inherit', env });
  if (result.error) console.error(result.error.message);
  return result.status ?? 1;
}

/** Runs a script's main part: set-up failures are told, not thrown. */
export function setUpOrExit(purpose) {
  try {
    setUp(purpose);
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error;
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUpOrExit(process.argv[2]);
