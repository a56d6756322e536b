import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { StoreRoom } from '../fixtures/image-store.ts';
import { type BuiltImage, buildImage, type LayerSpec, layerBlobs, ociArchive } from '../fixtures/images.ts';
import { type Registry, startRegistry } from '../fixtures/registry.ts';
import { describeForRoot } from '../support/host.ts';
import { runContext } from '../support/run-context.ts';

const layer = (name: string, rest: Partial<LayerSpec> = {}): LayerSpec => ({
  files: [{ path: name, content: `content of ${name}` }],
  ...rest,
});
const base = layer('base');

describeForRoot('the image store', () => {
  const run = runContext();
  let registry: Registry;
  let room: StoreRoom;
  beforeAll(async () => {
    registry = await startRegistry(join(run.dir, `registry-${process.pid}`));
  });
  afterAll(() => registry.stop());
  beforeEach(() => {
    room = new StoreRoom(run.dir, join(run.binDir, 'peapod'));
  });
  afterEach(() => room.dispose());

  const name = (short: string) => `${registry.host}/${short}`;

  async function pushed(short: string, image: BuiltImage, flags?: string[]): Promise<string> {
    await registry.push(image, short, flags);
    return name(short);
  }

  it('B2: an image has the id, the digest and the blobs that its registry has', async () => {
    const image = buildImage({
      layers: [base, layer('zstd', { compression: 'zstd' })],
    });
    const full = await pushed('round/trip:1', image);
    expect(await room.pull(full)).toBe(image.id);
    expect(room.images.require(full)).toMatchObject({ digest: image.manifestDigest, names: [full] });
    expect(room.blobs).toEqual([...image.blobs.keys()].sort());
    expect(room.wrongBlobs()).toEqual([]);
    expect(room.layers).toEqual(image.diffIds.map((id) => id.slice(7)).sort());
    const directories = await room.images.layerDirectories(room.images.require(full));
    expect(
      directories.map((dir, index) => readFileSync(join(dir, ['base', 'zstd'][index] as string), 'utf8')),
    ).toEqual(['content of base', 'content of zstd']);
    expect(room.halfMade).toEqual([]);
  });

  it('B2: an image in docker’s format keeps docker’s id and digest', async () => {
    const image = buildImage({ layers: [base], config: { Healthcheck: { Test: ['NONE'] }, Cmd: ['x'] } });
    const full = await pushed('docker/format:1', image, ['--format', 'v2s2']);
    const { digest } = await registry.manifest('docker/format', '1');
    expect(digest).not.toBe(image.manifestDigest);
    // skopeo has written the configuration anew when it pushed: the id is what the registry's manifest says.
    const id = await room.pull(full);
    const manifest = JSON.parse(
      readFileSync(join(room.paths.imageLayout, 'blobs', digest.replace(':', '/')), 'utf8'),
    );
    expect(`sha256:${id}`).toBe(manifest.config.digest);
    expect(room.images.require(id).digest).toBe(digest);
    expect(room.blobs).toEqual([digest, manifest.config.digest, manifest.layers[0].digest].sort());
    expect(room.wrongBlobs()).toEqual([]);
  });

  it.each([
    ['OCI', 'application/vnd.oci.image.index.v1+json', undefined],
    ['docker', 'application/vnd.docker.distribution.manifest.list.v2+json', ['--format', 'v2s2']],
  ])(
    'B2: of a list in %s’s format the image for this host is taken, and found by both digests',
    async (kind, mediaType, flags) => {
      const repository = `lists/${kind.toLowerCase()}`;
      const platforms = [
        { architecture: 's390x', image: buildImage({ layers: [layer('s390x')], architecture: 's390x' }) },
        {
          architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
          image: buildImage({ layers: [base, layer('here')] }),
        },
      ];
      const manifests: { digest: string }[] = [];
      for (const { architecture, image } of platforms) {
        await registry.push(image, `${repository}:${architecture}`, flags);
        manifests.push({
          ...(await registry.manifest(repository, architecture)),
          ...{ platform: { os: 'linux', architecture } },
        });
      }
      const list = await registry.putManifest(repository, '1', {
        schemaVersion: 2,
        mediaType,
        manifests,
      } as { mediaType: string });
      const id = await room.pull(name(`${repository}:1`));
      const image = room.images.require(id);
      expect(image.digest).toBe(manifests[1]?.digest);
      expect(image.diffIds).toEqual(platforms[1]?.image.diffIds);
      expect(room.images.find(name(`${repository}@${list}`))?.id).toBe(id);
      expect(room.images.find(name(`${repository}@${image.digest}`))?.id).toBe(id);
      // What the list stands for is here already: nothing is copied again.
      room.progress.length = 0;
      expect(await room.pull(name(`${repository}:1`), 'always')).toBe(id);
      expect(room.progress).toEqual([`Trying to pull ${name(`${repository}:1`)}...`]);
      // A foreign platform by its digest: taken, with a warning.
      const foreign = await room.pull(name(`${repository}@${manifests[0]?.digest}`));
      expect(room.images.require(foreign).config.architecture).toBe('s390x');
      expect(room.progress.join('\n')).toMatch(/WARNING: image platform \(linux\/s390x\) does not match/);
    },
  );

  it('B2: a layer that two images share is fetched, unpacked and kept once', async () => {
    const common = layer('common');
    const one = buildImage({ layers: [common, layer('one')] });
    const two = buildImage({ layers: [common, layer('two')] });
    const [first, second] = [await pushed('shared/one:1', one), await pushed('shared/two:1', two)];
    await room.pull(first);
    const shared = join(room.paths.layers, (one.diffIds[0] as string).slice(7));
    const before = statSync(shared);
    registry.lose(layerBlobs(one)[0] as string);
    await room.pull(second);
    const after = statSync(shared);
    expect([after.ino, after.ctimeMs]).toEqual([before.ino, before.ctimeMs]);
    expect(room.layers).toHaveLength(3);
    expect(await room.remove(first)).toEqual([`Untagged: ${first}`, `Deleted: ${one.id}`]);
    expect(room.layers).toEqual(two.diffIds.map((id) => id.slice(7)).sort());
    expect(room.blobs).toEqual([...two.blobs.keys()].sort());
    await room.remove(two.id.slice(0, 8));
    expect([room.layers, room.blobs, room.images.list()]).toEqual([[], [], []]);
  });

  it('B2: two pulls of one image at once both succeed', async () => {
    const image = buildImage({ layers: Array.from({ length: 6 }, (_, index) => layer(`at-once-${index}`)) });
    const full = await pushed('at/once:1', image);
    const ids = await Promise.all([room.pull(full), room.pull(full), room.pull(full)]);
    expect(new Set(ids)).toEqual(new Set([image.id]));
    expect(room.images.list()).toHaveLength(1);
    expect(room.layers).toEqual(image.diffIds.map((id) => id.slice(7)).sort());
    expect(room.halfMade).toEqual([]);
  });

  it('B2: pulls and removals of images that share layers do not hurt each other', async () => {
    const images = [0, 1, 2].map((index) => buildImage({ layers: [base, layer(`churn-${index}`)] }));
    const names = await Promise.all(images.map((image, index) => pushed(`churn/${index}:1`, image)));
    const churn = async (full: string) => {
      for (let round = 0; round < 3; round++) {
        await room.pull(full, 'always');
        const directories = await room.images.layerDirectories(room.images.require(full));
        expect(directories.every((directory) => existsSync(directory))).toBe(true);
        await room.remove(full);
      }
    };
    await Promise.all(names.map(churn));
    expect([room.layers, room.blobs, room.halfMade]).toEqual([[], [], []]);
  });

  it('B2: pull policies: never, missing, always, newer', async () => {
    const [old, fresh] = [buildImage({ layers: [base] }), buildImage({ layers: [base, layer('fresh')] })];
    const full = await pushed('policies:1', old);
    await expect(room.pull(full, 'never')).rejects.toThrow(`${full}: image not known`);
    expect(await room.pull(full, 'newer')).toBe(old.id);
    await pushed('policies:1', fresh);
    expect(await room.pull(full, 'missing')).toBe(old.id);
    expect(await room.pull(full, 'never')).toBe(old.id);
    expect(await room.pull(full, 'newer')).toBe(fresh.id);
    await pushed('policies:1', old);
    expect(await room.pull(full, 'always')).toBe(old.id);
    expect(room.images.require(fresh.id).names).toEqual([]);
  });

  it('B2: where the registry does not answer, newer takes what is here and always fails', async () => {
    const other = await startRegistry(join(room.dir, 'registry'));
    const image = buildImage({ layers: [base] });
    await other.push(image, 'app:1');
    const full = `${other.host}/app:1`;
    await room.pull(full);
    await other.stop();
    expect(await room.pull(full, 'newer')).toBe(image.id);
    await expect(room.pull(full, 'always')).rejects.toThrow(
      expect.objectContaining({ code: 'COMMAND_FAILED', hint: expect.stringContaining('does not answer') }),
    );
    expect(room.images.require(full).id).toBe(image.id);
  });

  it('B2: what no registry has is told, and leaves nothing', async () => {
    await expect(room.pull(name('no/such:1'))).rejects.toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', message: expect.stringContaining('manifest unknown') }),
    );
    expect([room.blobs, room.halfMade, room.images.list()]).toEqual([[], [], []]);
  });

  it('B2: a short name goes through search registries in turn', async () => {
    const image = buildImage({ layers: [base, layer('short')] });
    await pushed('short-name:1', image);
    const config = join(room.dir, 'registries.conf');
    writeFileSync(config, `unqualified-search-registries = ["localhost:1", "${registry.host}"]\n`);
    const own = new StoreRoom(room.dir, join(run.binDir, 'peapod'), { CONTAINERS_REGISTRIES_CONF: config });
    expect(await own.pull('short-name:1')).toBe(image.id);
    expect(own.images.require('short-name:1').names).toEqual([name('short-name:1')]);
    await expect(own.pull('short-name:2')).rejects.toThrow(
      /no registry has short-name: .*localhost:1.*manifest unknown/,
    );
  });

  it('B2: verification that is asked for is done, on loopback as well', async () => {
    const full = await pushed('verified:1', buildImage({ layers: [base] }));
    const verified = room.images.pull(full, { policy: 'always', quiet: true, tlsVerify: true }, () => {});
    await expect(verified).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining('plain HTTP') }),
    );
  });

  it.each([10, 60, 100, 140, 200, 300])(
    'E3: a pull that is interrupted after %d ms leaves nothing',
    async (afterMs) => {
      const content = Buffer.alloc(20_000_000, 'interrupted');
      const image = buildImage({ layers: [base, { files: [{ path: 'big', content }] }, layer('last')] });
      const full = await pushed('interrupted:1', image);
      const pulling = room.pull(full);
      const timer = setTimeout(() => room.abort.abort(), afterMs);
      const result = await pulling.catch((error) => error);
      clearTimeout(timer);
      if (result === image.id) return; // a fast machine is done before
      expect(result).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
      expect([room.layers, room.blobs, room.halfMade, room.images.list()]).toEqual([[], [], [], []]);
    },
  );

  it('E6: an image whose layer is not what it says, or is hostile, leaves nothing behind', async () => {
    const outside = join(room.dir, 'outside');
    const hostile = buildImage({
      layers: [
        base,
        {
          files: [
            { path: 'up', type: 'symlink', link: room.dir },
            { path: 'up/outside', content: 'x' },
          ],
        },
      ],
    });
    const lying = buildImage({ layers: [base], diffIds: [`sha256:${'1'.repeat(64)}`] });
    const short = buildImage({ layers: [base, layer('more')], diffIds: [`sha256:${'1'.repeat(64)}`] });
    for (const image of [hostile, lying, short]) {
      writeFileSync(join(room.dir, 'bad.tar'), ociArchive({ image, name: 'bad:1' }));
      await expect(room.load(join(room.dir, 'bad.tar'))).rejects.toThrow(
        expect.objectContaining({ code: 'IMAGE_INVALID' }),
      );
      expect([room.layers, room.blobs, room.halfMade, room.images.list()]).toEqual([[], [], [], []]);
    }
    expect(existsSync(outside)).toBe(false);
  });

  it('B2: removal follows podman: names, ids, several names, images in use', async () => {
    const image = buildImage({ layers: [base] });
    const [one, two] = [await pushed('rm/one:1', image), await pushed('rm/two:1', image)];
    await room.pull(one);
    await room.pull(two);
    await expect(room.remove(image.id)).rejects.toThrow(/by ID with more than one tag/);
    expect(await room.remove(one, false, ['c1'])).toEqual([`Untagged: ${one}`]);
    await expect(room.remove(two, false, ['c1'])).rejects.toThrow(
      expect.objectContaining({
        code: 'IMAGE_IN_USE',
        exitCode: 2,
        message: expect.stringContaining('used by c1'),
      }),
    );
    expect(room.images.require(two).id).toBe(image.id);
    await room.pull(one);
    expect(await room.remove(image.id, true)).toEqual([
      `Untagged: ${one}`,
      `Untagged: ${two}`,
      `Deleted: ${image.id}`,
    ]);
    await expect(room.remove(two)).rejects.toThrow(
      expect.objectContaining({ code: 'NOT_FOUND', exitCode: 1 }),
    );
  });

  it('B2: layers that are gone from the disk are unpacked again', async () => {
    const image = buildImage({ layers: [base, layer('lost'), base] });
    const full = await pushed('lost:1', image);
    await room.pull(full);
    const record = room.images.require(full);
    const before = await room.images.layerDirectories(record);
    // The layer that comes twice is there once, on top.
    expect(before.map((directory) => directory.slice(-64))).toEqual(
      [image.diffIds[1], image.diffIds[2]].map((id) => id?.slice(7)),
    );
    room.dispose();
    await expect(room.images.layerDirectories(record)).rejects.toThrow();
    expect(await room.pull(full, 'always')).toBe(image.id);
  });
});
