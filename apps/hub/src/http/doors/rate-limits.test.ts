import { EventEmitter } from 'node:events';
import { expect, it } from '@jest/globals';
import { addressKey, credentialKey, joinTokenKey } from './credential-key.js';
import { KnownCallers } from './known-callers.js';
import { StreamPlaces } from './stream-places.js';

it('twenty streams of a caller are open, and another when one has closed', () => {
  const places = new StreamPlaces();
  const open = Array.from({ length: 20 }, () => new EventEmitter());
  for (const each of open) expect(places.take('ada', each)).toBe(true);
  expect(places.take('ada', new EventEmitter())).toBe(false);
  expect(places.take('bo', new EventEmitter())).toBe(true);
  open[0]?.emit('close');
  expect(places.take('ada', new EventEmitter())).toBe(true);
  expect(places.take('ada', new EventEmitter())).toBe(false);
});

it('the callers that are remembered are the latest, and no more than so many', () => {
  const known = new KnownCallers();
  for (let number = 0; number < 10_000; number += 1) known.add(String(number));
  known.add('0');
  known.add('new');
  expect([known.has('0'), known.has('1'), known.has('2'), known.has('new')]).toEqual([true, false, true, true]);
  known.drop('new');
  expect(known.has('new')).toBe(false);
});

it('a limit counts a credential by its hash, a header before a cookie', () => {
  const cookies = { '__Host-flotilla': 'fb_x' };
  const key = credentialKey({ headers: { authorization: 'Bearer ft_x' }, cookies });
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(credentialKey({ headers: {}, cookies })).not.toBe(key);
  expect(credentialKey({ headers: {}, cookies: {} })).toBeNull();
  expect(credentialKey({ headers: { authorization: '' }, cookies: {} })).toBeNull();
});

it('a limit counts IPv6 addresses by their network, and IPv4 in whatever writing', () => {
  expect(addressKey({ ip: '2001:db8:1:2:3::1' })).toBe(addressKey({ ip: '2001:db8:1:2:ffff::9' }));
  expect(addressKey({ ip: '2001:db8:1:2::1' })).not.toBe(addressKey({ ip: '2001:db8:1:3::1' }));
  expect(addressKey({ ip: '::ffff:192.0.2.1' })).toBe(addressKey({ ip: '192.0.2.1' }));
  expect(addressKey({ ip: '192.0.2.1' })).not.toBe(addressKey({ ip: '192.0.2.2' }));
});

it('a join token is found in a body or an address, and nothing else is one', () => {
  expect(joinTokenKey({ body: { token: 'a' }, params: {} })).toBe(
    joinTokenKey({ body: undefined, params: { token: 'a' } }),
  );
  for (const body of [null, undefined, 'a', { token: 1 }, { token: { a: 1 } }, []]) {
    expect(joinTokenKey({ body, params: {} })).toBeNull();
  }
});
