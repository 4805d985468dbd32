import { describe, expect, it } from '@jest/globals';
import type { FleetCells } from '#contract';
import { CELL_STATES } from '#domain/cell-state';
import { FleetModel, likelyGroup } from './fleet-model.js';

const state = (word: (typeof CELL_STATES)[number]): number => CELL_STATES.indexOf(word);

const cells: FleetCells = {
  id: '7',
  at: '2030-01-01T00:00:00.000Z',
  application: 'web',
  names: ['ams-1', 'ams-2', 'fra-1', 'fra-2'],
  states: [state('healthy'), state('failed'), state('healthy'), state('offline')],
  labels: { region: { values: ['ams', 'fra'], of: [0, 0, 1, 1] }, gpu: { values: ['a100'], of: [-1, 0, -1, -1] } },
  facts: { 'kubernetes.minor': { values: ['1.35', '1.36'], of: [0, 1, 1, -1] } },
  runs: [3, 3, 2, 0],
  told: [3, 4, 4, 4],
};

describe('the fleet in columns', () => {
  it('knows each cluster by its place and its name', () => {
    const model = new FleetModel(cells);
    expect(model.size).toBe(4);
    expect(model.placeOf('fra-1')).toBe(2);
    expect(model.placeOf('nowhere')).toBe(-1);
    expect(model.stateOf(3)).toBe('offline');
    expect(model.valueOf(2, 'region')).toBe('fra');
    expect(model.valueOf(2, 'fact.kubernetes.minor')).toBe('1.36');
    expect(model.valueOf(3, 'fact.kubernetes.minor')).toBeUndefined();
    expect(model.counts[state('healthy')]).toBe(2);
  });

  it('takes changes in place, tells which clusters they changed, and counts anew', () => {
    const model = new FleetModel(cells);
    const changed = model.apply({
      names: ['ams-1', 'ams-2', 'fra-2', 'new-1'],
      states: [state('healthy'), state('progressing'), state('offline'), state('failed')],
      runs: [3, 3, 2, 1],
      told: [3, 4, 4, 1],
    });
    expect([...changed]).toEqual([1, 3]);
    expect(model.stateOf(1)).toBe('progressing');
    expect(model.runs?.[3]).toBe(2);
    expect(model.counts[state('failed')]).toBe(0);
    expect(model.counts[state('progressing')]).toBe(1);
    expect(model.size).toBe(4);
  });

  it('takes the same change twice for none', () => {
    const model = new FleetModel(cells);
    const change = { names: ['ams-1'], states: [state('held')] };
    expect([...model.apply(change)]).toEqual([0]);
    expect([...model.apply(change)]).toEqual([]);
  });

  it('keeps the state of a cluster whose new one it does not know', () => {
    const model = new FleetModel(cells);
    expect([...model.apply({ names: ['ams-1'], states: [77] })]).toEqual([]);
    expect(model.stateOf(0)).toBe('healthy');
  });

  it('tells who watches once a batch is drawn, until they stop', () => {
    const model = new FleetModel(cells);
    let told = 0;
    const stop = model.watch(() => (told += 1));
    model.tellAll();
    stop();
    model.tellAll();
    expect(told).toBe(1);
    expect(model.version()).toBe(2);
  });

  it('groups by a likely label that most clusters have, and by none where there is no such', () => {
    expect(likelyGroup(new FleetModel(cells))).toBe('region');
    expect(
      likelyGroup(new FleetModel({ ...cells, labels: { gpu: cells.labels['gpu'] ?? { values: [], of: [] } } })),
    ).toBe(undefined);
  });
});
