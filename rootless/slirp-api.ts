import * as z from 'zod';
import { PeapodError } from '../src/errors.ts';
import { apiSocketName } from './slirp-socket.ts';
import { requestOnce } from './unix-request.ts';

/** The API of slirp4netns(1): JSON on a Unix socket, one request a connection, IPv4 only. */

/** It reads once into 4096 bytes and refuses a full buffer. */
const requestLimitBytes = 4096;

export interface HostForward {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp: string;
  readonly hostPort: number;
  readonly guestIp: string;
  readonly guestPort: number;
}

const failure = z.object({ error: z.object({ desc: z.string() }) });
const added = z.object({ return: z.object({ id: z.number().int() }) });
const removed = z.object({ return: z.object({}) });
const listed = z.object({
  entries: z.array(
    z.object({
      id: z.number().int(),
      proto: z.enum(['tcp', 'udp']),
      host_addr: z.string(),
      host_port: z.number().int(),
      guest_addr: z.string(),
      guest_port: z.number().int(),
    }),
  ),
});

export class SlirpApi {
  /** Where slirp4netns made its socket. */
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Returns the forward's id. Throws COMMAND_FAILED with slirp4netns' own words. */
  async add(forward: HostForward): Promise<number> {
    const answer = await this.#ask(added, 'add_hostfwd', {
      proto: forward.protocol,
      host_addr: forward.hostIp,
      host_port: forward.hostPort,
      guest_addr: forward.guestIp,
      guest_port: forward.guestPort,
    });
    return answer.return.id;
  }

  async remove(id: number): Promise<void> {
    await this.#ask(removed, 'remove_hostfwd', { id });
  }

  async list(): Promise<(HostForward & { readonly id: number })[]> {
    const { entries } = await this.#ask(listed, 'list_hostfwd');
    return entries.map((entry) => ({
      id: entry.id,
      protocol: entry.proto,
      hostIp: entry.host_addr,
      hostPort: entry.host_port,
      guestIp: entry.guest_addr,
      guestPort: entry.guest_port,
    }));
  }

  async #ask<T>(shape: z.ZodType<T>, execute: string, argument?: Record<string, unknown>): Promise<T> {
    const request = JSON.stringify({ execute, ...(argument ? { arguments: argument } : {}) });
    if (Buffer.byteLength(request) >= requestLimitBytes) {
      throw new PeapodError('INTERNAL', `a request of ${request.length} bytes is too long for slirp4netns`);
    }
    const text = await requestOnce(this.#directory, apiSocketName, request);
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      throw new PeapodError('COMMAND_FAILED', `slirp4netns answered ${execute} with no JSON`, { cause });
    }
    const refused = failure.safeParse(answer);
    if (refused.success) {
      throw new PeapodError('COMMAND_FAILED', `slirp4netns refused ${execute}: ${refused.data.error.desc}`);
    }
    const understood = shape.safeParse(answer);
    if (!understood.success) {
      throw new PeapodError('COMMAND_FAILED', `slirp4netns answered ${execute} with ${text.slice(0, 200)}`, {
        cause: understood.error,
      });
    }
    return understood.data;
  }
}
