import type { Context } from './context.ts';
import type { ImageOperations } from './image-api.ts';
import type { Lifecycle } from './lifecycle.ts';
import { parsePullPolicy } from './pull-policy.ts';

/** Names in, ids and views out; what few commands need is loaded when it is asked for. */
export function imageOperations(context: Context, lifecycle: Lifecycle): ImageOperations {
  const { interrupt, events } = context;
  const transfers = async () => (await context.images()).transfers();
  return {
    pull: async (reference, request, progress) => {
      const policy = parsePullPolicy(request.policy);
      const images = await context.images();
      const options = { ...request, policy };
      const single = policy !== 'always' && !request.allTags;
      const pulled = single
        ? images.pull(reference, options, progress).then((id) => [id])
        : images.pullAll(reference, options, progress);
      const ids = await interrupt.blame(pulled);
      for (const id of ids) events.image('pull', id, reference);
      return ids;
    },
    push: async (name, request, progress) => {
      const images = await context.images();
      const found = images.locate(name);
      const { pushImage } = await import('../image/push.ts');
      const transfers = await images.transfers();
      await interrupt.blame(pushImage(transfers, found, request.destination, request, progress));
      events.image('push', found.image.id, request.destination ?? name);
    },
    load: async (input, progress) => {
      const images = await context.images();
      const names = await interrupt.blame(images.load(input, progress));
      const found = names.map((name) => [images.require(name).id, name] as const);
      for (const [id, name] of found) events.image('loadfromarchive', id, input ?? name);
      return names;
    },
    build: async (request, progress) => {
      const { buildImage } = await import('./build.ts');
      return interrupt.blame(buildImage(context, request, progress));
    },
    import: async (request, progress) => {
      const images = await context.images();
      const [transfers, { importImage }] = await Promise.all([
        images.transfers(),
        import('../image/import.ts'),
      ]);
      const id = await interrupt.blame(importImage(transfers, request, progress));
      events.image('import', id, request.name ?? id);
      return id;
    },
    save: async (names, request, progress) => {
      const { saveNamed } = await import('./save.ts');
      await interrupt.blame(saveNamed(context, names, request, progress));
    },
    list: async (filters) => {
      const { listImages } = await import('./images.ts');
      return listImages(context, filters);
    },
    inspect: async (name) => {
      const images = await context.images();
      return images.inspect(images.require(name));
    },
    history: async (name) => {
      const images = await context.images();
      return images.history(images.require(name));
    },
    tree: async (name) => (await import('./image-tree.ts')).imageTree(context, name),
    tag: async (name, names) => {
      const images = await context.images();
      await images.tag(name, names);
      for (const each of names) events.image('tag', images.require(name).id, each);
    },
    untag: async (name, names) => {
      const images = await context.images();
      const { id } = images.require(name);
      await images.untag(name, names);
      events.image('untag', id, name);
    },
    remove: async (name, options) => {
      const { removeImage } = await import('./images.ts');
      return removeImage(context, lifecycle, name, options);
    },
    prune: async (options) => {
      const { pruneImages } = await import('./images.ts');
      return pruneImages(context, options);
    },
    login: async (request) => {
      const { logIn } = await import('../image/login.ts');
      return interrupt.blame(logIn(await transfers(), request));
    },
    logout: async (request) => {
      const { logOut } = await import('../image/login.ts');
      return interrupt.blame(logOut(await transfers(), request));
    },
    search: async (request) => {
      const { searchImages } = await import('../image/search.ts');
      return interrupt.blame(searchImages(await transfers(), request));
    },
    searchTags: async (request) => {
      const { searchTags } = await import('../image/search.ts');
      return interrupt.blame(searchTags(await transfers(), request));
    },
    exists: async (name) => (await context.images()).find(name) !== undefined,
  };
}
