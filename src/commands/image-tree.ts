import { exactly } from './arguments.ts';
import { command } from './command.ts';
import { shortIdLength } from './container-row.ts';
import { bool } from './flags.ts';
import { humanSize } from './format/size.ts';

export const imageTree = command({
  usage: '[options] IMAGE',
  description: 'Shows the layers of an image, the lowest first, and the images that end with each.',
  examples: ['image tree app', 'image tree --whatrequires base'],
  flags: { whatrequires: bool('Show the images that were built on this one') },
  args: exactly(1),
  async run(call) {
    const { images } = await call.engine();
    const tree = await images.tree(call.args[0] as string);
    const id = tree.id.slice(0, shortIdLength);
    const lines = call.values.whatrequires
      ? tree.requiredBy.map((image) => `ID: ${image.id.slice(0, shortIdLength)} [${image.names.join(' ')}]`)
      : tree.layers.map(({ diffId, sizeBytes, topOf }) => {
          const top = topOf.length === 0 ? '' : ` Top Layer of: [${topOf.join(' ')}]`;
          return `ID: ${diffId.slice('sha256:'.length).slice(0, shortIdLength)} Size: ${packed(sizeBytes)}${top}`;
        });
    const { stdout } = call;
    stdout.line(`Image ID: ${id}`);
    stdout.line(`Tags:     [${tree.names.join(' ')}]`);
    stdout.line(`Size:     ${packed(tree.sizeBytes)}`);
    stdout.line(call.values.whatrequires ? `Image ${id} is required by:` : 'Image Layers');
    lines.forEach((line, index) => {
      stdout.line(`${index === lines.length - 1 ? '└──' : '├──'} ${line}`);
    });
    return 0;
  },
});

/** podman leaves no space before the unit here. */
function packed(bytes: number): string {
  return humanSize(bytes).replace(' ', '');
}
