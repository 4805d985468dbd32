import { describe, expect, it } from '@jest/globals';
import { EVERYWHERE } from '#domain';
import type { Caller } from '../access/permit.js';
import { readCommand } from './command.js';

type Request = Parameters<typeof readCommand>[0];

const caller: Caller = {
  ...{ actor: 'token:ann', email: null, via: 'token', id: 'token:1' },
  ...{ grants: [], scopes: [EVERYWHERE], sees: [EVERYWHERE] },
};
const request = (more: Partial<Request> = {}): Request => ({
  ...{ caller, headers: {}, method: 'POST', url: '/api/v1/rollouts/web/pause', query: {}, body: {} },
  ...more,
});

describe('a command’s request', () => {
  it('has a key, and is tried only, where it says so', () => {
    expect(readCommand(request())).toMatchObject({ caller, dryRun: false });
    expect(readCommand(request()).key).toBeUndefined();
    expect(readCommand(request({ headers: { 'idempotency-key': 'a-1' }, query: { dryRun: 'true' } }))).toMatchObject({
      ...{ key: 'a-1', dryRun: true },
    });
    expect(readCommand(request({ query: { dryRun: 'false', other: '1' } })).dryRun).toBe(false);
  });

  it.each(['', ' ', 'a b', 'ä', 'x'.repeat(129)])('is refused with the key %p', (key) => {
    expect(() => readCommand(request({ headers: { 'idempotency-key': key } }))).toThrow(/Idempotency-Key/);
  });

  it('is refused where it does not say clearly whether it is tried only', () => {
    for (const dryRun of ['', '1', 'yes', ['true', 'true']]) {
      expect(() => readCommand(request({ query: { dryRun } }))).toThrow('dryRun: must be true or false');
    }
  });

  it('is the same request by its method, path and body, whatever the order and the query', () => {
    const of = (more: Partial<Request>): string => readCommand(request(more)).request();
    const same = of({ body: { a: 1, b: [2] } });
    expect(of({ body: { b: [2], a: 1 }, url: '/api/v1/rollouts/web/pause?dryRun=false' })).toBe(same);
    expect(of({ body: {} })).toBe(of({ body: null }));
    for (const other of [{ body: { a: 1 } }, { url: '/api/v1/rollouts/web/resume' }, { method: 'PUT' }]) {
      expect(of({ body: { a: 1, b: [2] }, ...other })).not.toBe(same);
    }
  });

  it('is read whatever its body is: how deep one is is checked by its schema, before anybody looks inside', () => {
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(readCommand(request({ body: deep })).dryRun).toBe(false);
  });
});
