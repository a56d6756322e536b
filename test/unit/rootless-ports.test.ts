import { closeSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { describeHolder, parseSocketTable } from '../../src/host/ports.ts';
import { bindPort } from '../../src/host/sockets.ts';

const open: number[] = [];
function bind(protocol: 'tcp' | 'udp', ip: string, port: number): void {
  open.push(bindPort(protocol, ip, port));
}
afterEach(() => {
  for (const fd of open.splice(0)) closeSync(fd);
});

/** Far from the ports that the kernel gives away. */
const port = 20_000 + (process.pid % 10_000);

describe('a table of sockets', () => {
  it('is read with addresses, ports and inodes', () => {
    const text = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 81234 1 0 100 0',
      '   1: 0100007F:1F90 0100007F:B2A4 01 00000000:00000000 00:00000000 00000000  1000        0 81299 1 0 20 4',
      '',
    ].join('\n');
    expect(parseSocketTable(text)).toEqual([
      { address: '0100007F', port: 8080, inode: '81234', uid: 1000, listening: true },
      { address: '0100007F', port: 8080, inode: '81299', uid: 1000, listening: false },
    ]);
  });
});

describe('the holder of a port', () => {
  it('is named with its pid', () => {
    bind('tcp', '127.0.0.1', port);
    expect(describeHolder('tcp', '127.0.0.1', port)).toContain(`(pid ${process.pid})`);
  });

  it('is found behind every address that collides, and no other', () => {
    bind('tcp', '127.0.0.1', port);
    expect(describeHolder('tcp', '', port)).toBeDefined();
    expect(describeHolder('tcp', '127.0.0.2', port)).toBeUndefined();
    expect(describeHolder('udp', '127.0.0.1', port)).toBeUndefined();
    expect(describeHolder('tcp', '127.0.0.1', port + 1)).toBeUndefined();
  });

  it('is found where it serves all addresses', () => {
    bind('udp', '::', port);
    expect(describeHolder('udp', '127.0.0.1', port)).toBeDefined();
    expect(describeHolder('udp', '::1', port)).toBeDefined();
  });
});

describe('a bound port', () => {
  it('on :: leaves no room for another on IPv4', () => {
    bind('tcp', '::', port);
    expect(() => bindPort('tcp', '127.0.0.1', port)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
    expect(() => bindPort('tcp', '::', port)).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
  });

  it('on ::1 leaves 127.0.0.1 alone', () => {
    bind('tcp', '::1', port);
    expect(() => bind('tcp', '127.0.0.1', port)).not.toThrow();
  });

  it('needs an address of this host', () => {
    expect(() => bindPort('tcp', '203.0.113.7', port)).toThrow(
      expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    );
  });
});
