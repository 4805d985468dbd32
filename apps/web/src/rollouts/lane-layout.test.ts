import { describe, expect, it } from '@jest/globals';
import type { TargetView } from '#contract';
import { layoutLane, step, targetAt, zoneOf } from './lane-layout.js';

const of = (...states: TargetView['state'][]): { state: TargetView['state'] }[] => states.map((state) => ({ state }));
const many = (count: number, state: TargetView['state']): { state: TargetView['state'] }[] =>
  Array.from({ length: count }, () => ({ state }));

describe('a lane', () => {
  it('puts each cluster into the zone of its state', () => {
    expect(
      ['pending', 'assigned', 'progressing', 'passed', 'unchanged', 'failed', 'deferred'].map((state) =>
        zoneOf(state as 'pending'),
      ),
    ).toEqual(['waiting', 'inFlight', 'inFlight', 'passed', 'passed', 'aside', 'aside']);
  });

  it('lays out every cell without two on the same place, inside its width', () => {
    for (const width of [320, 700, 1300]) {
      const targets = [
        ...many(200, 'pending'),
        ...many(20, 'progressing'),
        ...many(170, 'passed'),
        ...many(10, 'failed'),
      ];
      const { places, height, pitch } = layoutLane(targets, width);
      const seen = new Set<string>();
      for (let index = 0; index < targets.length; index += 1) {
        const [x = -1, y = -1] = places.slice(index * 2);
        seen.add(`${x},${y}`);
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x + pitch).toBeLessThanOrEqual(width);
        expect(y + pitch).toBeLessThanOrEqual(height);
      }
      expect(seen.size).toBe(targets.length);
    }
  });

  it('stacks the zones on a phone, without those that hold nobody', () => {
    const { zones } = layoutLane(of('pending', 'passed'), 340);
    expect(zones.map(({ zone, x }) => [zone, x])).toEqual([
      ['waiting', 0],
      ['passed', 0],
    ]);
    expect(zones[1]?.y).toBeGreaterThan(20);
  });

  it('tells of what will not pass the worst first', () => {
    const { order } = layoutLane(of('skipped', 'deferred', 'failed', 'pending'), 800);
    expect(order).toEqual([3, 2, 1, 0]);
  });

  it('finds the cell under a point, and nobody beside them', () => {
    const layout = layoutLane(of('pending', 'pending', 'passed'), 800);
    const [x = 0, y = 0] = layout.places.slice(4);
    expect(targetAt(layout, x + 3, y + 3)).toBe(2);
    expect(targetAt(layout, 795, 5)).toBe(-1);
  });

  it('is walked by arrows, and never left by them', () => {
    const layout = layoutLane([...many(30, 'pending'), ...many(2, 'passed')], 800);
    expect(step(layout, -1, 'ArrowRight')).toBe(0);
    expect(step(layout, 0, 'ArrowRight')).toBe(1);
    expect(step(layout, 0, 'ArrowLeft')).toBe(0);
    const below = step(layout, 0, 'ArrowDown');
    expect(layout.places[below * 2]).toBe(layout.places[0]);
    expect(step(layout, below, 'ArrowUp')).toBe(0);
    expect(step(layout, 3, 'End')).toBe(31);
    expect(step(layout, 29, 'ArrowDown')).toBe(29);
  });

  it('is empty without clusters', () => {
    const layout = layoutLane([], 800);
    expect(step(layout, -1, 'ArrowRight')).toBe(-1);
    expect(layout.height).toBeGreaterThan(0);
  });
});
