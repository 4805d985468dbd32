import { describe, expect, it } from '@jest/globals';
import { CELL_STATES, type CellState } from '#domain/cell-state';
import { FleetModel } from './fleet-model.js';
import { groupBy } from './grouping.js';
import { laggards, whyItLags } from './lag.js';
import { matrixOf } from './matrix.js';

const fleet: readonly (readonly [string, CellState, runs: number, told: number, region: number])[] = [
  ['a', 'healthy', 5, 5, 0],
  ['b', 'healthy', 4, 4, 0],
  ['c', 'progressing', 4, 5, 0],
  ['d', 'offline', 2, 5, 1],
  ['e', 'failed', 4, 5, 1],
  ['f', 'none', 0, 0, 1],
  ['g', 'progressing', 0, 5, 1],
  ['h', 'held', 3, 3, -1],
];
const model = new FleetModel({
  id: '1',
  at: '2030-01-01T00:00:00.000Z',
  application: 'web',
  names: fleet.map(([name]) => name),
  states: fleet.map(([, state]) => CELL_STATES.indexOf(state)),
  runs: fleet.map(([, , runs]) => runs),
  told: fleet.map(([, , , told]) => told),
  labels: { region: { values: ['ams', 'fra'], of: fleet.map(([, , , , region]) => region) } },
  facts: {},
});
const everybody = Int32Array.from(fleet.keys());

describe('who lags', () => {
  it('is whoever does not run what it is told or the newest release, oldest first; nobody without the application', () => {
    const late = [...laggards(model, everybody, 5)].map((place) => model.names[place]);
    expect(late).toEqual(['g', 'd', 'h', 'b', 'c', 'e']);
  });

  it('is nobody where all run the newest', () => {
    expect([...laggards(model, Int32Array.from([0, 5]), 5)]).toEqual([]);
  });

  it.each<readonly [string, string]>([
    ['b', 'It is not told release 5 yet'],
    ['c', 'It is on its way from release 4 to 5'],
    ['d', 'It is offline, and was told release 5'],
    ['e', 'Release 5 failed there'],
    ['g', 'It is on its way to release 5'],
    ['h', 'A person holds it: nothing new is assigned to it'],
  ])('has a reason for %s', (name, reason) => {
    expect(whyItLags(model, model.placeOf(name), 5)).toBe(reason);
  });
});

describe('what runs where', () => {
  it('counts by release and group who runs it and who is told it, newest first', () => {
    const matrix = matrixOf(model, groupBy(model.columns.get('region'), everybody, model.size), [6]);
    expect(matrix.releases).toEqual([6, 5, 4, 3, 2]);
    const row = (release: number) => matrix.releases.indexOf(release);
    const counts = (release: number) => [0, 1, 2].map((column) => matrix.runs(row(release), column));
    expect(counts(6)).toEqual([0, 0, 0]);
    expect(counts(5)).toEqual([1, 0, 0]);
    expect(counts(4)).toEqual([2, 1, 0]);
    expect(counts(3)).toEqual([0, 0, 1]);
    expect([0, 1, 2].map((column) => matrix.coming(row(5), column))).toEqual([1, 3, 0]);
    expect(matrix.total(row(4))).toBe(3);
    expect(matrix.more).toBe(0);
  });

  it('says how many older releases it leaves out', () => {
    const matrix = matrixOf(model, groupBy(undefined, everybody, model.size), [], 2);
    expect([matrix.releases, matrix.more]).toEqual([[5, 4], 2]);
  });
});
