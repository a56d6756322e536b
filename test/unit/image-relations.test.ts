import { describe, expect, it } from 'vitest';
import { filterImages } from '../../src/engine/image-filters.ts';
import type { ImageView } from '../../src/engine/views.ts';
import { parsePlatform } from '../../src/image/access.ts';
import { hasChildren, historySteps, parentOf } from '../../src/image/relations.ts';
import type { ImageRecord } from '../../src/store/records.ts';

function image(id: string, layers: string, steps: readonly string[]): ImageRecord {
  const diffIds = [...layers].map((layer) => `sha256:${layer}`);
  const history = steps.map((step) => ({ created_by: step, empty_layer: step.startsWith('#') }));
  const config = { rootfs: { type: 'layers', diff_ids: diffIds }, history };
  return { id, digest: '', names: [`${id}:1`], createdAtMs: 0, sizeBytes: 0, diffIds, blobs: [], config };
}

const base = image('base', 'a', ['A']);
const middle = image('middle', 'a', ['A', '#label']);
const top = image('top', 'ab', ['A', '#label', 'B']);
const other = image('other', 'ac', ['A', 'C']);
const all = [base, middle, top, other];

describe('what was built on what', () => {
  it('B2: the nearest ancestor is the parent', () => {
    expect(all.map((each) => parentOf(each, all)?.id)).toEqual([undefined, 'base', 'middle', 'base']);
    expect(all.map((each) => hasChildren(each, all))).toEqual([true, true, false, false]);
  });

  it('B2: history knows sizes of layers, steps without one, and which image ends where', () => {
    const steps = historySteps(top, all, (diffId) => (diffId === 'sha256:a' ? 10 : 20));
    expect(steps.map(({ id, createdBy, sizeBytes }) => [id, createdBy, sizeBytes])).toEqual([
      ['top', 'B', 20],
      ['middle', '#label', 0],
      ['base', 'A', 10],
    ]);
    const bare = { ...top, config: { ...top.config, history: [] } };
    expect(historySteps(bare, [bare], () => 1).map(({ id }) => id)).toEqual(['top', undefined]);
  });
});

const view = (name: string, more: Partial<ImageView> = {}): ImageView => ({
  id: name,
  digest: '',
  names: [name],
  pastNames: [],
  parentId: '',
  hasChildren: false,
  createdAtMs: 1000,
  sizeBytes: 0,
  containers: 0,
  labels: {},
  ...more,
});

const views = [
  view('quay.io/team/app:v1', { labels: { a: 'b=c' }, containers: 1, createdAtMs: 3000 }),
  view('localhost:5000/app:v2', { createdAtMs: 2000 }),
  view('loose', { names: [] }),
  view('held', { names: [], hasChildren: true }),
];

describe('filters of images', () => {
  const ids = (filters: Record<string, string[]>) =>
    filterImages(views, filters, () => ({ createdAtMs: 2000 })).map(({ id }) => id);

  it.each<[Record<string, string[]>, string[]]>([
    [{ reference: ['app'] }, ['quay.io/team/app:v1', 'localhost:5000/app:v2']],
    [{ reference: ['team/app'] }, ['quay.io/team/app:v1']],
    [{ reference: ['app:v2'] }, ['localhost:5000/app:v2']],
    [{ reference: ['quay.io/*/app:*'] }, ['quay.io/team/app:v1']],
    [{ reference: ['quay.io/*'] }, []],
    [{ reference: ['*:v1', 'localhost:5000/app'] }, ['quay.io/team/app:v1', 'localhost:5000/app:v2']],
    [{ label: ['a'] }, ['quay.io/team/app:v1']],
    [{ label: ['a=b=c'], containers: ['true'] }, ['quay.io/team/app:v1']],
    [{ label: ['a=x'] }, []],
    [{ 'label!': ['a'], reference: ['app'] }, ['localhost:5000/app:v2']],
    [{ dangling: ['true'] }, ['loose']],
    [{ intermediate: ['true'] }, ['held']],
    [{ since: ['x'] }, ['quay.io/team/app:v1']],
    [{ before: ['x'] }, ['loose', 'held']],
  ])('B2: %j', (filters, expected) => {
    expect(ids(filters)).toEqual(expected);
  });

  it.each([
    [{ colour: ['red'] }, 'unsupported image filter "colour"'],
    [{ constructor: ['red'] }, 'unsupported image filter "constructor"'],
    [{ dangling: ['maybe'] }, 'non-boolean value "maybe" for dangling filter'],
    [{ until: ['soon'] }, 'failed to parse --filter until "soon"'],
  ])('B2: %j is refused', (filters, message) => {
    expect(() => ids(filters as unknown as Record<string, string[]>)).toThrow(message);
  });
});

describe('platforms', () => {
  it.each([
    [{}, undefined],
    [{ arch: 'x86_64' }, { os: 'linux', architecture: 'amd64', variant: undefined }],
    [{ platform: 'linux/arm/v7' }, { os: 'linux', architecture: 'arm', variant: 'v7' }],
    [{ platform: 'linux/aarch64' }, { os: 'linux', architecture: 'arm64', variant: undefined }],
  ])('B2: %j', (request, expected) => {
    expect(parsePlatform(request)).toEqual(expected);
  });

  it.each(['/arm64', 'linux/', 'a/b/c/d', ''])('B2: %j is refused', (platform) => {
    expect(() => parsePlatform({ platform })).toThrow(`invalid platform "${platform}"`);
  });
});
