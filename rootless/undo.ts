import { isPeapodError, messageOf, PeapodError } from '../src/errors.ts';

/** Throws `failure` once what led to it is undone; where undoing fails, too, one error that tells of both. */
export async function throwAfter(failure: unknown, undo: () => Promise<unknown>): Promise<never> {
  try {
    await undo();
  } catch (second) {
    const code = isPeapodError(failure) ? failure.code : 'INTERNAL';
    throw new PeapodError(code, `${messageOf(failure)}; undoing it failed: ${messageOf(second)}`, {
      cause: new AggregateError([failure, second]),
    });
  }
  throw failure;
}
