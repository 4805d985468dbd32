import { describe, expect, it } from '@jest/globals';
import { beginTrust, generationAhead, stepTrust } from './step-trust.js';
import type { Trust, TrustWorld } from './trust.js';

const world = (more: Partial<TrustWorld> = {}): TrustWorld => ({
  keys: { ids: ['k1'], kept: 'hub' },
  authorities: ['a1'],
  shown: ['a1'],
  outside: '',
  clusters: [],
  ...more,
});
const held = (...generations: number[]): TrustWorld['clusters'] =>
  generations.map((generation, index) => ({ uid: `c${index}`, held: generation }));

/** Steps until there is nothing to do. */
function settle(trust: Trust, around: TrustWorld): Trust {
  const { trust: after, changes } = stepTrust(trust, around);
  return changes.length === 0 && after.generation === trust.generation ? after : settle(after, around);
}

describe('stepTrust', () => {
  const first = beginTrust(world());

  it('has nothing to do where nothing is new', () => {
    expect(first).toMatchObject({ generation: 1, keys: [{ id: 'k1', state: 'current' }] });
    expect(stepTrust(first, world())).toEqual({ trust: first, changes: [] });
  });

  it('announces a key that is new, and signs with the one before until the last cluster holds it', () => {
    const keys = { ids: ['k1', 'k2'], kept: 'hub' as const };
    const told = settle(first, world({ keys, clusters: held(1, 1) }));
    expect(told).toMatchObject({
      generation: 2,
      keys: [
        { id: 'k1', state: 'current' },
        { id: 'k2', state: 'next' },
      ],
    });
    expect(stepTrust(told, world({ keys, clusters: held(2, 1) })).changes).toEqual([]);
    const switched = stepTrust(told, world({ keys, clusters: held(2, 2) }));
    expect(switched.changes).toEqual([{ act: 'switched', what: 'manifest-key', id: 'k2' }]);
    expect(switched.trust.generation).toBe(2);
    const retired = settle(switched.trust, world({ keys, clusters: held(2, 2) }));
    expect(retired).toMatchObject({
      generation: 3,
      keys: [
        { id: 'k1', state: 'gone' },
        { id: 'k2', state: 'current' },
      ],
    });
    // The file still has it: that is no reason to announce it again.
    expect(settle(retired, world({ keys: { ids: ['k2'], kept: 'hub' }, clusters: held(2, 2) })).keys).toEqual([
      { id: 'k2', state: 'current', since: 2 },
    ]);
  });

  it('never makes a key of an outside signer current that is not its first', () => {
    const told = settle(first, world({ keys: { ids: ['k1', 'k2'], kept: 'outside' }, clusters: held(2) }));
    expect(told.keys).toMatchObject([
      { id: 'k1', state: 'current' },
      { id: 'k2', state: 'next' },
    ]);
    const turned = settle(told, world({ keys: { ids: ['k2', 'k1'], kept: 'outside' }, clusters: held(2) }));
    expect(turned.keys).toMatchObject([
      { id: 'k1', state: 'gone' },
      { id: 'k2', state: 'current' },
    ]);
  });

  it('announces a retired key once more where its keeper puts it first again', () => {
    const outside = (...ids: string[]): TrustWorld => world({ keys: { ids, kept: 'outside' } });
    const over = settle(settle(first, outside('k1', 'k2')), outside('k2', 'k1'));
    expect(settle(over, outside('k1', 'k2')).keys).toMatchObject([
      { id: 'k2', state: 'gone' },
      { id: 'k1', state: 'current' },
    ]);
  });

  it('withdraws a key that its keeper dropped before anybody signed with it', () => {
    const told = settle(first, world({ keys: { ids: ['k1', 'k2'], kept: 'hub' }, clusters: held(1) }));
    const after = stepTrust(told, world({ clusters: held(2) }));
    expect(after.changes).toEqual([{ act: 'withdrawn', what: 'manifest-key', id: 'k2' }]);
    expect(after.trust).toMatchObject({ generation: 3, keys: [{ id: 'k1', state: 'current' }] });
  });

  it('keeps naming a current key that is lost, and uses another only where everybody waited for holds it', () => {
    const lost = world({ keys: { ids: ['k2'], kept: 'outside' }, clusters: held(1) });
    const waiting = settle(first, lost);
    expect(waiting.keys).toMatchObject([
      { id: 'k1', state: 'current' },
      { id: 'k2', state: 'next' },
    ]);
    expect(settle({ ...waiting, without: ['c0'] }, lost)).toMatchObject({
      keys: [{ id: 'k2', state: 'current' }],
      without: [],
    });
  });

  it('tells of the old authority for as long as something shows a certificate of it, or nobody knows what is shown', () => {
    const around = (shown: TrustWorld['shown']): TrustWorld => world({ authorities: ['a1', 'a2'], shown });
    const [one, none, two] = [
      settle(first, around(['a1', 'a2'])),
      settle(first, around(null)),
      settle(first, around(['a2', 'a2'])),
    ];
    for (const still of [one, none]) {
      expect(still.authorities).toMatchObject([
        { id: 'a1', state: 'old' },
        { id: 'a2', state: 'current' },
      ]);
    }
    expect(two.authorities).toMatchObject([
      { id: 'a1', state: 'gone' },
      { id: 'a2', state: 'current' },
    ]);
  });

  it('tells of another authority of somebody else at once', () => {
    expect(stepTrust(first, world({ outside: 'abc' })).trust).toMatchObject({ generation: 2, outside: 'abc' });
  });

  it('switches without those that are to be joined again, and waits for them again the next time', () => {
    const keys = { ids: ['k1', 'k2'], kept: 'hub' as const };
    const told = settle(first, world({ keys, clusters: held(2, 1) }));
    const over = settle({ ...told, without: ['c1'] }, world({ keys, clusters: held(2, 1) }));
    expect(over).toMatchObject({ without: [], keys: [{ state: 'gone' }, { id: 'k2', state: 'current' }] });
  });

  it('does not take a cluster to hold what it says it was told by a database that was restored since', () => {
    const keys = { ids: ['k1', 'k2'], kept: 'hub' as const };
    const told = settle(first, world({ keys, clusters: held(3) }));
    expect(told.keys).toMatchObject([{ state: 'current' }, { state: 'next' }]);
    expect(generationAhead(told, held(3, 3, 1))).toBe(4);
    expect(generationAhead(told, held(3, 2))).toBeNull();
    expect(generationAhead(told, held(Number.MAX_SAFE_INTEGER))).toBeNull();
    expect(generationAhead(told, [])).toBeNull();
  });

  it('never tells more than eight keys, however many a file holds', () => {
    const ids = Array.from({ length: 30 }, (_, index) => `k${index}`);
    expect(beginTrust(world({ keys: { ids, kept: 'outside' } })).keys).toHaveLength(8);
    expect(
      settle(first, world({ keys: { ids: ['k1', ...ids.slice(2)], kept: 'outside' }, clusters: held(0) })).keys,
    ).toHaveLength(8);
  });
});
