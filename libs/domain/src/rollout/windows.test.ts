import { describe, expect, it } from '@jest/globals';
import type { WindowSpec } from './strategy.js';
import { clusterZone, cronProblem, isOpen, nextOpening, timeZoneProblem } from './windows.js';

const HOUR = 3_600_000;
const at = (text: string) => Date.parse(text);
const window = (cron: string, hours: number, timeZone: WindowSpec['timeZone'] = 'UTC'): WindowSpec => ({
  cron,
  durationMs: hours * HOUR,
  timeZone,
});
const local = { label: 'zone' };
const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());

describe('a window', () => {
  const night = [window('0 2 * * *', 2)];

  it.each([
    ['just before it begins', '2026-06-01T01:59:59.999Z', false],
    ['at its first moment', '2026-06-01T02:00:00.000Z', true],
    ['between whole seconds', '2026-06-01T02:00:00.001Z', true],
    ['at its last moment', '2026-06-01T03:59:59.999Z', true],
    ['at its end', '2026-06-01T04:00:00.000Z', false],
    ['half a second after its end', '2026-06-01T04:00:00.500Z', false],
  ])('%s', (_when, time, open) => {
    expect(isOpen(night, 'UTC', at(time))).toBe(open);
  });

  it('answers the same in any order of asking', () => {
    const times = ['2026-06-01T02:30:00Z', '2026-06-03T05:00:00Z', '2026-06-01T01:00:00Z', '2026-06-01T02:30:00Z'];
    expect(times.map((time) => isOpen(night, 'UTC', at(time)))).toEqual([true, false, false, true]);
    expect(times.toReversed().map((time) => isOpen(night, 'UTC', at(time)))).toEqual([true, false, false, true]);
  });

  it('that lasts over midnight, or longer than the time between two beginnings, stays open', () => {
    expect(isOpen([window('0 23 * * *', 3)], 'UTC', at('2026-06-02T01:59:00Z'))).toBe(true);
    expect(isOpen([window('0 * * * *', 2)], 'UTC', at('2026-06-02T01:59:59Z'))).toBe(true);
  });

  it('tells when it opens next, and that it is open now', () => {
    expect(iso(nextOpening(night, 'UTC', at('2026-06-01T05:00:00Z')))).toBe('2026-06-02T02:00:00.000Z');
    expect(iso(nextOpening(night, 'UTC', at('2026-06-01T02:10:00Z')))).toBe('2026-06-01T02:10:00.000Z');
    const weekend = [window('0 8 * * 6', 1), window('30 7 * * 0', 1)];
    expect(iso(nextOpening(weekend, 'UTC', at('2026-06-03T00:00:00Z')))).toBe('2026-06-06T08:00:00.000Z');
    expect(iso(nextOpening(weekend, 'UTC', at('2026-06-06T10:00:00Z')))).toBe('2026-06-07T07:30:00.000Z');
  });

  it('of a day that never comes, or of a text that is no cron expression, never opens', () => {
    for (const cron of ['0 0 30 2 *', 'whenever']) {
      expect(isOpen([window(cron, 1)], 'UTC', at('2026-06-01T00:00:00Z'))).toBe(false);
      expect(nextOpening([window(cron, 1)], 'UTC', at('2026-06-01T00:00:00Z'))).toBeNull();
    }
    expect(nextOpening([], 'UTC', at('2026-06-01T00:00:00Z'))).toBeNull();
  });

  it('is each cluster’s own where its time zone is the cluster’s, and one for all where it is named', () => {
    const now = at('2026-06-01T02:30:00Z');
    expect(isOpen([window('0 2 * * *', 1, local)], 'UTC', now)).toBe(true);
    expect(isOpen([window('0 2 * * *', 1, local)], 'Asia/Tokyo', now)).toBe(false);
    expect(isOpen([window('0 11 * * *', 1, local)], 'Asia/Tokyo', now)).toBe(true);
    expect(isOpen([window('0 2 * * *', 1, 'UTC')], 'Asia/Tokyo', now)).toBe(true);
    expect(isOpen([window('0 2 * * *', 1, local)], 'Mars/Olympus', now)).toBe(true);
  });
});

describe('when the clocks change', () => {
  const two = [window('30 2 * * *', 1, local)];

  it('a time that is left out in spring comes at the first moment after the gap', () => {
    expect(iso(nextOpening(two, 'Europe/Berlin', at('2026-03-29T00:00:00Z')))).toBe('2026-03-29T01:00:00.000Z');
    expect(isOpen(two, 'Europe/Berlin', at('2026-03-29T01:59:00Z'))).toBe(true);
    expect(isOpen(two, 'Europe/Berlin', at('2026-03-29T02:00:00Z'))).toBe(false);
    expect(iso(nextOpening(two, 'Europe/Berlin', at('2026-03-29T03:00:00Z')))).toBe('2026-03-30T00:30:00.000Z');
  });

  it('a time that comes twice in autumn counts the first time', () => {
    expect(iso(nextOpening(two, 'Europe/Berlin', at('2026-10-24T23:00:00Z')))).toBe('2026-10-25T00:30:00.000Z');
    expect(isOpen(two, 'Europe/Berlin', at('2026-10-25T01:29:59Z'))).toBe(true);
    expect(isOpen(two, 'Europe/Berlin', at('2026-10-25T01:30:00Z'))).toBe(false);
    expect(iso(nextOpening(two, 'Europe/Berlin', at('2026-10-25T02:00:00Z')))).toBe('2026-10-26T01:30:00.000Z');
  });

  it('an hour is an hour: a window over the change lasts as long as it says', () => {
    const night = [window('0 1 * * *', 4, local)];
    expect(isOpen(night, 'America/New_York', at('2026-03-08T09:59:59Z'))).toBe(true);
    expect(isOpen(night, 'America/New_York', at('2026-03-08T10:00:00Z'))).toBe(false);
    expect(isOpen(night, 'America/New_York', at('2026-11-01T08:59:59Z'))).toBe(true);
    expect(isOpen(night, 'America/New_York', at('2026-11-01T09:00:00Z'))).toBe(false);
  });
});

describe('the time zone of a cluster', () => {
  it.each([
    ['is what its label holds', [window('0 2 * * *', 1, local)], { zone: 'Asia/Tokyo' }, { zone: 'Asia/Tokyo' }],
    [
      'is what its label holds with dots for slashes, which a label can not have',
      [window('0 2 * * *', 1, local)],
      { zone: 'America.Argentina.Buenos_Aires' },
      { zone: 'America/Argentina/Buenos_Aires' },
    ],
    [
      'is UTC, with a word about it, where it has no such label',
      [window('0 2 * * *', 1, local)],
      {},
      { zone: 'UTC', problem: 'no label zone' },
    ],
    [
      'is UTC, with a word about it, where the label holds no time zone',
      [window('0 2 * * *', 1, local)],
      { zone: 'Mars/Olympus' },
      { zone: 'UTC', problem: expect.stringContaining('"Mars/Olympus" is no time zone') },
    ],
    ['is the one that the windows name', [window('0 2 * * *', 1, 'Asia/Tokyo')], {}, { zone: 'Asia/Tokyo' }],
    ['is UTC where there are no windows', [], {}, { zone: 'UTC' }],
  ])('%s', (_what, windows, labels, expected) => {
    expect(clusterZone(windows, labels)).toEqual(expected);
  });
});

describe('a cron expression', () => {
  it.each(['0 2 * * *', '*/5 1-3 * * 1-5', '0 2 * * MON,FRI', '0 0 29 2 *', '0 2 L * *', '0 2 * * 5#2'])(
    '%s is one',
    (text) => {
      expect(cronProblem(text)).toBeNull();
    },
  );

  it.each([
    ['', 'five fields'],
    ['0 2 * *', 'five fields'],
    ['0 0 2 * * *', 'five fields'],
    ['@daily', 'five fields'],
    ['0  2 * * *', 'five fields'],
    ['0 ? * * *', 'five fields'],
    ['2026-01-01T00:00:00', 'five fields'],
    [`${'0,'.repeat(60)}0 2 * * *`, 'five fields'],
    ['60 2 * * *', 'Invalid value for minute: 60'],
    ['0 2 * * 8', 'is no cron expression'],
    ['0 2 30 2 *', 'never comes'],
  ])('%s is none, and it says why', (text, why) => {
    expect(cronProblem(text)).toContain(why);
  });
});

describe('the name of a time zone', () => {
  it('is an IANA name and nothing else', () => {
    for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires']) {
      expect(timeZoneProblem(name)).toBeNull();
    }
    for (const name of ['', '+01:00', 'Mars/Olympus', ' UTC', 'x'.repeat(10_000)]) {
      expect(timeZoneProblem(name)).toContain('is no time zone: it takes an IANA name, such as Europe/Berlin');
    }
  });
});
