import { describe, expect, it, vi } from 'vitest';
import { ClientAddresses } from '../../rootless/relay-source.ts';

describe('whom a pod sees behind a published port', () => {
  const dual = new ClientAddresses(['10.0.2.100', 'fd00::100']);

  it.each([
    ['203.0.113.12', '203.0.113.12'],
    ['::ffff:203.0.113.12', '203.0.113.12'],
    ['2001:db8::12', '2001:db8::12'],
  ])('is the client at %s', (address, ip) => {
    expect(dual.clientAt(address, 4711)).toEqual({ ip, port: 4711 });
  });

  it.each(['127.0.0.1', '::ffff:127.1.2.3', '::1', 'fe80::1%eth0', 'fe80::1'])(
    'is the relay for %s, whom the pod could not answer',
    (address) => {
      expect(dual.clientAt(address, 4711)).toBeUndefined();
    },
  );

  it('is the relay where the pod has no address of the client’s family', () => {
    expect(new ClientAddresses(['10.0.2.100']).clientAt('2001:db8::12', 1)).toBeUndefined();
    expect(new ClientAddresses(['fd00::100']).clientAt('203.0.113.12', 1)).toBeUndefined();
  });

  it('is the relay for clients that were not answered; the eldest of many get another chance', () => {
    const clients = new ClientAddresses(['10.0.2.100']);
    for (let n = 0; n < 1025; n++) clients.forget({ ip: `10.9.${n >> 8}.${n & 255}`, port: 1 });
    expect(clients.clientAt('10.9.0.0', 1)).toEqual({
      ip: '10.9.0.0',
      port: 1,
    });
    expect(clients.clientAt('10.9.0.1', 1)).toBeUndefined();
    expect(clients.clientAt('10.9.4.0', 1)).toBeUndefined();
  });

  it('is the client again a minute after it was not answered', () => {
    const clients = new ClientAddresses(['10.0.2.100']);
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    clients.forget({ ip: '10.9.0.1', port: 1 });
    now.mockReturnValue(60_999);
    expect(clients.clientAt('10.9.0.1', 1)).toBeUndefined();
    now.mockReturnValue(61_000);
    expect(clients.clientAt('10.9.0.1', 1)).toEqual({ ip: '10.9.0.1', port: 1 });
    now.mockRestore();
  });

  it('is the relay where no socket can take the client’s address', async () => {
    const nobody = new ClientAddresses(['192.0.2.1']);
    expect(await nobody.open('tcp', { ip: 'not-an-address', port: 1 }, 80)).toBeUndefined();
  });
});
