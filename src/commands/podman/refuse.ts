import { PeapodError } from '../../errors.ts';
import { firstNameOf } from '../registry.ts';
import { absentFlags, absentVerbs } from './absent.ts';

/** Why peapod has no such verb, where podman has one. The reason of a group stands for all below it. */
export function whyNoVerb(path: string): string | undefined {
  for (let words = path.split(' '); words.length > 0; words = words.slice(0, -1)) {
    const known = words.join(' ');
    if (Object.hasOwn(absentVerbs, known)) return absentVerbs[known];
  }
  return undefined;
}

/** `flag` as `--name` or `-n`. */
export function whyNoFlag(path: string, flag: string): string | undefined {
  const isShort = !flag.startsWith('--');
  const wanted = flag.replace(/^--?/, '');
  const of = absentFlags.filter(({ flags }) =>
    flags.split(' ').some((spelling) => {
      const [long, short] = spelling.split('/');
      return wanted === (isShort ? short : long);
    }),
  );
  const here = of.find((absent) => absent.verbs?.split(',').includes(firstNameOf(path)));
  return (here ?? of.find((absent) => absent.verbs === undefined))?.why;
}

export function verbNotHere(path: string, why: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', `peapod ${path} is not here: ${why}`);
}

export function flagNotHere(flag: string, command: string, why: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', `${flag} is not here: ${why}`, {
    hint: `See '${command} --help'`,
  });
}
