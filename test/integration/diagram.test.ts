import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { describeForBoth, userHost } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';
import { elementsOf, parseXml } from '../support/xml.ts';

/** Nodes with their labels and edges of a flowchart, as our Mermaid is written; throws for any other line. */
function parseMermaid(text: string) {
  const [head, ...lines] = text.trimEnd().split('\n');
  if (head !== 'flowchart LR') throw new Error(`no flowchart: ${head}`);
  const labels = new Map<string, string>();
  const edges: { from: string; to: string; label: string }[] = [];
  let open = 0;
  for (const line of lines) {
    const node = /^ +(?:subgraph )?(\w+)(?:\[\[|\(\[|\{\{|\[|\()"([^"]*)"(?:\]\]|\]\)|\}\}|\]|\))$/.exec(
      line,
    );
    const edge = /^ +(\w+) (?:---|-\.-|-->|-\.->)(?:\|"?([^"|]*)"?\|)? (\w+)$/.exec(line);
    if (node) labels.set(node[1] as string, decode(node[2] as string));
    else if (edge)
      edges.push({ from: edge[1] as string, to: edge[3] as string, label: decode(edge[2] ?? '') });
    else if (line.trim() !== 'end') throw new Error(`not understood: ${line}`);
    open += line.trim().startsWith('subgraph') ? 1 : line.trim() === 'end' ? -1 : 0;
  }
  expect(open).toBe(0);
  for (const { from, to } of edges) for (const id of [from, to]) expect([...labels.keys()]).toContain(id);
  const idOf = (part: string) => [...labels].find(([, text]) => text.includes(part))?.[0];
  return { labels, edges, idOf };
}

function decode(label: string): string {
  return label.replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))).replaceAll('<br/>', '\n');
}

function svgTexts(svg: string): string[] {
  return [...elementsOf(parseXml(svg))].filter(({ name }) => name === 'text').map(({ text }) => text);
}

/** Two pods on a bridge, one of them with a port, one on slirp4netns, one offline, one container apart. */
async function furnish(host: TestHost): Promise<{ web: string; lone: string }> {
  await Promise.all([
    host.ok('pod', 'create', '--name', 'web', '--network', 'bridge', '-p', '18080:80'),
    host.ok('pod', 'create', '--name', 'slirp', '--network', 'slirp4netns', '-p', '127.0.0.1:18081:81'),
    host.ok('pod', 'create', '--name', 'offline', '--network', 'none'),
    host.ok('pod', 'create', '--name', 'asleep', '--network', 'bridge', '-p', '18082:82'),
  ]);
  await Promise.all([
    host.ok('run', '-d', '--pod', 'web', '--name', 'nginx', 'host', 'sleep', '1000'),
    host.ok('run', '-d', '--pod', 'slirp', '--name', 'worker', 'host', 'sleep', '1000'),
    host.ok('run', '-d', '--network', 'bridge', '--name', 'lone', 'host', 'sleep', '1000'),
    host.ok('pod', 'start', 'offline'),
  ]);
  const addressOf = (name: string) => host.ok('inspect', '--format', '{{.NetworkSettings.IPAddress}}', name);
  const [web, lone] = await Promise.all([addressOf('nginx'), addressOf('lone')]);
  return { web, lone };
}

describeForBoth('a picture of the networks', (makeHost) => {
  it('C5 A14: is Mermaid where nothing else is asked for: pods, addresses, bridges, ports', async () => {
    await using host = await makeHost();
    const { web, lone } = await furnish(host);
    const { labels, edges, idOf } = parseMermaid(await host.ok('network', 'diagram'));
    const network = idOf('network podman');
    expect(labels.get(network as string)).toMatch(
      /bridge \S+\nsubnet 10\.88\.0\.0\/16\ngateway 10\.88\.0\.1$/,
    );
    expect(edges).toContainEqual({ from: network, to: idOf('pod web · Running'), label: `eth0 ${web}/16` });
    expect(edges).toContainEqual({ from: network, to: idOf('container lone'), label: `eth0 ${lone}/16` });
    const via = host.rootless ? 'relay' : 'nftables';
    expect(edges).toContainEqual({
      from: idOf('0.0.0.0:18080'),
      to: idOf('pod web'),
      label: `80/tcp ${via}`,
    });
    expect(edges).toContainEqual({
      from: idOf('127.0.0.1:18081'),
      to: idOf('pod slirp'),
      label: '81/tcp relay',
    });
    expect(edges).toContainEqual({
      from: idOf('0.0.0.0:18082'),
      to: idOf('pod asleep'),
      label: '82/tcp reserved',
    });
    const tap = {
      from: idOf('slirp4netns\ngateway 10.0.2.2'),
      to: idOf('pod slirp'),
      label: 'tap0 10.0.2.100/24',
    };
    expect(edges).toContainEqual(tap);
    expect([...labels.values()].some((text) => text.startsWith('pod offline\nRunning\nno network'))).toBe(
      true,
    );
    expect(labels.get(idOf('nginx\n') as string)).toBe('nginx\nrunning\nhost');
    const [uplink, namespace] = [idOf('uplink slirp4netns'), idOf("user's network namespace")];
    if (!host.rootless) return expect([uplink, namespace]).toEqual([undefined, undefined]);
    expect(edges).toContainEqual({ from: uplink, to: network, label: '' });
    expect(namespace).toBe('userns');
  });

  it('C5 A14: is an SVG that is well-formed and tells the same, in a file or on standard output', async () => {
    await using host = await makeHost();
    const { web, lone } = await furnish(host);
    expect(await host.ok('network', 'diagram', '--output', '/tmp/all.svg')).toBe('');
    const file = await host.sh('cat /tmp/all.svg');
    expect(file).toBe(await host.ok('network', 'diagram', '--format', 'svg'));
    const texts = svgTexts(file);
    expect(texts).toEqual(
      expect.arrayContaining([
        'pod web',
        'nginx  host',
        `eth0 ${web}/16`,
        '0.0.0.0:18080',
        'port 80/tcp',
        'container lone',
        `eth0 ${lone}/16`,
        'network podman',
        'subnet 10.88.0.0/16',
        'gateway 10.88.0.1',
        'pod slirp',
        'tap0 10.0.2.100/24',
        '127.0.0.1:18081',
        'pod offline',
        'no network',
        'podman, not connected',
      ]),
    );
    expect(texts.includes('uplink slirp4netns')).toBe(host.rootless);
  });

  it('C5 C8: marks an internal network, which no uplink leads to', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', '--internal', 'back');
    await host.ok('run', '-d', '--network', 'back', '--name', 'inner', 'host', 'sleep', '1000');
    const { labels, edges, idOf } = parseMermaid(await host.ok('network', 'diagram'));
    const network = idOf('network back');
    expect(labels.get(network as string)).toMatch(/^network back\ninternal\nbridge \S+\nsubnet /);
    expect(edges).toEqual([
      { from: network, to: idOf('container inner'), label: expect.stringMatching(/^eth0 /) },
    ]);
    expect(svgTexts(await host.ok('network', 'diagram', '--format', 'svg'))).toContain('internal');
    const tree = await host.ok('network', 'diagram', '--format', 'tree');
    expect(tree).toContain('network back · internal · bridge ');
    expect(tree).not.toContain('uplink');
  });

  it('C5 A14: of named pods shows these alone; a missing one, and a wrong format, are errors', async () => {
    await using host = await makeHost();
    const id = await host.ok('pod', 'create', '--name', 'wanted');
    await host.ok('pod', 'create', '--name', 'other');
    await host.ok('create', '--name', 'lone', 'host', 'true');
    for (const name of ['wanted', id.slice(0, 12)]) {
      const tree = await host.ok('network', 'diagram', '--format', 'tree', name);
      expect(tree).toContain('pod wanted Created');
      expect(tree).not.toMatch(/other|lone/);
    }
    const missing = await host.peapod('network', 'diagram', 'missing');
    expect(missing).toMatchObject({
      exitCode: 125,
      stdout: '',
      stderr: expect.stringMatching(/^Error: no pod with name or ID missing/),
    });
    const wrong = await host.peapod('network', 'diagram', '--format', 'png');
    expect(wrong.stderr).toMatch(/^Error: invalid format "png": must be tree, mermaid or svg/);
    const unwritable = await host.peapod('network', 'diagram', '--output', '/proc/no/file.svg');
    expect(unwritable.stderr).toMatch(/^Error: cannot write --output \/proc\/no\/file\.svg: /);
  });
});

describe('a picture on a terminal', () => {
  it('C5 A14: is a tree, with colour unless NO_COLOR is set', async () => {
    await using host = await userHost();
    await host.ok('pod', 'create', '--name', 'web', '-p', '18080:80');
    await host.ok('run', '-d', '--pod', 'web', '--name', 'nginx', 'host', 'sleep', '1000');
    const draw = async (...before: string[]) => {
      const terminal = await host.terminal([...before, 'peapod', 'network', 'diagram']);
      expect((await terminal.outcome).exitCode).toBe(0);
      return terminal.screen;
    };
    const plain = await draw('env', 'NO_COLOR=1');
    expect(plain).toBe(
      `host
└─ slirp4netns
   └─ pod web Running tap0 10.0.2.100/24
      ├─ 0.0.0.0:18080 → 80/tcp relay
      └─ container nginx running host
`,
    );
    const painted = await draw();
    expect(painted).toContain('\x1b[32mRunning\x1b[0m');
    expect(stripVTControlCharacters(painted)).toBe(plain);
    expect(await host.ok('network', 'diagram', '--format', 'tree')).toBe(plain.trimEnd());
  });
});
