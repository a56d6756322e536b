import { PeapodError } from '../errors.ts';
import type { NameTable } from '../store/names.ts';

const adjectives = (
  'able amber ample bold brave brisk calm clever cosy crisp deft eager early fair fleet fond frank fresh gentle glad ' +
  'grand happy hardy honest jolly keen kind lively loyal lucky mellow merry mild neat nimble noble patient placid ' +
  'plucky polite proud quick quiet ready robust royal sharp shiny sincere sleek smart snug sober solid spry stable ' +
  'steady stout sunny sure swift tidy trim true upbeat vivid warm wise witty young zesty'
).split(' ');

const nouns = (
  'acorn alder aspen badger barley basil beech birch bison briar cedar clover cobra condor coral crane cricket daisy ' +
  'dolphin eagle elder ember falcon fennel fern finch garnet ginger grove harbor hazel heron holly iris ivy jasper ' +
  'juniper kestrel lark laurel lentil lily linden lotus lynx maple marten mesa minnow moss myrtle nettle newt oak ' +
  'olive orchid otter owl pear pebble petal pine plover plum poplar quail quartz raven reed robin rowan sage shrew ' +
  'sorrel sparrow spruce swan teal thistle thyme tulip vetch violet walnut willow wren yarrow'
).split(' ');

/** The runtime's own: node:crypto takes 3 ms to load. */
function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** 64 lower-case hex digits, as podman's ids. */
export function newId(): string {
  return randomBytes(32).toHex();
}

/** podman's rule for names of pods, containers and volumes. Throws INVALID_ARGUMENT. */
export function checkName(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: "${name}" does not`,
      {
        hint: 'begin with a letter or digit, then letters, digits, "_", "." and "-"',
      },
    );
  }
  if (name.length > 253) {
    throw new PeapodError('INVALID_ARGUMENT', `the name ${name.slice(0, 20)}… is longer than 253 characters`);
  }
  return name;
}

/** Two friendly words that nothing is called yet. */
export function friendlyName(names: Pick<NameTable, 'isFree'>): string {
  for (;;) {
    const [first = 0, second = 0, number = 0] = randomBytes(3);
    const name = `${adjectives[first % adjectives.length]}_${nouns[second % nouns.length]}`;
    if (names.isFree(name)) return name;
    const numbered = `${name}${number}`;
    if (names.isFree(numbered)) return numbered;
  }
}

/** What sethostname(2) takes, without what no program expects in a name. Throws INVALID_ARGUMENT. */
export function checkHostname(hostname: string): string {
  if (!/^[a-zA-Z0-9_](?:[a-zA-Z0-9_.-]{0,63})$/.test(hostname)) {
    throw new PeapodError('INVALID_ARGUMENT', `invalid hostname "${hostname}"`, {
      hint: 'at most 64 letters, digits, ".", "_" and "-", beginning with a letter or digit',
    });
  }
  return hostname;
}
