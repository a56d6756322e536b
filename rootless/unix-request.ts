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
  const handle = openSync(directory, 'r');
  const answer = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const late = setTimeout(() => {
    answer.reject(Object.assign(new Error(`${socketName} does not answer`), { code: 'ETIMEDOUT' }));
  }, timeoutMs);
  let unsent: Buffer = Buffer.from(request);
  const send = (socket: Bun.Socket) => {
    unsent = unsent.subarray(Math.max(socket.write(unsent), 0));
    if (unsent.length === 0) socket.shutdown();
  };
  let socket: Bun.Socket | undefined;
  try {
    // Not node:net, which takes as long to load as the answer to come.
    socket = await Bun.connect({
      unix: `/proc/self/fd/${handle}/${socketName}`,
      allowHalfOpen: true,
      socket: {
        open: send,
        drain: (opened) => {
          if (unsent.length > 0) send(opened);
        },
        data: (_, chunk) => {
          chunks.push(Buffer.from(chunk));
        },
        end: () => answer.resolve(Buffer.concat(chunks).toString()),
        close: (_, error) => {
          if (error) answer.reject(error);
          else answer.resolve(Buffer.concat(chunks).toString());
        },
        error: (_, error) => answer.reject(error),
      },
    });
    return await answer.promise;
  } finally {
    clearTimeout(late);
    socket?.terminate();
    closeSync(handle);
  }
}
