/** Commands for containers with the `host` root file system, and for images that hold a busybox and `sh`. */

/** A web server that answers every GET of `/` with `text`, on IPv4 and IPv6. */
export function webServer(text: string, ...ports: readonly number[]): string[] {
  const [last = 80, ...others] = ports.toReversed();
  const serve = (port: number) => `busybox httpd -f -p ${port} -h /www`;
  const inBackground = others.map((port) => `${serve(port)} &`).join(' ');
  return ['sh', '-c', `mkdir -p /www; echo '${text}' > /www/index.html; ${inBackground} exec ${serve(last)}`];
}

/** Prints the page of `http://address:port/`, headers first; fails where nobody answers. */
export function getPage(address: string, port = 80): string[] {
  const script = 'exec 3<>"/dev/tcp/$0/$1"; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3';
  return ['timeout', '3', 'bash', '-ec', script, address, String(port)];
}

/**
 * Flags and command of a container that answers `http://…/` and UDP datagrams alike with the address that
 * it sees its client at. The executable under test is a Bun where its environment says so.
 */
export function clientAddressServer(binDir: string, port = 80): { flags: string[]; command: string[] } {
  const program = `
    require("node:http").createServer((request, response) => {
      response.end("you are " + request.socket.remoteAddress.replace("::ffff:", "") + "\\n");
    }).listen(${port});
    const udp = require("node:dgram").createSocket("udp6");
    udp.on("message", (message, from) => {
      udp.send("you are " + from.address.replace("::ffff:", "") + " and said " + message, from.port, from.address);
    });
    udp.bind(${port}, () => console.log("ready"));`;
  return {
    flags: ['-v', `${binDir}/peapod:/bun:ro`, '-e', 'BUN_BE_BUN=1'],
    command: ['/bun', '-e', program],
  };
}

/**
 * As above, for a container that answers each request with `bytes` bytes. It takes hundreds of connections at
 * once: busybox httpd has room for nine, and what comes beyond them while it is slow is lost to the kernel.
 */
export function bigPageServer(binDir: string, bytes: number): { flags: string[]; command: string[] } {
  const program = `
    const page = Buffer.alloc(${bytes}, "x");
    require("node:http").createServer((_, response) => response.end(page)).listen(80);`;
  return {
    flags: ['-v', `${binDir}/peapod:/bun:ro`, '-e', 'BUN_BE_BUN=1'],
    command: ['/bun', '-e', program],
  };
}

/**
 * A shell script that fetches `http://address:port/` a hundred times at once, and prints how many bytes came
 * each time, or why there were none.
 */
export function fetchHundred(address: string, port: number): string {
  const request = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3`;
  const one = `exec 3<>/dev/tcp/${address}/${port} && ${request} && sed '1,/^\\r$/d' <&3 | wc -c`;
  return `for i in {1..100}; do (${one}) 2>&1 & done; wait`;
}

/** A shell script that sends a line by UDP and prints the answer. */
export function askByUdp(address: string, port: number, line: string): string {
  return `exec 3<>/dev/udp/${address}/${port}; echo ${line} >&3; timeout 2 head -n 1 <&3`;
}
