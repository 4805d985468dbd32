import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { lookupAllowed } from './bounded-request.js';

const look = (addresses: readonly LookupAddress[], all: boolean, allowLocal = false) =>
  new Promise<{ error: Error | null; found: unknown; times: number }>((resolve) => {
    let times = 0;
    const lookup = lookupAllowed(allowLocal, (_hostname, options, done) => {
      times += 1;
      expect(options.all).toBe(true);
      done(null, [...addresses]);
    });
    lookup('gate.example.com', { all }, (error, found) => resolve({ error, found, times }));
  });
const outside = { address: '203.0.113.5', family: 4 };
const inside = { address: '127.0.0.1', family: 4 };

describe('the name of a gate', () => {
  it('is resolved once, and what was looked at is what is connected to', async () => {
    expect(await look([outside], true)).toEqual({ error: null, found: [outside], times: 1 });
    expect(await look([outside], false)).toEqual({ error: null, found: outside.address, times: 1 });
  });

  it('is refused where one of its addresses is refused', async () => {
    const { error } = await look([outside, inside], true);
    expect(error?.message).toMatch(/gate\.example\.com is not called: 127\.0\.0\.1 is the hub's own machine/);
    expect(await look([outside, inside], true, true)).toMatchObject({ error: null });
  });

  it('is refused where it has no address', async () => {
    expect((await look([], true)).error?.message).toMatch(/has no address/);
  });
});
