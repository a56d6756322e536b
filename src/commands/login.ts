import { isTerminal } from '../host/terminal.ts';
import { atMost, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, string } from './flags.ts';
import { registryFlags } from './image-flags.ts';

const { creds: _, ...flags } = registryFlags;

export const login = command({
  usage: '[options] [REGISTRY]',
  description: `Logs in to a registry. The login is kept where podman, skopeo and docker find it, too. What is not given is
asked for.`,
  examples: [
    'login quay.io',
    'login -u me --password-stdin localhost:5000 < password',
    'login --get-login quay.io',
  ],
  flags: {
    ...flags,
    'get-login': bool('Print the user that is logged in'),
    password: string('Password; better given by --password-stdin', { short: 'p' }),
    'password-stdin': bool('Read the password from standard input'),
    username: string('User name', { short: 'u' }),
    verbose: bool('Say where the login is kept', { short: 'v' }),
  },
  args: atMost(1),
  async run(call) {
    const { values, args } = call;
    const { password, username: user, 'get-login': show, 'password-stdin': passwordFromInput } = values;
    if (passwordFromInput && (password !== undefined || user === undefined))
      throw wrongArguments(
        password === undefined
          ? 'must provide --username with --password-stdin'
          : 'can only specify one of --password and --password-stdin',
        call.command,
      );
    if (!show && !passwordFromInput && (password === undefined || user === undefined) && !isTerminal(0))
      throw wrongArguments('a user name and a password are needed where nobody can be asked', call.command);
    const { images } = await call.engine();
    return images.login({
      registry: args[0],
      user,
      password,
      passwordFromInput,
      show,
      verbose: values.verbose,
      authFile: values.authfile,
      certDir: values['cert-dir'],
      tlsVerify: values['tls-verify'],
    });
  },
});

export const logout = command({
  usage: '[options] [REGISTRY]',
  description: 'Forgets the login of a registry, or with --all of every one.',
  examples: ['logout quay.io', 'logout --all'],
  flags: { all: bool('Forget all logins', { short: 'a' }), authfile: flags.authfile },
  args: atMost(1),
  async run(call) {
    const { all, authfile: authFile } = call.values;
    const { images } = await call.engine();
    return images.logout({ registry: call.args[0], all, authFile });
  },
});
