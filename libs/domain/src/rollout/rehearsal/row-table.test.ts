import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { TARGET_STATES, type LoadedRow, type RowNeed, type TargetRow } from '../model.js';
import { RowTable, type PresenceView } from './row-table.js';

const ZONES = [undefined, 'UTC', 'Asia/Tokyo'];
const CLUSTERS = 12;

const change = fc.record({
  who: fc.nat(CLUSTERS - 1),
  state: fc.constantFrom(...TARGET_STATES),
  dueAt: fc.oneof(fc.constant(null), fc.nat(10)),
  requeued: fc.boolean(),
  zone: fc.constantFrom(...ZONES),
  /** Whose place it takes: places are unique within a wave. */
  swap: fc.option(fc.nat(CLUSTERS - 1)),
  rollout: fc.boolean(),
});

const wanted: fc.Arbitrary<RowNeed> = fc
  .record({
    rollout: fc.option(fc.constantFrom('web-1', 'web-2'), { nil: undefined }),
    uids: fc.option(fc.array(fc.nat(CLUSTERS + 1).map((who) => `c${who}`)), { nil: undefined }),
    due: fc.option(fc.record({ before: fc.nat(10), limit: fc.integer({ min: 1, max: 4 }) }), { nil: undefined }),
    isNext: fc.boolean(),
    pending: fc.option(
      fc.record({
        wave: fc.nat(2),
        limit: fc.integer({ min: 1, max: 5 }),
        zones: fc.option(fc.subarray(['UTC', 'Asia/Tokyo']), { nil: undefined }),
      }),
      { nil: undefined },
    ),
    silent: fc.option(fc.record({ wave: fc.nat(2), since: fc.nat(10), limit: fc.integer({ min: 1, max: 4 }) }), {
      nil: undefined,
    }),
  })
  .map(({ isNext, ...need }) => ({
    ...(Object.fromEntries(Object.entries(need).filter(([, value]) => value !== undefined)) as RowNeed),
    ...(isNext && { next: { after: need.due?.before ?? 5 } }),
  }));

function rowOf(who: number): TargetRow {
  return {
    ...{ uid: `c${who}`, name: `c${who}`, rollout: 'web-1', wave: who % 3, position: Math.floor(who / 3) },
    ...{ state: 'pending', desired: 'keep', assignment: null, acked: false, generation: 0, previous: null },
    ...{ lastPassed: null, report: null, dueAt: null },
  };
}

const presence: PresenceView = {
  loaded: (index, row) => ({ row, online: true, seenAt: index }),
  seenAt: (index) => (index % 4 === 0 ? null : index),
};

/** By looking at every row, as a database without an index would. */
function naive(rows: readonly TargetRow[], need: RowNeed): { sure: Set<string>; dueTimes: number[] } {
  const own = rows.filter(({ rollout }) => need.rollout === undefined || rollout === need.rollout);
  const sure = new Set<string>((need.uids ?? []).filter((uid) => rows.some((row) => row.uid === uid)));
  const byDue = own
    .filter(({ dueAt }) => dueAt !== null)
    .map(({ dueAt }) => dueAt ?? 0)
    .sort((a, b) => a - b);
  const dueTimes = need.due ? byDue.filter((at) => at <= (need.due?.before ?? 0)).slice(0, need.due.limit) : [];
  if (need.next) dueTimes.push(...byDue.filter((at) => at > (need.next?.after ?? 0)).slice(0, 1));
  if (need.pending) {
    const { wave, limit, zones } = need.pending;
    own
      .filter((row) => row.state === 'pending' && row.wave === wave)
      .filter(({ zone }) => !zones || zone === undefined || zones.includes(zone))
      .sort((a, b) => Number(b.requeued ?? false) - Number(a.requeued ?? false) || a.position - b.position)
      .slice(0, limit)
      .forEach(({ uid }) => sure.add(uid));
  }
  if (need.silent) {
    const { wave, since, limit } = need.silent;
    own
      .filter((row) => row.wave === wave && (row.state === 'passed' || row.state === 'unchanged'))
      .filter(({ uid }) => (presence.seenAt(rows.findIndex((row) => row.uid === uid)) ?? -1) < since)
      .sort((a, b) => a.position - b.position)
      .slice(0, limit)
      .forEach(({ uid }) => sure.add(uid));
  }
  return { sure, dueTimes };
}

/** Who is due first of those due at one time is nobody's business: they are told by their times. */
function check(rows: readonly TargetRow[], need: RowNeed, loaded: readonly LoadedRow[]): void {
  const { sure, dueTimes } = naive(rows, need);
  const uids = loaded.map(({ row }) => row.uid);
  expect(new Set(uids).size).toBe(uids.length);
  for (const uid of sure) expect(uids).toContain(uid);
  const times = loaded.flatMap(({ row }) => (row.dueAt === null ? [] : [row.dueAt]));
  for (const time of new Set(dueTimes)) {
    const count = (list: readonly number[]): number => list.filter((each) => each === time).length;
    expect(count(times)).toBeGreaterThanOrEqual(count(dueTimes));
  }
  expect(uids.length).toBeLessThanOrEqual(sure.size + dueTimes.length);
  const places = loaded.map(({ row }) => row.wave * 100 + row.position);
  expect(places).toEqual([...places].sort((a, b) => a - b));
}

describe('the table of rows', () => {
  it('finds what a look at every row finds, whatever has changed, in a copy too', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.array(change, { maxLength: 8 }), wanted), { maxLength: 12 }), (rounds) => {
        let table = new RowTable(Array.from({ length: CLUSTERS }, (_, who) => rowOf(who)));
        rounds.forEach(([changes, need], round) => {
          const untouched = table;
          const before = JSON.stringify(untouched.load({ all: true }, presence));
          if (round % 2 === 1) table = table.fork();
          for (const { who, swap, rollout, requeued, zone, ...state } of changes) {
            const row = table.at(who);
            const other = swap === null ? undefined : table.at(swap);
            if (!row) continue;
            const { zone: _1, requeued: _2, ...rest } = row;
            const changed = { ...rest, ...state, rollout: rollout ? 'web-1' : 'web-2' };
            const place = other && other !== row ? { wave: other.wave, position: other.position } : {};
            const moved = { ...changed, ...place, ...(requeued && { requeued }), ...(zone && { zone }) };
            table.save(
              other && other !== row ? [moved, { ...other, wave: row.wave, position: row.position }] : [moved],
            );
          }
          check(
            [...Array(CLUSTERS).keys()].flatMap((who) => table.at(who) ?? []),
            need,
            table.load(need, presence),
          );
          if (round % 2 === 1) expect(JSON.stringify(untouched.load({ all: true }, presence))).toBe(before);
        });
      }),
      { numRuns: 300 },
    );
  });
});
