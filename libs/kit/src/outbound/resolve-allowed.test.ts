import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { lookupAllowed, resolveAllowed, type Resolve } from './resolve-allowed.js';

const setting = 'FLOTILLA_GATES_ALLOW_LOCAL';

const look = (addresses: readonly LookupAddress[], all: boolean, allowLocal = false) =>
  new Promise<{ error: Error | null; found: unknown; times: number }>((resolve) => {
    let times = 0;
    const lookup = lookupAllowed({ allowLocal, setting }, (_hostname, options, done) => {
      times += 1;
      expect(options.all).toBe(true);
      done(null, [...addresses]);
    });
    lookup('host.example.com', { all }, (error, found) => resolve({ error, found, times }));
  });
const outside = { address: '203.0.113.5', family: 4 };
const inside = { address: '127.0.0.1', family: 4 };

describe('the name of a host', () => {
  it('is resolved once, and what was looked at is what is connected to', async () => {
    expect(await look([outside], true)).toEqual({ error: null, found: [outside], times: 1 });
    expect(await look([outside], false)).toEqual({ error: null, found: outside.address, times: 1 });
  });

  it('is refused where one of its addresses is refused', async () => {
    const { error } = await look([outside, inside], true);
    expect(error?.message).toMatch(/host\.example\.com is not called: 127\.0\.0\.1 is the hub's own machine/);
    expect(await look([outside, inside], true, true)).toMatchObject({ error: null });
  });

  it('is refused where it has no address', async () => {
    expect((await look([], true)).error?.message).toMatch(/has no address/);
  });
});

describe('the addresses of a host, for a program that is told them', () => {
  const rules = { allowLocal: false, setting };
  const answering =
    (addresses: readonly LookupAddress[]): Resolve =>
    (_hostname, _options, done) =>
      done(null, [...addresses]);
  const never: Resolve = () => {
    throw new Error('somebody asked');
  };

  it('are those that the name has, all looked at', async () => {
    const also = { address: '2001:db8::5', family: 6 };
    expect(await resolveAllowed('git.example.com', rules, answering([outside, also]))).toEqual([
      '203.0.113.5',
      '2001:db8::5',
    ]);
    await expect(resolveAllowed('git.example.com', rules, answering([outside, inside]))).rejects.toThrow(
      /^git\.example\.com is not called: 127\.0\.0\.1 is the hub's own machine/,
    );
    await expect(resolveAllowed('git.example.com', rules, answering([]))).rejects.toThrow(/has no address/);
  });

  it('are not asked for where the host is an address itself', async () => {
    expect(await resolveAllowed('203.0.113.5', rules, never)).toEqual(['203.0.113.5']);
    await expect(resolveAllowed('::1', rules, never)).rejects.toThrow(/^::1 is not called: it is the hub's own/);
  });
});
