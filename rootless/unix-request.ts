import { closeSync, openSync } from 'node:fs';

/**
 * Sends one request to a Unix socket in `directory`, closes this side's half, and returns all of the answer.
 * The socket is reached through the directory's descriptor: its path may be longer than the 107 bytes of
 * unix(7). Throws ECONNREFUSED and ENOENT where nobody listens, ETIMEDOUT after `timeoutMs`.
 */
export async function requestOnce(
  directory: string,
  socketName: string,
  request: string,
  timeoutMs = 5_000,
): Promise<string> {
  const { connect } = await import('node:net');
  const handle = openSync(directory, 'r');
  try {
    return await new Promise<string>((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = connect({ path: `/proc/self/fd/${handle}/${socketName}`, allowHalfOpen: true });
      socket.setTimeout(timeoutMs, () => {
        socket.destroy(Object.assign(new Error(`${socketName} does not answer`), { code: 'ETIMEDOUT' }));
      });
      socket.on('connect', () => socket.end(request));
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => resolve(Buffer.concat(chunks).toString()));
      socket.on('error', reject);
    });
  } finally {
    closeSync(handle);
  }
}
