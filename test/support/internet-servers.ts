/**
 * The servers of the test hosts' internet, run by Bun inside its network namespace; ends when standard
 * input closes. Arguments: the web server's address, the name server's.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

const [web = '', dns = ''] = process.argv.slice(2);

const server = createServer((request, response) => {
  response.end(`internet, you are ${request.socket.remoteAddress}\n`);
});

const echo = createSocket('udp4');
echo.on('message', (message, from) => echo.send(`${from.address} ${message}`, from.port, from.address));

const names = createSocket('udp4');
names.on('message', (query, from) => names.send(answer(query), from.port, from.address));

/** RFC 1035: one question; `web.example` A has an answer, everything else NXDOMAIN or nothing. */
function answer(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 1;
  const question = query.subarray(12, end + 4);
  const known = question.subarray(0, end - 12).equals(Buffer.from('\x03web\x07example\x00'));
  const isA = question.readUInt16BE(question.length - 4) === 1;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(known && isA ? 1 : 0, 6);
  header.fill(0, 8);
  if (!known || !isA) return Buffer.concat([header, question]);
  const address = Buffer.from(web.split('.').map(Number));
  return Buffer.concat([header, question, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]), address]);
}

await Promise.all([
  new Promise<void>((resolve) => server.listen(80, web, resolve)),
  new Promise<void>((resolve) => echo.bind(7, web, resolve)),
  new Promise<void>((resolve) => names.bind(53, dns, resolve)),
]);
process.stdin.resume().on('end', () => process.exit(0));
console.log('ready');
