import { describe, expect, it } from '@jest/globals';
import type { EventView } from '#contract';
import { momentAt, momentsOf, railMarks } from './moments.js';

const event = (id: number, second: number, more: Partial<EventView> = {}): EventView => ({
  ...{ id, seq: id, at: `2030-01-01T00:00:${String(second).padStart(2, '0')}.000Z`, application: 'web' },
  ...{ event: 'assigned', message: `event ${id}` },
  ...more,
});

describe('the moments of a history', () => {
  it('are one for each time, oldest first, and say how much more happened then', () => {
    const moments = momentsOf([event(4, 9), event(3, 5), event(2, 5, { event: 'failed' }), event(1, 5), event(0, 1)]);
    expect(moments.map(({ says, mark }) => [says, mark])).toEqual([
      ['event 0', null],
      ['event 1 (and 2 more)', 'bad'],
      ['event 4', null],
    ]);
  });

  it('are found by a time between them', () => {
    const moments = momentsOf([event(3, 9), event(2, 5), event(1, 1)]);
    expect(momentAt(moments, '2030-01-01T00:00:06.000Z')).toBe(1);
    expect(momentAt(moments, '2030-01-01T00:00:05.000Z')).toBe(1);
    expect(momentAt(moments, '2029-01-01T00:00:00.000Z')).toBe(0);
    expect(momentAt(moments, '2031-01-01T00:00:00.000Z')).toBe(2);
    expect(momentAt([], '2031-01-01T00:00:00.000Z')).toBe(0);
  });

  it('leave on the rail what weighs most: a person before a failure before a wave', () => {
    const moments = momentsOf([
      event(3, 3, { event: 'paused', actor: 'token:ann' }),
      event(2, 2, { event: 'failed' }),
      event(1, 1, { event: 'waveOpened' }),
    ]);
    expect(railMarks(moments, 1)).toEqual([{ place: 1, mark: 'person' }]);
    expect(railMarks(moments, 3).map(({ mark }) => mark)).toEqual(['wave', 'bad', 'person']);
  });
});
