import { dlopen, FFIType } from 'bun:ffi';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pumpAttach, resizeTerminal } from '../../src/container/attach.ts';
import { AttachConnection } from '../../src/container/attach-connection.ts';
import { DetachScanner, parseDetachKeys } from '../../src/container/detach-keys.ts';
import { OutputQueue } from '../../src/container/output-queue.ts';
import { pipe } from '../../src/host/libc.ts';
import { makeFifo } from '../../src/host/nodes.ts';
import { connectSeqpacket } from '../../src/host/sockets.ts';

const { symbols: c } = dlopen('libc.so.6', {
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  accept: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
});

/** conmon's side of an attach socket. */
function monitorAt(path: string): { accept: () => number; close: () => void } {
  const fd = c.socket(1, 5, 0);
  const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0`)]);
  if (c.bind(fd, address, address.length) !== 0 || c.listen(fd, 10) !== 0)
    throw new Error(`cannot bind ${path}`);
  return { accept: () => c.accept(fd, null, null), close: () => closeSync(fd) };
}

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-attach-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('detach keys', () => {
  it('are characters and control characters', () => {
    expect([...parseDetachKeys('ctrl-p,ctrl-q')]).toEqual([16, 17]);
    expect([...parseDetachKeys('a,ctrl-[,ctrl-@,ctrl-_,ctrl-A')]).toEqual([97, 27, 0, 31, 1]);
    expect([...parseDetachKeys('')]).toEqual([]);
  });

  it.each(['ctrl-', 'ctrl-1', 'ab', 'a,,b', 'strg-p'])('refuse %j', (text) => {
    expect(() => parseDetachKeys(text)).toThrow('invalid detach keys');
  });

  const run = (keys: number[], ...inputs: number[][]) => {
    const scanner = new DetachScanner(Uint8Array.from(keys));
    return inputs.map((input) => {
      const { data, detached } = scanner.scan(Uint8Array.from(input));
      return [[...data], detached];
    });
  };

  it('are found in one piece of input and across pieces', () => {
    expect(run([16, 17], [97, 16, 17, 98])).toEqual([[[97], true]]);
    expect(run([16, 17], [97, 16], [17])).toEqual([
      [[97], false],
      [[], true],
    ]);
  });

  it('reach the container where they are no sequence', () => {
    expect(run([16, 17], [16], [98])).toEqual([
      [[], false],
      [[16, 98], false],
    ]);
    expect(run([16, 17], [16, 16, 17])).toEqual([[[16], true]]);
    expect(run([1, 1, 2], [1, 1, 1, 2])).toEqual([[[1], true]]);
    expect(run([], [16, 17])).toEqual([[[16, 17], false]]);
  });
});

describe('output', () => {
  it('is written in order, whole, however slow its reader is', async () => {
    const { readFd, writeFd } = pipe();
    const queue = new OutputQueue();
    const parts = Array.from({ length: 300 }, (_, n) => Buffer.alloc(1000, n % 256));
    for (const part of parts) queue.push(writeFd, part);
    expect(queue.pendingBytes).toBe(300_000);
    const got: Buffer[] = [];
    for (let total = 0; total < 300_000; ) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const chunk = Buffer.alloc(50_000);
      const length = readSync(readFd, chunk);
      got.push(chunk.subarray(0, length));
      total += length;
    }
    await queue.flushed();
    expect(Buffer.concat(got).equals(Buffer.concat(parts))).toBe(true);
    expect(queue.pendingBytes).toBe(0);
    closeSync(readFd);
    closeSync(writeFd);
  });

  it('that nobody reads any more ends with EPIPE and frees what was waiting', async () => {
    const { readFd, writeFd } = pipe();
    closeSync(readFd);
    const queue = new OutputQueue();
    queue.push(writeFd, Buffer.from('x'));
    await queue.flushed();
    expect(queue.error).toMatchObject({ code: 'EPIPE' });
    queue.push(writeFd, Buffer.from('y'));
    expect(queue.pendingBytes).toBe(0);
    closeSync(writeFd);
  });
});

describe('an attach connection', () => {
  const collect = async (connection: AttachConnection) => {
    const packets: string[] = [];
    const ended = Promise.withResolvers<void>();
    connection.receive({
      packet: (packet) => packets.push(Buffer.from(packet).toString('latin1')),
      end: ended.resolve,
    });
    await ended.promise;
    return packets;
  };

  it('keeps packets apart, those that came before anybody asked included', async () => {
    const monitor = monitorAt(join(dir, 'attach'));
    const connection = await AttachConnection.open(join(dir, 'attach'));
    const peer = monitor.accept();
    for (const text of ['\x02one', '\x03two', `\x02${'x'.repeat(8192)}`]) writeSync(peer, text);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const packets = collect(connection);
    writeSync(peer, '\x02late');
    closeSync(peer);
    expect((await packets).map((packet) => packet.slice(0, 6))).toEqual([
      '\x02one',
      '\x03two',
      '\x02xxxxx',
      '\x02late',
    ]);
    connection.close();
    connection.close();
    monitor.close();
  });

  it('loses no output where the monitor ends with input of ours unread', async () => {
    const monitor = monitorAt(join(dir, 'attach'));
    for (let round = 0; round < 20; round += 1) {
      const connection = await AttachConnection.open(join(dir, 'attach'));
      const peer = monitor.accept();
      const packets = collect(connection);
      await connection.send(Buffer.from('never read'));
      for (let n = 0; n < 20; n += 1) writeSync(peer, `\x02${n}`);
      closeSync(peer);
      expect((await packets).length).toBe(20);
      connection.close();
    }
    monitor.close();
  });

  it('sends input in packets that conmon takes, waits for room, and can end it', async () => {
    const monitor = monitorAt(join(dir, 'attach'));
    const connection = await AttachConnection.open(join(dir, 'attach'));
    const peer = monitor.accept();
    const input = Buffer.alloc(1_000_000, 'peapod');
    const sent = connection.send(input).then(() => connection.endInput());
    const got: Buffer[] = [];
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const chunk = Buffer.alloc(100_000);
      const length = readSync(peer, chunk);
      if (length === 0) break;
      expect(length).toBeLessThanOrEqual(8192);
      got.push(chunk.subarray(0, length));
    }
    await sent;
    expect(Buffer.concat(got).equals(input)).toBe(true);
    const packets = collect(connection);
    writeSync(peer, '\x02still');
    closeSync(peer);
    expect(await packets).toEqual(['\x02still']);
    connection.close();
    monitor.close();
  });

  it('stops sending when the monitor goes', async () => {
    const monitor = monitorAt(join(dir, 'attach'));
    const connection = await AttachConnection.open(join(dir, 'attach'));
    const peer = monitor.accept();
    const sent = connection.send(Buffer.alloc(10_000_000));
    setTimeout(() => closeSync(peer), 10);
    expect(await sent).toBe(false);
    connection.close();
    monitor.close();
  });

  it('is refused in plain words where nothing listens', async () => {
    await expect(AttachConnection.open(join(dir, 'attach'))).rejects.toMatchObject({ code: 'WRONG_STATE' });
  });

  it('reaches sockets with paths longer than a socket address', () => {
    const deep = join(dir, 'x'.repeat(100));
    const monitor = monitorAt(join(dir, 'attach'));
    rmSync(deep, { force: true });
    expect(() => connectSeqpacket(join(deep, 'attach'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    closeSync(connectSeqpacket(join(`${dir}${'/.'.repeat(60)}`, 'attach')));
    monitor.close();
  });
});

describe('a pump', () => {
  it('sends each stream to its own descriptor and ends with the monitor', async () => {
    const monitor = monitorAt(join(dir, 'attach'));
    const connection = await AttachConnection.open(join(dir, 'attach'));
    const peer = monitor.accept();
    const out = pipe();
    const err = pipe();
    const pumped = pumpAttach(connection, {
      ctlPath: join(dir, 'ctl'),
      stdin: false,
      tty: false,
      stdout: out.writeFd,
      stderr: err.writeFd,
    });
    for (const text of ['\x02out1 ', '\x03err', '\x02out2']) writeSync(peer, text);
    closeSync(peer);
    expect(await pumped).toEqual({ ended: 'eof' });
    const read = (fd: number) => {
      const buffer = Buffer.alloc(100);
      return buffer.toString('utf8', 0, readSync(fd, buffer));
    };
    expect(read(out.readFd)).toBe('out1 out2');
    expect(read(err.readFd)).toBe('err');
    for (const fd of [out.readFd, out.writeFd, err.readFd, err.writeFd]) closeSync(fd);
    monitor.close();
  });

  it('tells conmon terminal sizes that it accepts, and does not wait for one that is gone', async () => {
    const ctl = join(dir, 'ctl');
    makeFifo(ctl, 0o600);
    expect(resizeTerminal(ctl, { rows: 24, columns: 80 })).toBe(false);
    const fd = openSync(ctl, 'r+');
    expect(resizeTerminal(ctl, { rows: 24, columns: 80 })).toBe(true);
    expect(resizeTerminal(ctl, { rows: 2000, columns: 3000 })).toBe(true);
    const buffer = Buffer.alloc(100);
    expect(buffer.toString('utf8', 0, readSync(fd, buffer))).toBe('1 24 80\n1 1000 1000\n');
    closeSync(fd);
  });
});
