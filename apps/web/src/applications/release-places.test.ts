import { describe, expect, it } from '@jest/globals';
import { CELL_STATES, type CellState } from '#domain/cell-state';
import { commonest, placesOf } from './release-places.js';

const cells = (all: readonly (readonly [CellState, number, number])[]) => ({
  states: all.map(([state]) => CELL_STATES.indexOf(state)),
  runs: all.map(([, runs]) => runs),
  told: all.map(([, , told]) => told),
});

describe('where releases are', () => {
  it('counts who runs each one by state, and who is on the way to it', () => {
    const places = placesOf(
      cells([
        ['healthy', 3, 3],
        ['healthy', 3, 3],
        ['progressing', 3, 4],
        ['failed', 4, 4],
        ['progressing', 0, 4],
        ['none', 0, 0],
      ]),
    );
    expect(places.total).toBe(5);
    expect(places.of.get(3)).toEqual({ runs: 3, states: { healthy: 2, progressing: 1 }, comes: 0 });
    expect(places.of.get(4)).toEqual({ runs: 1, states: { failed: 1 }, comes: 2 });
  });

  it('is nowhere in a fleet that says nothing of releases', () => {
    expect(placesOf({ states: [0, 1] })).toEqual({ of: new Map(), total: 0 });
    expect(commonest(placesOf({ states: [] }))).toBeUndefined();
  });

  it('finds the release that most clusters run, and of two the newer', () => {
    expect(
      commonest(
        placesOf(
          cells([
            ['healthy', 2, 2],
            ['healthy', 2, 3],
            ['healthy', 3, 3],
          ]),
        ),
      ),
    ).toBe(2);
    expect(
      commonest(
        placesOf(
          cells([
            ['healthy', 5, 5],
            ['healthy', 4, 4],
          ]),
        ),
      ),
    ).toBe(5);
  });

  it('has no commonest release where all are on the way to their first', () => {
    expect(commonest(placesOf(cells([['progressing', 0, 1]])))).toBeUndefined();
  });
});
