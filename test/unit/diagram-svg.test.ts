import { describe, expect, it } from 'vitest';
import { diagramOf } from '../../src/engine/diagram/model.ts';
import { drawSvg } from '../../src/engine/diagram/svg.ts';
import {
  attachmentTo,
  containerView,
  loneContainer,
  podView,
  published,
  slirpAttachment,
} from '../fixtures/pictures.ts';
import { elementsOf, parseXml, type XmlElement } from '../support/xml.ts';

interface Rect {
  readonly kind: string;
  readonly x: number;
  readonly y: number;
  readonly right: number;
  readonly bottom: number;
}

function elements(svg: string, name: string): XmlElement[] {
  return [...elementsOf(parseXml(svg))].filter((element) => element.name === name);
}

function rects(svg: string): Rect[] {
  return elements(svg, 'rect')
    .map(({ attributes }) => {
      const [x = 0, y = 0, width = 0, height = 0] = ['x', 'y', 'width', 'height'].map((key) =>
        Number(attributes[key] ?? 0),
      );
      return { kind: attributes.class?.split(' ')[0] ?? '', x, y, right: x + width, bottom: y + height };
    })
    .filter(({ kind }) => kind !== 'page');
}

function texts(svg: string): string[] {
  return elements(svg, 'text').map(({ text }) => text);
}

/** As many pods on two bridges and slirp4netns, every second one with a port. */
function pods(count: number) {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return diagramOf(
    numbers.map((n) => {
      const onBridge = attachmentTo(n % 3 === 1 ? 'podman' : 'back', `10.8${n % 3}.0.${n + 1}`, {
        behindUplink: true,
      });
      return podView(`pod${n}`, [n % 3 === 0 ? slirpAttachment : onBridge], [`app${n}`, `side${n}`], {
        ports: n % 2 ? [published(8000 + n, 80, 'relay')] : [],
      });
    }),
    numbers.flatMap((n) => [containerView(`app${n}`), containerView(`side${n}`)]),
  );
}

describe('a picture as SVG', () => {
  it.each([[0], [1], [5], [30]])(
    'of %i pods: boxes do not overlap, and all is inside of the picture',
    (count) => {
      const svg = drawSvg(pods(count));
      const [root] = elements(svg, 'svg');
      const boxes = rects(svg);
      for (const box of boxes) {
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.right).toBeLessThanOrEqual(Number(root?.attributes.width));
        expect(box.bottom).toBeLessThanOrEqual(Number(root?.attributes.height));
      }
      const solid = boxes.filter(({ kind }) => kind !== 'frame' && kind !== 'container');
      const overlapping = solid.flatMap((a, index) =>
        solid
          .slice(index + 1)
          .filter((b) => a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom)
          .map((b) => [a, b]),
      );
      expect(overlapping).toEqual([]);
      expect(boxes.filter(({ kind }) => kind === 'unit')).toHaveLength(count);
      expect(boxes.filter(({ kind }) => kind === 'container')).toHaveLength(2 * count);
      expect(boxes.filter(({ kind }) => kind === 'port')).toHaveLength(Math.ceil(count / 2));
    },
  );

  it('names pods, containers, addresses, subnets, gateways, ports and how they are served', () => {
    const seen = texts(drawSvg(pods(5)));
    const { uplink, ...expected } = {
      uplink: 'uplink slirp4netns',
      namespace: "the user's network namespace",
      bridge: 'bridge br-podman',
      subnet: 'subnet 10.81.0.0/24',
      gateway: 'gateway 10.81.0.1',
      pod: 'pod pod1',
      address: 'eth0 10.81.0.2/24',
      container: 'app1  docker.io/library/app1:latest',
      host: '0.0.0.0:8001',
      port: 'port 80/tcp',
      way: 'relay',
      tap: 'tap0 10.0.2.100/24',
    };
    expect(seen).toEqual(expect.arrayContaining([uplink, ...Object.values(expected)]));
  });

  it('a line of a port ends at the pod, at the height of its text', () => {
    const svg = drawSvg(pods(1));
    const pod = rects(svg).find(({ kind }) => kind === 'unit');
    const port = rects(svg).find(({ kind }) => kind === 'port');
    const line = elements(svg, 'path').find(({ attributes }) => attributes.class === 'line-port');
    const middle = ((port?.y ?? 0) + (port?.bottom ?? 0)) / 2;
    expect(line?.attributes.d).toBe(`M${port?.right},${middle}L${pod?.x},${middle}`);
  });

  it('C5 C8: the uplink leads to every network but the internal ones, which are marked', () => {
    const network = (name: string, address: string) => {
      return podView(name, [attachmentTo(name, address, { behindUplink: true })]);
    };
    const views = [network('a', '10.1.0.2'), network('b', '10.2.0.2'), network('c', '10.3.0.2')];
    const internal = new Set(['a']);
    const svg = drawSvg(diagramOf(views, [], { internal }));
    const boxes = rects(svg).filter(({ kind }) => kind === 'network');
    const ends = elements(svg, 'path')
      .filter(({ attributes }) => attributes.class === 'line-uplink')
      .map(({ attributes }) => Number(attributes.d?.split(',').at(-1)));
    // From the top: b, c, and a, which has no way out.
    expect(ends).toEqual(boxes.slice(0, 2).map(({ y }) => y));
    expect(texts(svg).filter((text) => text === 'internal' || text.startsWith('network '))).toEqual([
      'network b',
      'network c',
      'network a',
      'internal',
    ]);
    const alone = drawSvg(diagramOf(views.slice(0, 1), [], { internal }));
    expect(rects(alone).map(({ kind }) => kind)).toEqual(['frame', 'unit', 'network']);
    expect(alone).not.toContain('uplink slirp4netns');
  });

  it('needs nothing from elsewhere, and knows light and dark', () => {
    const svg = drawSvg(pods(5));
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
      /https?:|url\(|@import|<script|href|@font-face/,
    );
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
  });

  it('E6: no name breaks out of a text, and a long one is cut and told whole as a hint', () => {
    const hostile = '</text><script>x</script> & "q" \'a\' \x00\x1b \uD800 ]]> ';
    const long = 'l'.repeat(200);
    const svg = drawSvg(
      diagramOf(
        [
          podView('pod', [attachmentTo(hostile, '10.1.0.2', { ifname: hostile, bridge: long })], ['c'], {
            status: hostile,
          }),
        ],
        [
          containerView('c', { image: hostile }),
          loneContainer('lone', { networkMode: `ns:/${hostile}`, image: long }),
        ],
      ),
    );
    expect(elements(svg, 'script')).toEqual([]);
    expect(texts(svg)).toContain(`bridge ${'l'.repeat(36)}…`);
    expect(elements(svg, 'title').some(({ text }) => text.includes(`bridge ${long}`))).toBe(true);
    for (const text of texts(svg)) expect(text.length).toBeLessThanOrEqual(44);
  });

  it('of 200 pods is drawn within 100 ms', () => {
    const spentMs = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage();
      drawSvg(pods(200));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    });
    // Of a busy machine the least tells most.
    expect(Math.min(...spentMs)).toBeLessThan(100);
  });
});
