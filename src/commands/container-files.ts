import { PeapodError } from '../errors.ts';
import { isTerminal } from '../host/terminal.ts';
import { anyArguments, exactly, wrongArguments } from './arguments.ts';
import { type Command, command } from './command.ts';
import { bool, optionalBool, string } from './flags.ts';
import { targets } from './targets.ts';

export const cp = command({
  usage: '[options] [CONTAINER:]SRC_PATH [CONTAINER:]DEST_PATH',
  description: `Copies files and directories between a container and this machine, or between containers, running or not.
A place in a container is written CONTAINER:PATH. \`-\` is an archive on standard input or output. A directory
that ends in \`/.\` stands for what it holds. Links are followed inside of the container only.`,
  examples: [
    'cp web:/etc/nginx/nginx.conf .',
    'cp site/. web:/usr/share/nginx/html',
    'cp web:/var/log - | tar tv',
    'cp one:/data two:/data',
  ],
  flags: {
    archive: optionalBool("What is copied into a container belongs to the container's user", {
      short: 'a',
      default: 'true',
    }),
    overwrite: bool('Let files replace directories and directories replace files'),
  },
  args: exactly(2),
  async run(call) {
    const [source = '', destination = ''] = call.args;
    const { archive = true, overwrite } = call.values;
    if (source === '-' && isTerminal(0))
      throw new PeapodError('INVALID_ARGUMENT', 'cannot read an archive from a terminal', {
        hint: 'send it one: peapod cp - CONTAINER:/DIRECTORY < FILE',
      });
    if (destination === '-' && isTerminal(1))
      throw new PeapodError('INVALID_ARGUMENT', 'cannot write an archive to a terminal', {
        hint: 'send it elsewhere: peapod cp CONTAINER:/PATH - > FILE',
      });
    const { files } = await call.engine();
    await files.copy({ source, destination, archive, overwrite });
    return 0;
  },
});

export const exportFiles = command({
  usage: '[options] CONTAINER',
  description: "Writes a container's files, volumes apart, as a tar archive, which import makes an image of.",
  examples: ['export -o web.tar web', 'export web | peapod import - web:flat'],
  flags: { output: string('Write to this file instead of standard output', { short: 'o' }) },
  args: exactly(1),
  async run(call) {
    const { output } = call.values;
    if (output === undefined && isTerminal(1))
      throw new PeapodError('INVALID_ARGUMENT', 'refusing to export to terminal. Use -o flag or redirect');
    const { files } = await call.engine();
    await files.export(call.args[0] as string, output);
    return 0;
  },
});

const letters = { added: 'A', changed: 'C', deleted: 'D' } as const;

function differ(kind: 'all' | 'container' | 'image'): Command {
  const group = kind === 'all' ? '' : `${kind} `;
  const what = kind === 'all' ? 'CONTAINER|IMAGE' : kind.toUpperCase();
  return command({
    usage: `[options] ${what}`,
    description: `Shows what a container has changed of its image, or the top layer of an image of those below: A for added,
C for changed, D for deleted.`,
    examples: [`${group}diff web`, `${group}diff --format json web`],
    flags: {
      format: string("'json'"),
      ...(kind === 'image' ? {} : { latest: bool('Act on the last created container', { short: 'l' }) }),
    },
    args: anyArguments,
    async run(call) {
      const { format, latest = false } = call.values as unknown as {
        format?: string;
        latest?: boolean;
      };
      if (format !== undefined && format !== 'json')
        throw new PeapodError('INVALID_ARGUMENT', "only supported value for '--format' is 'json'");
      if (call.args.length > 1)
        throw wrongArguments(`accepts at most 1 arg(s), received ${call.args.length}`, call.command);
      const engine = await call.engine();
      const [name] = await targets({
        command: call.command,
        names: call.args,
        latest,
        missing: 'container or image name or ID must be specified',
        list: (filters) => engine.containers.list(filters),
      });
      const changes = await engine.files.diff(name as string, kind);
      if (format === undefined) {
        for (const change of changes) call.stdout.line(`${letters[change.kind]} ${change.path}`);
        return 0;
      }
      const grouped = Map.groupBy(changes, (change) => change.kind);
      const json = (['changed', 'added', 'deleted'] as const).flatMap((key) => {
        const paths = grouped.get(key)?.map(({ path }) => path);
        return paths ? [[key, paths] as const] : [];
      });
      call.stdout.line(JSON.stringify(Object.fromEntries(json), null, 5));
      return 0;
    },
  });
}

export const diff = differ('all');
export const containerDiff = differ('container');
export const imageDiff = differ('image');
