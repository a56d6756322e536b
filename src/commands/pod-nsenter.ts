import { anyArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool } from './flags.ts';

const namespaces = ['net', 'ipc', 'uts', 'pid'] as const;

export const podNsenter = command({
  usage: '[options] POD COMMAND [ARG...]',
  description: `Runs a program of this machine in the namespaces of a pod, beside its containers: it has their network
(127.0.0.1 is theirs), their host name and their System V IPC, but the files, working directory and terminal
of the caller, /etc/resolv.conf included. Ends with the program's exit code. Without options it enters all
namespaces that the pod's containers share.

Named after nsenter(1), which does the same for a process: it enters namespaces that exist, where unshare
makes new ones, and there is no container as with exec.`,
  examples: [
    'pod nsenter web curl http://127.0.0.1/',
    'pod nsenter --net web ss -tlnp',
    'pod nsenter web tcpdump -i any port 80',
  ],
  flags: {
    net: bool('Enter the network namespace', { short: 'n' }),
    ipc: bool('Enter the ipc namespace', { short: 'i' }),
    uts: bool('Enter the uts namespace (the host name)', { short: 'u' }),
    pid: bool('Enter the pid namespace, where the pod shares it; /proc stays the one of this machine', {
      short: 'p',
    }),
  },
  optionsFirst: true,
  args: anyArguments,
  async run(call) {
    const [pod, ...words] = call.args;
    if (pod === undefined) throw wrongArguments('must provide the name or id of a pod', call.command);
    if (words.length === 0) throw wrongArguments('must provide a command to run', call.command);
    const { pods } = await call.engine();
    return pods.enter(pod, { command: words, namespaces: namespaces.filter((name) => call.values[name]) });
  },
});
