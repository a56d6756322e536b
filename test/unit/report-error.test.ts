import { describe, expect, it } from 'vitest';
import { type ErrorCode, PeapodError } from '../../src/errors.ts';
import { commandLine } from './command-line.ts';

async function told(error: PeapodError, ...flags: string[]): Promise<string[]> {
  const fail = () => {
    throw error;
  };
  const { stderr } = await commandLine([...flags, 'stop', 'web'], { 'containers.stop': fail });
  return stderr.split('\n');
}

describe('what an error tells', () => {
  it('has the hint of who threw it', async () => {
    const error = new PeapodError('BUSY', 'in use', { hint: 'end it' });
    expect(await told(error)).toEqual(['Error: in use', 'hint: end it', '']);
  });

  it.each([
    ['BUSY', /^hint: try again/],
    ['COMMAND_FAILED', /^hint: --log-level debug/],
    ['HOST_UNFIT', /^hint: 'peapod doctor'/],
    ['INTERNAL', /^hint: .*--log-level debug.*'peapod system check'/],
    ['NETWORK_DRIFT', /^hint: 'peapod network reload'/],
  ] as [ErrorCode, RegExp][])('%s: says a way on where nobody knows a better one', async (code, hint) => {
    const [first, second] = await told(new PeapodError(code, 'no'));
    expect(first).toBe('Error: no');
    expect(second).toMatch(hint);
  });

  it('sends to the help of the command who gave it something wrong, unless a better hint is known', async () => {
    const wrong = new PeapodError('INVALID_ARGUMENT', '--dns x: not an IP address');
    expect(await told(wrong)).toEqual([
      'Error: --dns x: not an IP address',
      "hint: See 'peapod stop --help'",
      '',
    ]);
    const hinted = new PeapodError('INVALID_ARGUMENT', 'no', { hint: 'write yes' });
    expect(await told(hinted)).toEqual(['Error: no', 'hint: write yes', '']);
  });

  it('does not send to --log-level debug who is there', async () => {
    const lines = await told(new PeapodError('COMMAND_FAILED', 'no'), '--log-level', 'debug');
    expect(lines[1]).toMatch(/^PeapodError: no/);
  });
});
