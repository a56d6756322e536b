import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { lookUp } from '../../src/image/lookup.ts';
import type { RegistriesConfig } from '../../src/image/registries.ts';
import { ImageTable, imageHistorySchema, imageSchema } from '../../src/store/images.ts';
import type { ImageRecord } from '../../src/store/records.ts';

let table: ImageTable;
beforeEach(() => {
  const db = new DatabaseSync(':memory:');
  db.exec(`PRAGMA foreign_keys = ON; ${imageSchema} ${imageHistorySchema}`);
  table = new ImageTable(db);
});

const hex = (digits: string) => digits.padEnd(64, '0');
const sha = (digits: string) => `sha256:${hex(digits)}`;

function image(id: string, names: string[], layers: string[] = ['1']): ImageRecord {
  return {
    id: hex(id),
    digest: sha(`d${id}`),
    names,
    createdAtMs: Number.parseInt(id, 16),
    sizeBytes: 10,
    diffIds: layers.map((layer) => sha(`f${layer}`)),
    blobs: layers.map((layer) => sha(`b${layer}`)),
    config: { rootfs: { type: 'layers', diff_ids: layers.map((layer) => sha(`f${layer}`)) } },
  };
}

function record(...images: ImageRecord[]): void {
  for (const each of images) table.record(each, [], () => {});
}

const searching = (...searchRegistries: string[]): RegistriesConfig => ({
  searchRegistries,
  aliases: new Map([['aliased', 'alias.example/x/aliased']]),
  prefixes: [],
});

function find(name: string, config = searching()): string | undefined {
  return lookUp(name, table, () => config)?.image.id.replace(/0+$/, '');
}

describe('looking up an image', () => {
  it('B2: by full name, and by the short name that stands for it', () => {
    record(image('a', ['docker.io/library/app:latest']), image('b', ['localhost:5000/team/tool:2']));
    expect(find('app')).toBe('a');
    expect(find('docker.io/library/app:latest')).toBe('a');
    expect(find('docker.io/app')).toBe('a');
    expect(find('tool:2')).toBe('b');
    expect(find('team/tool:2')).toBe('b');
    expect(find('localhost:5000/team/tool:2')).toBe('b');
    for (const none of ['tool', 'ool:2', 'app:1', 'quay.io/app', 'App', 'x/tool:2']) {
      expect(find(none), none).toBeUndefined();
    }
  });

  it('B2: of several, localhost wins, then alias and search registries in order, then Docker Hub', () => {
    record(image('a', ['docker.io/library/app:latest', 'docker.io/library/aliased:latest']));
    record(image('b', ['two.example/app:latest']));
    expect(find('app', searching('one.example', 'two.example'))).toBe('b');
    expect(find('app', searching('one.example'))).toBe('a');
    record(image('c', ['one.example/app:latest']));
    expect(find('app', searching('one.example', 'two.example'))).toBe('c');
    record(image('d', ['localhost/app:latest']));
    expect(find('app', searching('one.example', 'two.example'))).toBe('d');
    record(image('e', ['alias.example/x/aliased:latest']));
    expect(find('aliased', searching('one.example'))).toBe('e');
  });

  it('B2: a name that one image alone can mean is found without reading the configuration', () => {
    record(image('a', ['quay.io/x/app:latest']));
    const unread = () => {
      throw new Error('the configuration was read');
    };
    expect(lookUp('app', table, unread)?.name).toBe('quay.io/x/app:latest');
  });

  it('B2: by id, its beginning, and with sha256:; an ambiguous beginning is told', () => {
    record(image('abc1', ['x.io/a:1']), image('abd2', []));
    expect(find('abc')).toBe('abc1');
    expect(find('sha256:abd')).toBe('abd2');
    expect(find(hex('abd2'))).toBe('abd2');
    expect(find(sha('abd2'))).toBe('abd2');
    expect(() => find('ab')).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('more than one'),
      }),
    );
    expect(find('abe')).toBeUndefined();
  });

  it('B2: a name wins over the beginning of an id', () => {
    record(image('beef', []), image('a', ['localhost/beef:latest']));
    expect(find('beef')).toBe('a');
    expect(find('bee')).toBe('beef');
  });

  it('B2: by digest of the manifest or of its list, within the repository', () => {
    table.record(image('a', ['x.io/team/app:1']), [sha('11')], () => {});
    expect(find(`x.io/team/app@${sha('da')}`)).toBe('a');
    expect(find(`app@${sha('11')}`)).toBe('a');
    expect(find(sha('11'))).toBe('a');
    expect(find(`other@${sha('11')}`)).toBeUndefined();
    expect(find(`app@${sha('22')}`)).toBeUndefined();
  });
});

describe('the table of images', () => {
  it('B2: a name belongs to the image that took it last; the other stays without', () => {
    record(image('a', ['x.io/app:1', 'x.io/app:2']), image('b', ['x.io/app:1']));
    expect(table.get(hex('a'))?.names).toEqual(['x.io/app:2']);
    expect(table.byName('x.io/app:1')?.id).toBe(hex('b'));
    expect(table.all().map(({ id }) => id)).toEqual([hex('b'), hex('a')]);
  });

  it('B2: gives back what was written, layers in their order, one that comes twice included', () => {
    const written = image('a', ['x.io/a:1'], ['3', '1', '3', '2']);
    record(written);
    expect(table.get(hex('a'))).toEqual(written);
    record(written);
    expect(table.all()).toEqual([written]);
  });

  it('B2: an image whose files are gone is not written at all', () => {
    const confirm = () => {
      throw new Error('missing');
    };
    expect(() => table.record(image('a', ['x.io/a:1']), [], confirm)).toThrow('missing');
    expect(table.all()).toEqual([]);
    expect(table.byName('x.io/a:1')).toBeUndefined();
  });

  it('B2: what images have is told, and what went with a removed one is not', () => {
    record(image('a', ['x.io/a:1'], ['1', '2']), image('b', ['x.io/b:1'], ['1', '3']));
    table.recordLayer(sha('f2'), { sizeBytes: 5, tarBytes: 1024 });
    table.recordLayer(sha('f1'), { sizeBytes: 6, tarBytes: 2048 });
    const used = () => {
      let found: string[][] = [];
      table.withUsed((blobs, diffIds) => {
        found = [[...blobs].sort(), [...diffIds].sort()];
      });
      return found;
    };
    expect(used()[1]).toEqual(['f1', 'f2', 'f3'].map(sha));
    table.remove(hex('a'), ['x.io/a:1'], true, () => {});
    expect(used()).toEqual([['b', 'b1', 'b3', 'db'].map(sha), ['f1', 'f3'].map(sha)]);
    expect([table.layer(sha('f1'))?.sizeBytes, table.layer(sha('f2'))]).toEqual([6, undefined]);
    table.remove(hex('b'), [], true, () => {});
    expect(used()).toEqual([[], []]);
    expect(table.all()).toEqual([]);
    expect(table.byName('x.io/b:1')).toBeUndefined();
  });

  it('B2: a refused removal changes nothing', () => {
    record(image('a', ['x.io/a:1']));
    const guard = () => {
      throw new Error('in use');
    };
    expect(() => table.remove(hex('a'), ['x.io/a:1'], true, guard)).toThrow('in use');
    expect(table.byName('x.io/a:1')?.id).toBe(hex('a'));
  });
});
