import { writeFileSync } from 'node:fs';
import { messageOf, PeapodError } from '../errors.ts';
import { exactly, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { completionScript, type Shell, shells } from './completion/scripts.ts';
import { bool, string } from './flags.ts';

export const completion = command({
  usage: `[options] {${shells.join('|')}}`,
  description: `Prints the script that has a shell complete commands, flags, and names of what there is.
bash: in ~/.bashrc:  source <(peapod completion bash)
zsh:  in ~/.zshrc, behind compinit:  source <(peapod completion zsh)
fish: once:  peapod completion -f ~/.config/fish/completions/peapod.fish fish`,
  examples: [
    'completion bash',
    'completion -f /usr/share/zsh/site-functions/_peapod zsh',
    'completion --no-desc fish',
  ],
  flags: {
    file: string('Write the script to this file', { short: 'f' }),
    'no-desc': bool('Do not show what each candidate is'),
  },
  args: exactly(1),
  async run(call) {
    const [shell] = call.args as [Shell];
    if (!shells.includes(shell))
      throw wrongArguments(`invalid argument "${shell}" for "${call.command}"`, call.command);
    const script = completionScript(shell, !call.values['no-desc']);
    const { file } = call.values;
    if (file === undefined) call.stdout.write(script);
    else writeScript(file, script);
    return 0;
  },
});

function writeScript(file: string, script: string): void {
  try {
    writeFileSync(file, script);
  } catch (error) {
    throw new PeapodError('INVALID_ARGUMENT', `cannot write the script: ${messageOf(error)}`, {
      hint: 'give a file in a directory that is there and can be written',
      cause: error,
    });
  }
}
