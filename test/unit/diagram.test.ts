import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { drawMermaid } from '../../src/engine/diagram/mermaid.ts';
import { diagramOf } from '../../src/engine/diagram/model.ts';
import { drawTree } from '../../src/engine/diagram/tree.ts';
import {
  attachmentTo,
  containerView,
  idOf,
  loneContainer,
  podView,
  published,
  slirpAttachment,
} from '../fixtures/pictures.ts';

const web = podView('web', [attachmentTo('podman', '10.88.0.2')], ['nginx', 'php'], {
  ports: [published(8080, 80, 'nftables'), published(8443, 443, 'nftables', '::1')],
});
const members = ['nginx', 'php'].map((name) => containerView(name));

/** All that a host of root's can show. */
const all = diagramOf(
  [
    podView('both', [
      attachmentTo('back', '10.89.0.2'),
      attachmentTo('podman', '10.88.0.3', { ifname: 'eth1' }),
    ]),
    web,
    podView('slirp', [slirpAttachment], [], {
      ports: [published(9000, 90, 'relay'), published(9001, 91, 'relay')],
      missing: ['relay'],
    }),
    podView('pod10', [], [], { networkMode: 'host' }),
    podView('pod9', [], [], { networkMode: 'host' }),
    podView('asleep', [], ['php'], {
      networkMode: 'bridge',
      networks: ['podman'],
      status: 'Exited',
      ports: [published(7000, 70, '')],
    }),
  ],
  [
    ...members,
    loneContainer('redis', {
      networkMode: 'bridge',
      networks: ['podman'],
      attachments: [attachmentTo('podman', '10.88.0.9')],
    }),
    loneContainer('debug', { networkMode: `container:${idOf('nginx')}` }),
    loneContainer('guest', { networkMode: 'ns:/run/netns/blue' }),
    loneContainer('offline', { state: 'exited' }),
  ],
);

const usersOwn = diagramOf(
  [
    podView('web', [attachmentTo('podman', '10.88.0.2', { behindUplink: true })], ['nginx'], {
      missing: ['slirp4netns'],
    }),
  ],
  members,
);

describe('a picture of the networks', () => {
  it('C5 A14: is a tree of networks, their pods, ports and containers on a terminal', () => {
    expect(drawTree(all, { colour: false })).toBe(
      `host
├─ network back · bridge br-back · subnet 10.89.0.0/24 · gateway 10.89.0.1
│  └─ pod both Running eth0 10.89.0.2/24
│     └─ eth1 10.88.0.3/24 on network podman
├─ network podman · bridge br-podman · subnet 10.88.0.0/24 · gateway 10.88.0.1
│  ├─ pod asleep Exited
│  │  ├─ 0.0.0.0:7000 → 70/tcp reserved
│  │  └─ container php running docker.io/library/php:latest
│  ├─ container redis running eth0 10.88.0.9/24 docker.io/library/redis:latest
│  ├─ pod web Running eth0 10.88.0.2/24
│  │  ├─ 0.0.0.0:8080 → 80/tcp nftables
│  │  ├─ [::1]:8443 → 443/tcp nftables
│  │  ├─ container nginx running docker.io/library/nginx:latest
│  │  └─ container php running docker.io/library/php:latest
│  └─ pod both eth1 10.88.0.3/24 (see network back)
├─ slirp4netns
│  └─ pod slirp Running (no relay) tap0 10.0.2.100/24
│     └─ 0.0.0.0:9000-9001 → 90-91/tcp relay
├─ the host's network
│  ├─ pod pod9 Running
│  └─ pod pod10 Running
├─ network of /run/netns/blue
│  └─ container guest running docker.io/library/guest:latest
├─ network of container nginx
│  └─ container debug running docker.io/library/debug:latest
└─ no network
   └─ container offline exited docker.io/library/offline:latest
`,
    );
  });

  it("C8: shows a user's network namespace with its uplink, and that the uplink is missing", () => {
    expect(drawTree(usersOwn, { colour: false })).toBe(
      `host
└─ the user's network namespace
   ├─ uplink slirp4netns (not running)
   └─ network podman · bridge br-podman · subnet 10.88.0.0/24 · gateway 10.88.0.1
      └─ pod web Running (no slirp4netns) eth0 10.88.0.2/24
         └─ container nginx running docker.io/library/nginx:latest
`,
    );
    expect(drawMermaid(usersOwn)).toBe(
      `flowchart LR
  subgraph userns["the user's network namespace"]
    uplink(["uplink slirp4netns (not running)"])
    net0[["network podman<br/>bridge br-podman<br/>subnet 10.88.0.0/24<br/>gateway 10.88.0.1"]]
    uplink ---|down| net0
  end
  subgraph unit0["pod web · Running (no slirp4netns)"]
    unit0c0("nginx<br/>running<br/>docker.io/library/nginx:latest")
  end
  net0 ---|"eth0 10.88.0.2/24"| unit0
`,
    );
  });

  it('C5 C8: an internal network is marked as such and has no uplink', () => {
    const behind = (name: string, address: string) => attachmentTo(name, address, { behindUplink: true });
    const closed = podView('closed', [behind('back', '10.89.0.2')]);
    const asleep = podView('asleep', [], [], { networkMode: 'bridge', networks: ['dark'] });
    const internal = new Set(['back', 'dark']);
    const both = diagramOf([closed, podView('open', [behind('front', '10.89.1.2')]), asleep], [], {
      internal,
    });
    expect(drawTree(both, { colour: false })).toBe(
      `host
├─ network dark · internal · not up
│  └─ pod asleep Running
└─ the user's network namespace
   ├─ uplink slirp4netns
   ├─ network front · bridge br-front · subnet 10.89.1.0/24 · gateway 10.89.1.1
   │  └─ pod open Running eth0 10.89.1.2/24
   └─ network back · internal · bridge br-back · subnet 10.89.0.0/24 · gateway 10.89.0.1
      └─ pod closed Running eth0 10.89.0.2/24
`,
    );
    const mermaid = drawMermaid(both);
    expect(mermaid).toContain('network back<br/>internal<br/>bridge br-back');
    expect(mermaid.match(/uplink ---.*/g)).toEqual(['uplink --- net1']);
    expect(mermaid).toContain('net1[["network front<br/>');
    const alone = diagramOf([closed], [], { internal });
    for (const picture of [drawTree(alone, { colour: false }), drawMermaid(alone)]) {
      expect(picture).toContain("the user's network namespace");
      expect(picture).not.toContain('uplink');
    }
  });

  it('says it where there is nothing to draw', () => {
    const nothing = diagramOf([], []);
    expect(drawTree(nothing, { colour: false })).toBe('host\n└─ no pods and no containers\n');
    expect(drawMermaid(nothing)).toContain('no pods and no containers');
  });

  it('has colour where it is wanted, and the same words then', () => {
    const painted = drawTree(all, { colour: true });
    expect(painted).toContain('\x1b[32mRunning\x1b[0m');
    expect(painted).toContain('\x1b[31mRunning (no relay)\x1b[0m');
    expect(stripVTControlCharacters(painted)).toBe(drawTree(all, { colour: false }));
  });

  it('is a Mermaid flowchart: host ports lead to pods, networks are joined with them', () => {
    expect(drawMermaid(diagramOf([web, podView('slirp', [slirpAttachment])], members))).toBe(
      `flowchart LR
  net0[["network podman<br/>bridge br-podman<br/>subnet 10.88.0.0/24<br/>gateway 10.88.0.1"]]
  subgraph unit0["pod web · Running"]
    unit0c0("nginx<br/>running<br/>docker.io/library/nginx:latest")
    unit0c1("php<br/>running<br/>docker.io/library/php:latest")
  end
  net0 ---|"eth0 10.88.0.2/24"| unit0
  port0x0{{"0.0.0.0:8080"}}
  port0x0 -->|"80/tcp nftables"| unit0
  port0x1{{"#91;::1#93;:8443"}}
  port0x1 -->|"443/tcp nftables"| unit0
  unit1["pod slirp<br/>Running<br/>no containers"]
  helper1x0(["slirp4netns<br/>gateway 10.0.2.2"])
  helper1x0 ---|"tap0 10.0.2.100/24"| unit1
`,
    );
  });

  it('tells dual stack: both subnets and both gateways', () => {
    const both = attachmentTo('dual', '10.90.0.2', {
      addresses: ['10.90.0.2/24', 'fd00:90::2/64'],
      gateways: ['10.90.0.1', 'fd00:90::1'],
    });
    const [network] = diagramOf([podView('dual', [both])], []).networks;
    expect(network).toMatchObject({
      subnets: ['10.90.0.0/24', 'fd00:90::/64'],
      gateways: ['10.90.0.1', 'fd00:90::1'],
    });
  });

  it('C6: a network without a bridge, and one that nobody is on', () => {
    const plain = podView('plain', [attachmentTo('lan', '10.7.0.2', { bridge: '', gateways: [] })]);
    const asleep = podView('asleep', [], [], {
      networkMode: 'bridge',
      networks: ['back'],
      status: 'Created',
    });
    expect(drawTree(diagramOf([plain, asleep], []), { colour: false })).toBe(
      `host
├─ network back · not up
│  └─ pod asleep Created
└─ network lan · subnet 10.7.0.0/24
   └─ pod plain Running eth0 10.7.0.2/24
`,
    );
  });

  it('of named pods leaves out what is outside pods, but knows its name', () => {
    const joined = podView('guest', [], [], { networkMode: `container:${idOf('redis')}` });
    const { units, networks } = diagramOf([joined], [loneContainer('redis')], { podsOnly: true });
    expect(units.map(({ name }) => name)).toEqual(['guest']);
    expect(networks.map(({ name }) => name)).toEqual(['container redis']);
  });

  it('E6: no name breaks out of the tree or of a Mermaid label', () => {
    const hostile = 'x"]; end\nclick a "b" %%{init}%% <script> `#35; \x1b[31m\u202e';
    const diagram = diagramOf(
      [podView('pod', [attachmentTo(hostile, '10.1.0.2', { ifname: hostile, bridge: hostile })], ['evil'])],
      [containerView('evil', { image: hostile })],
    );
    const tree = drawTree(diagram, { colour: false });
    expect(tree.split('\n')).toHaveLength(5);
    expect(tree).not.toMatch(/[^\P{C}\n]/u);
    const mermaid = drawMermaid(diagram);
    expect(mermaid.split('\n')).toHaveLength(7);
    const labels = mermaid.split('\n').flatMap((line) => line.match(/"[^"]*"/g) ?? []);
    expect(labels).toHaveLength(4);
    for (const text of labels) expect(text.slice(1, -1).replaceAll('<br/>', '')).not.toMatch(/["<>`%[\]{}]/);
    expect(mermaid.replaceAll(/"[^"]*"/g, '""')).toBe(
      'flowchart LR\n  net0[[""]]\n  subgraph unit0[""]\n    unit0c0("")\n  end\n  net0 ---|""| unit0\n',
    );
  });
});
