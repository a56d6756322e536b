import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { ImageRecord } from './records.ts';

export const imageSchema = `
CREATE TABLE IF NOT EXISTS images (
  id            TEXT PRIMARY KEY,
  digest        TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  size_bytes    INTEGER NOT NULL,
  config        TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS image_names (
  name     TEXT PRIMARY KEY,
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE
) STRICT;
CREATE INDEX IF NOT EXISTS image_names_image ON image_names(image_id);

-- Every manifest an image was seen under: its own, and the lists that name it.
CREATE TABLE IF NOT EXISTS image_digests (
  digest   TEXT NOT NULL,
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  PRIMARY KEY (digest, image_id)
) STRICT;

-- Layers that lie unpacked on disk, with the bytes of their files.
CREATE TABLE IF NOT EXISTS layers (
  diff_id    TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS image_layers (
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  diff_id  TEXT NOT NULL,
  blob     TEXT NOT NULL,
  PRIMARY KEY (image_id, position)
) STRICT;
CREATE INDEX IF NOT EXISTS image_layers_diff ON image_layers(diff_id);
CREATE INDEX IF NOT EXISTS image_layers_blob ON image_layers(blob);
`;

/** Names that images have had, and the bytes of layers as tar archives. */
export const imageHistorySchema = `
CREATE TABLE image_past_names (
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  name     TEXT NOT NULL,
  PRIMARY KEY (image_id, name)
) STRICT;
INSERT INTO image_past_names SELECT image_id, name FROM image_names;
ALTER TABLE layers ADD COLUMN tar_bytes INTEGER;
`;

interface ImageRow {
  id: string;
  digest: string;
  created_at_ms: number;
  size_bytes: number;
  config: string;
  names: string;
  layers: string;
}

const select = `SELECT images.*,
  (SELECT json_group_array(name) FROM (SELECT name FROM image_names WHERE image_id = images.id ORDER BY rowid DESC)) AS names,
  (SELECT json_group_array(json_array(diff_id, blob)) FROM
    (SELECT diff_id, blob FROM image_layers WHERE image_id = images.id ORDER BY position)) AS layers
  FROM images`;

const usedBlobs = `SELECT blob FROM image_layers UNION SELECT digest FROM image_digests
  UNION SELECT 'sha256:' || id FROM images`;

export interface LayerSize {
  /** Of all files. */
  readonly sizeBytes: number;
  /** Of the plain tar archive; null where an older version unpacked the layer. */
  readonly tarBytes: number | null;
}

/** Images, their names, their layers. */
export class ImageTable {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get(id: string): ImageRecord | undefined {
    return this.#records(`${select} WHERE id = ?`, id)[0];
  }

  byName(name: string): ImageRecord | undefined {
    return this.#records(`${select} WHERE id = (SELECT image_id FROM image_names WHERE name = ?)`, name)[0];
  }

  /** By the ends of their names, e.g. `/busybox:latest`, with the whole names; newest name first. */
  byNameEnd(end: string): { name: string; id: string }[] {
    return this.#all(
      'SELECT name, image_id AS id FROM image_names WHERE substr(name, ?) = ? ORDER BY rowid DESC',
      -end.length,
      end,
    );
  }

  /** By the digest of a manifest or a manifest list; newest first. */
  byDigest(digest: string): ImageRecord[] {
    return this.#records(
      `${select} WHERE id IN (SELECT image_id FROM image_digests WHERE digest = ?) ORDER BY rowid DESC`,
      digest,
    );
  }

  /** Ids that begin with these hex digits; two at the most. */
  idsFrom(prefix: string): string[] {
    return this.#all<{ id: string }>(
      'SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2',
      prefix,
      `${prefix}g`,
    ).map((row) => row.id);
  }

  /** Newest first, as podman lists them. */
  all(): ImageRecord[] {
    return this.#records(`${select} ORDER BY created_at_ms DESC, rowid DESC`);
  }

  digestsOf(id: string): string[] {
    return this.#all<{ digest: string }>(
      'SELECT digest FROM image_digests WHERE image_id = ? ORDER BY rowid',
      id,
    ).map((row) => row.digest);
  }

  /** Blobs that unpack to a layer. */
  blobsOf(diffId: string): string[] {
    return this.#all<{ blob: string }>(
      'SELECT DISTINCT blob FROM image_layers WHERE diff_id = ?',
      diffId,
    ).map((row) => row.blob);
  }

  layerBlobs(): string[] {
    return this.#all<{ blob: string }>('SELECT DISTINCT blob FROM image_layers').map((row) => row.blob);
  }

  /** Every name it has or has had, the oldest first. */
  pastNames(id: string): string[] {
    return this.#all<{ name: string }>(
      'SELECT name FROM image_past_names WHERE image_id = ? ORDER BY rowid',
      id,
    ).map((row) => row.name);
  }

  layer(diffId: string): LayerSize | undefined {
    return this.#all<LayerSize>(
      'SELECT size_bytes AS sizeBytes, tar_bytes AS tarBytes FROM layers WHERE diff_id = ?',
      diffId,
    )[0];
  }

  recordLayer(diffId: string, { sizeBytes, tarBytes }: LayerSize): void {
    this.#run('INSERT OR REPLACE INTO layers VALUES (?, ?, ?)', diffId, sizeBytes, tarBytes);
  }

  /**
   * Writes an image with its names, which it takes from whatever image had them; idempotent. `confirm` runs
   * under the write lock, against which `remove` cannot delete files: it throws where a file is missing.
   */
  record(image: ImageRecord, digests: readonly string[], confirm: () => void): void {
    this.#transaction(() => {
      confirm();
      const { id } = image;
      this.#run(
        `INSERT INTO images (id, digest, created_at_ms, size_bytes, config) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, size_bytes = excluded.size_bytes`,
        id,
        image.digest,
        image.createdAtMs,
        image.sizeBytes,
        JSON.stringify(image.config),
      );
      this.#run('DELETE FROM image_layers WHERE image_id = ?', id);
      image.diffIds.forEach((diffId, position) => {
        const blob = image.blobs[position] as string;
        this.#run('INSERT INTO image_layers VALUES (?, ?, ?, ?)', id, position, diffId, blob);
      });
      for (const digest of [image.digest, ...digests]) {
        this.#run('INSERT OR IGNORE INTO image_digests (digest, image_id) VALUES (?, ?)', digest, id);
      }
      for (const name of image.names) this.#name(name, id);
    });
  }

  name(name: string, id: string): void {
    this.#transaction(() => this.#name(name, id));
  }

  /**
   * Takes names from an image, and deletes the image too where `deleteImage` is set. `guard` runs under the
   * write lock and may refuse by throwing. Files are for `withUsed` to tell apart.
   */
  remove(id: string, names: readonly string[], deleteImage: boolean, guard: () => void): void {
    this.#transaction(() => {
      guard();
      for (const name of names)
        this.#run('DELETE FROM image_names WHERE name = ? AND image_id = ?', name, id);
      if (deleteImage) this.#run('DELETE FROM images WHERE id = ?', id);
    });
  }

  /**
   * Hands the digests of all blobs and the diff ids of all layers that images have to `work`, which deletes
   * the others under the write lock; layers that are no image's are forgotten here.
   */
  withUsed(work: (blobs: ReadonlySet<string>, diffIds: ReadonlySet<string>) => void): void {
    this.#transaction(() => {
      const blobs = this.#all<{ blob: string }>(usedBlobs).map((row) => row.blob);
      const diffIds = this.#all<{ diff_id: string }>('SELECT DISTINCT diff_id FROM image_layers');
      work(new Set(blobs), new Set(diffIds.map((row) => row.diff_id)));
      this.#run('DELETE FROM layers WHERE diff_id NOT IN (SELECT diff_id FROM image_layers)');
    });
  }

  #name(name: string, id: string): void {
    this.#run('INSERT OR IGNORE INTO image_past_names (image_id, name) VALUES (?, ?)', id, name);
    this.#run(
      `INSERT INTO image_names (name, image_id) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET image_id = excluded.image_id`,
      name,
      id,
    );
  }

  #records(sql: string, ...values: SQLInputValue[]): ImageRecord[] {
    return this.#all<ImageRow>(sql, ...values).map(toRecord);
  }

  #all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

function toRecord(row: ImageRow): ImageRecord {
  const layers = JSON.parse(row.layers) as [string, string][];
  return {
    id: row.id,
    digest: row.digest,
    names: JSON.parse(row.names),
    createdAtMs: row.created_at_ms,
    sizeBytes: row.size_bytes,
    diffIds: layers.map(([diffId]) => diffId),
    blobs: layers.map(([, blob]) => blob),
    config: JSON.parse(row.config),
  };
}
