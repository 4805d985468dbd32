import { describe, expect, it } from '@jest/globals';
import { assignableWave, isFrozen, mayAssign, nextZoneOpening, openZones } from './may-assign.js';
import type { Freeze, Rollout, WaveProgress } from './model.js';
import type { WindowSpec } from './strategy.js';
import { Scenario, START, strategy, wave } from './testing/scenario.js';

const HOUR = 3_600_000;
const freeze: Freeze = { by: 'token:ann', reason: 'holidays', since: START };
const night: WindowSpec = { cron: '0 2 * * *', durationMs: HOUR, timeZone: { label: 'zone' } };
/** Two waves of two pending clusters each, the first one open. */
const rollout = (first: Partial<WaveProgress> = {}, more: Partial<Rollout> = {}): Rollout => {
  const fleet = new Scenario(4);
  fleet.start(1, strategy([wave('canary', { take: 2 }), wave('rest')]));
  const waves = fleet.rollout.waves.map((each, index) => ({
    ...each,
    counts: { ...each.counts, pending: 2, assigned: 0 },
    ...(index === 0 && first),
  }));
  return { ...fleet.rollout, waves, ...more };
};
const windowed = { windows: [night], zones: ['Asia/Tokyo', 'Europe/Berlin'] };

describe('a pending cluster may have its turn', () => {
  const berlin = HOUR + 1;
  it.each([
    ['when its wave is open', rollout(), { wave: 0 }, START, null, true],
    ['not before its wave opens', rollout(), { wave: 1 }, START, null, false],
    ['not while its wave waits at gates', rollout({ phase: 'gateBefore' }), { wave: 0 }, START, null, false],
    ['also when its wave soaks, for it was retried', rollout({ phase: 'soaking' }), { wave: 0 }, START, null, true],
    ['also when its wave is done', rollout({ phase: 'done' }, { wave: 1 }), { wave: 0 }, START, null, true],
    ['not during a freeze', rollout(), { wave: 0 }, START, freeze, false],
    ['when the freeze is over', rollout(), { wave: 0 }, START, { ...freeze, until: START }, true],
    ['in a rollback, whatever is frozen', rollout({}, { kind: 'rollback' }), { wave: 0 }, START, freeze, true],
    ['not in a frozen catch-up', rollout({}, { kind: 'catchUp' }), { wave: 0 }, START, freeze, false],
    ['in its window', rollout(windowed), { wave: 0, zone: 'Europe/Berlin' }, berlin, null, true],
    ['not in somebody else’s window', rollout(windowed), { wave: 0, zone: 'Asia/Tokyo' }, berlin, null, false],
    ['by UTC where it has no time zone', rollout(windowed), { wave: 0 }, 2 * HOUR, null, true],
  ])('%s', (_when, of, row, now, frozen, expected) => {
    expect(mayAssign(of, row, now, frozen)).toBe(expected);
  });
});

describe('the wave that is looked at for whom to assign', () => {
  it.each([
    ['is the first with somebody pending', rollout({}, { wave: 1 }), START, null, 0],
    ['is none that has not opened', rollout({ phase: 'pending' }), START, null, null],
    ['is none without slots', rollout({ maxConcurrency: 0 }), START, null, null],
    ['is one without slots, where somebody is carried', rollout({ maxConcurrency: 0, carried: 1 }), START, null, 0],
    ['is none during a freeze', rollout(), START, freeze, null],
    ['is none whose windows are closed everywhere', rollout(windowed), START, null, null],
    ['is one with a window open somewhere', rollout(windowed), HOUR, null, 0],
    ['is not one that was looked at in vain', rollout({ ...windowed, closedUntil: 2 * HOUR }), HOUR, null, null],
    ['is that one again when its time has come', rollout({ ...windowed, closedUntil: HOUR }), HOUR, null, 0],
  ])('%s', (_what, of, now, frozen, expected) => {
    expect(assignableWave(of, now, frozen)).toBe(expected);
  });

  it('is a later one where the windows of an earlier one are closed', () => {
    const base = rollout({ ...windowed, phase: 'done' }, { wave: 1 });
    const [first, second] = base.waves;
    const of = { ...base, waves: [first, { ...second, phase: 'progressing' }] as WaveProgress[] };
    expect(assignableWave(of, START)).toBe(1);
    expect(assignableWave(of, HOUR)).toBe(0);
  });
});

describe('the time zones of a wave', () => {
  it('that are open, and where the next one opens', () => {
    const [first] = rollout(windowed).waves;
    const [, plain] = rollout().waves;
    expect(first && openZones(first, HOUR)).toEqual(['Europe/Berlin']);
    expect(first && openZones(first, START)).toEqual([]);
    expect(plain && openZones(plain, START)).toBeNull();
    expect(first && nextZoneOpening(first, START)).toEqual({ zone: 'Europe/Berlin', at: HOUR });
    expect(first && nextZoneOpening(first, HOUR)).toEqual({ zone: 'Asia/Tokyo', at: 17 * HOUR });
    expect(plain && nextZoneOpening(plain, START)).toBeNull();
  });
});

describe('a freeze', () => {
  it('holds until its end, and never for a rollback', () => {
    expect(isFrozen('forward', freeze, START)).toBe(true);
    expect(isFrozen('forward', { ...freeze, until: START + 1 }, START)).toBe(true);
    expect(isFrozen('forward', { ...freeze, until: START }, START)).toBe(false);
    expect(isFrozen('rollback', freeze, START)).toBe(false);
    expect(isFrozen('forward', null, START)).toBe(false);
  });
});
