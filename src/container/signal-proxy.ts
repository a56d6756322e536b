/** Signals that podman passes on to the container; the others have a meaning for peapod's own process. */
const proxied = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
] as const;

/**
 * Gives signals that this process receives to `deliver` instead of letting them end it (`--sig-proxy`).
 * Returns what ends that. A delivery that fails is ignored: the container has ended.
 */
export function proxySignals(deliver: (signal: NodeJS.Signals) => Promise<void>): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    deliver(signal).catch(() => {});
  };
  for (const signal of proxied) process.on(signal, onSignal);
  return () => {
    for (const signal of proxied) process.off(signal, onSignal);
  };
}
