#!/usr/bin/env node
// `npm start`: set-up, then peapod's main job where a person can see it. A pod with a published port, a web
// server and a client in it, the page fetched from outside, and everything removed again.
import { spawn, spawnSync } from 'node:child_process';
import { createServer, get } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUpOrExit } from './setup.mjs';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const peapod = join(top, 'dist', 'peapod');
const isRoot = process.getuid() === 0;
/** Marks what is this demonstration's: pods of the same name may be the person's own. */
const mark = 'peapod.demonstration=yes';
const page = 'Hello from a pod!';
/** Ctrl-C: the next step is the removal. */
let interrupted = false;
let removing = false;

setUpOrExit('run');
process.chdir(top);
checkHost();
const outcome = await demonstrate();
const removed = await remove();
process.exitCode = outcome || removed;

/** peapod's own check of the machine names what is missing, with the command that mends it. */
function checkHost() {
  const doctor = spawnSync(peapod, ['doctor'], { encoding: 'utf8' });
  if (doctor.status === 0) return;
  process.stdout.write(doctor.stdout);
  process.stderr.write(doctor.stderr);
  process.exit(1);
}

async function demonstrate() {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      interrupted = true;
    });
  }
  try {
    await removeOwn();
    const pods = JSON.parse(await capture('pod', 'ps', '--format', 'json'));
    const containers = JSON.parse(await capture('ps', '--all', '--format', 'json'));
    const taken = [...pods.map(({ Name }) => Name), ...containers.flatMap(({ Names }) => Names)];
    const pod = freeName(taken);
    const port = await freePort(8080, reservedPorts([...pods, ...containers]));
    say(`A pod that publishes port 80 on the host's port ${port}`);
    await show('pod', 'create', '--name', pod, '--label', mark, '-p', `${port}:80`);

    say('Two containers in it, on the root file system of this very host: they share localhost');
    const node = nodeInContainer();
    const run = ['run', '-d', '--pod', pod, ...node.flags];
    await show(...run, '--name', `${pod}-web`, 'host', node.path, '-e', webServer());
    await show(...run, '--name', `${pod}-client`, 'host', node.path, '-e', client());
    await until(
      async () => (await capture('logs', `${pod}-client`)).includes(page),
      'the client has reached the server',
    );
    await show('logs', `${pod}-client`);

    say('From outside, through the published port');
    await fetchPage(`http://localhost:${port}/`);
    if (isRoot) {
      const format = '{{.NetworkSettings.IPAddress}}';
      say('As root the network is a bridge, and the pod has an address of its own');
      const address = (await show('inspect', '--format', format, `${pod}-web`)).trim();
      await fetchPage(`http://${address}/`);
    }

    say('What is there');
    await show('pod', 'ps');
    await show('ps', '--pod');
    return 0;
  } catch (error) {
    console.error(interrupted ? '\nInterrupted.' : `\nFAILED: ${error.message}`);
    return interrupted ? 130 : 1;
  }
}

/** This demonstration's pod, and what one that was killed has left. */
async function removeOwn() {
  const names = await capture('pod', 'ps', '--filter', `label=${mark}`, '--format', '{{.Name}}');
  if (names.trim() !== '') await show('pod', 'rm', '--force', '--time', '0', ...names.trim().split('\n'));
}

/** `demo`, or with a number behind it; containers will have it before theirs. */
function freeName(taken) {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'demo' : `demo-${number}`;
    if (!taken.some((other) => [name, `${name}-web`, `${name}-client`].includes(other))) return name;
  }
}

/** Ports of what does not run are spoken for, and nobody listens on them. */
function reservedPorts(all) {
  const ports = all.flatMap(({ Ports }) => Ports);
  return new Set(
    ports.flatMap(({ host_port, range }) => Array.from({ length: range }, (_, i) => host_port + i)),
  );
}

/** Nothing cuts this short. Returns an exit code. */
async function remove() {
  removing = true;
  say('And everything removed');
  try {
    await removeOwn();
    return 0;
  } catch (error) {
    console.error(`\nFAILED: ${error.message}`);
    return 1;
  }
}

function say(what) {
  console.log(process.stdout.isTTY ? `\n\x1b[1m# ${what}\x1b[0m` : `\n# ${what}`);
}

/** Prints the command as it can be typed, runs it, prints its output. Throws where it fails. */
async function show(...args) {
  console.log(`$ peapod ${args.map(quote).join(' ')}`);
  const output = await capture(...args);
  process.stdout.write(output);
  return output;
}

function capture(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(peapod, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (interrupted && !removing) reject(new Error('interrupted'));
      else if (status !== 0) reject(new Error(`peapod ${args[0]} exited with ${status}`));
      else resolve(output);
    });
  });
}

function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Node runs this script, so it is there; the `host` root file system shows it where it lies below /usr.
 * From anywhere else, such as a version manager's directory, it is bound into the container.
 */
function nodeInContainer() {
  if (process.execPath.startsWith('/usr/')) return { path: process.execPath, flags: [] };
  return { path: '/node', flags: ['-v', `${process.execPath}:/node:ro`] };
}

function webServer() {
  return `require("http").createServer((_, page) => page.end("${page}\\n")).listen(80)`;
}

/** Asks the server on the pod's localhost until it answers, says what it got, and stays. */
function client() {
  const tell = '(page) => console.log("127.0.0.1 says:", page.trim())';
  const ask = `fetch("http://127.0.0.1").then((answer) => answer.text()).then(${tell}, () => setTimeout(ask, 50))`;
  return `const ask = () => ${ask}; ask(); setInterval(() => {}, 1e6)`;
}

async function fetchPage(url) {
  console.log(`GET ${url}`);
  const body = await until(() => request(url), `${url} answers`);
  process.stdout.write(body);
  if (body.trim() !== page) throw new Error(`${url} is not the pod's page`);
}

function request(url) {
  return new Promise((resolve) => {
    get(url, { timeout: 2000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    })
      .on('timeout', function () {
        this.destroy();
      })
      .on('error', () => resolve(undefined));
  });
}

async function until(attempt, what) {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const value = await attempt();
    if (interrupted) throw new Error('interrupted');
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not so within 15 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The first port from `first` on that nobody listens on and no pod has reserved. */
async function freePort(first, reserved) {
  for (let port = first; port < first + 100; port += 1) {
    if (reserved.has(port)) continue;
    const free = await new Promise((resolve) => {
      const probe = createServer()
        .once('error', () => resolve(false))
        .listen(port, () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error(`no free port from ${first} to ${first + 99}`);
}
