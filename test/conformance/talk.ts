import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/**
 * `serve PROTOCOL ADDRESS PORT TEXT` answers every caller with TEXT (`@` for the caller's address) and prints
 * a line when it listens; `ask PROTOCOL ADDRESS PORT [LOCALPORT]` prints the answer, or nothing.
 */
const [verb, protocol, address = '', portText, text = ''] = process.argv.slice(2);
const port = Number(portText);
const patienceMs = 700;

const answerTo = (caller: string) => (text === '@' ? caller.replace('::ffff:', '') : text);

if (verb === 'serve' && protocol === 'tcp') {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(answerTo(socket.remoteAddress ?? ''));
  });
  server.on('error', fail);
  server.listen({ port, host: address, exclusive: true }, () => console.log('listening'));
} else if (verb === 'serve') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', fail);
  socket.on('message', (_, caller) => socket.send(answerTo(caller.address), caller.port, caller.address));
  socket.bind(port, address, () => console.log('listening'));
} else if (protocol === 'tcp') {
  const socket = connect({ port, host: address, timeout: patienceMs });
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (data) => process.stdout.write(data));
} else {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => socket.close());
  socket.on('message', (message) => {
    process.stdout.write(message);
    socket.close();
    clearTimeout(silence);
  });
  // One local port is one flow, however many processes use it in turn.
  if (text) socket.bind(Number(text));
  socket.send('?', port, address);
  const silence = setTimeout(() => socket.close(), patienceMs);
}

function fail(error: Error): void {
  console.error(error.message);
  process.exit(1);
}
