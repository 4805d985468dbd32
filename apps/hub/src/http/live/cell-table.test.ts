import { describe, expect, it } from '@jest/globals';
import { CELL_STATES, EVERYWHERE, type Scope } from '#domain';
import type { CellReading, StoredCell, StoredCellApplication } from '#ports';
import { changedColumns, fleetColumns, type Sight } from './cell-columns.js';
import { CellTable, type Since } from './cell-table.js';

const everything: Sight = { scopes: [EVERYWHERE], application: null };

function cluster(name: string, written: number, more: Partial<StoredCell> = {}): StoredCell {
  const labels = { team: name.slice(0, 1) };
  return {
    uid: `uid of ${name}`,
    name,
    labels,
    facts: {},
    state: 'joined',
    online: true,
    isHeld: false,
    written,
    ...more,
  };
}

function row(name: string, written: number, more: Partial<StoredCellApplication> = {}): StoredCellApplication {
  return {
    ...{ uid: `uid of ${name}`, application: 'web', phase: 'healthy', isDrifted: false, told: 2, runs: 2, written },
    ...more,
  };
}

function reading(
  mark: number,
  clusters: readonly StoredCell[],
  applications: readonly StoredCellApplication[] = [],
): CellReading {
  return { mark, clusters, applications };
}

/** Two clusters of team a, one of team b, each with two applications, read at mark 100. */
function filled(): CellTable {
  const table = new CellTable();
  const names = ['b1', 'a2', 'a1'];
  table.take(
    reading(
      100,
      names.map((name) => cluster(name, 50)),
      names.flatMap((name) => [row(name, 60), row(name, 60, { application: 'api' })]),
    ),
    0,
  );
  return table;
}

/** Name and state, of what has changed. */
function changed(table: CellTable, since: Since, sight: Sight = everything): readonly string[] | 'reset' | null {
  const found = changedColumns(table, sight, since);
  if (found === null || found === 'reset') return found;
  return found.names.map((name, index) => `${name} ${CELL_STATES[found.states[index] ?? -1]}`);
}

const teamA: Scope = { clusters: { matchLabels: { team: 'a' } }, applications: null };
const onlyApi: Scope = { clusters: null, applications: ['api'] };

describe('the table of cells', () => {
  it('answers columns by name, each value once', () => {
    const table = filled();
    table.take(reading(101, [cluster('a0', 100, { labels: {}, facts: { nodes: '3' }, state: 'registered' })]), 0);
    expect(fleetColumns(table, everything)).toEqual({
      names: ['a0', 'a1', 'a2', 'b1'],
      states: ['waiting', 'healthy', 'healthy', 'healthy'].map((state) => CELL_STATES.indexOf(state as 'waiting')),
      labels: { team: { values: ['a', 'b'], of: [-1, 0, 0, 1] } },
      facts: { nodes: { values: ['3'], of: [0, -1, -1, -1] } },
    });
  });

  it('tells of one application its own state and releases', () => {
    const table = filled();
    table.take(reading(101, [], [row('a1', 100, { phase: 'failed', runs: 1, told: 3 })]), 0);
    const web = fleetColumns(table, { ...everything, application: 'web' });
    expect(web).toMatchObject({ application: 'web', runs: [1, 2, 2], told: [3, 2, 2], states: [2, 0, 0] });
    expect(fleetColumns(table, { ...everything, application: 'api' })).toMatchObject({ states: [0, 0, 0] });
    expect(fleetColumns(table, { ...everything, application: 'no' })).toMatchObject({
      told: [0, 0, 0],
      states: [8, 8, 8],
    });
  });

  it('knows what changed after a reading, and what was only written again', () => {
    const table = filled();
    const since = { tick: table.now };
    table.take(reading(110, [cluster('a1', 105)], [row('a2', 106)]), 0);
    expect(changed(table, since)).toBeNull();
    table.take(reading(120, [cluster('a1', 115, { isHeld: true })], [row('a2', 116, { isDrifted: true })]), 0);
    expect(changed(table, since)).toEqual(['a1 held', 'a2 drifted']);
    expect(changed(table, { tick: table.now })).toBeNull();
    table.take(reading(130, [cluster('b1', 125, { online: false })], [row('a2', 126, { told: null })]), 0);
    expect(changed(table, { tick: table.now - 1 })).toEqual(['a2 healthy', 'b1 offline']);
  });

  it('tells who comes back with a mark what was written from it on', () => {
    const table = filled();
    table.take(reading(120, [cluster('a1', 115, { isHeld: true })], [row('a2', 116, { isDrifted: true })]), 0);
    expect(changed(table, { mark: 120 })).toBeNull();
    expect(changed(table, { mark: 116 })).toEqual(['a2 drifted']);
    expect(changed(table, { mark: 115 })).toEqual(['a1 held', 'a2 drifted']);
    expect(changed(table, { mark: 51 })).toEqual(['a1 held', 'a2 drifted', 'b1 healthy']);
    // Whether a cluster moved before the table began, nobody can say who did not know all that was written of clusters by then.
    expect(changed(table, { mark: 50 })).toBe('reset');
  });

  it('has everything read again where clusters come, go or change their labels', () => {
    const table = filled();
    const before = table.now;
    table.take(reading(110, [cluster('c1', 105)]), 0);
    expect(changed(table, { tick: before })).toBe('reset');
    expect(changed(table, { mark: 105 })).toBe('reset');
    expect(changed(table, { mark: 106 })).toBeNull();
    const added = table.now;
    table.take(reading(120, [cluster('c1', 115, { labels: { team: 'd' } })]), 0);
    expect(changed(table, { tick: added })).toBe('reset');
    const moved = table.now;
    table.take(reading(130, [cluster('c1', 125, { state: 'revoked' }), cluster('c2', 126, { state: 'revoked' })]), 0);
    expect(changed(table, { tick: moved })).toBe('reset');
    expect(fleetColumns(table, everything).names).toEqual(['a1', 'a2', 'b1']);
    expect(changed(table, { tick: table.now })).toBeNull();
  });

  it('tells of facts that changed now and then, as some do all day', () => {
    const table = filled();
    const before = table.now;
    table.take(reading(110, [cluster('a1', 105, { facts: { nodes: '4' } })]), 1000);
    expect(fleetColumns(table, everything).facts).toEqual({ nodes: { values: ['4'], of: [0, -1, -1] } });
    expect(changed(table, { tick: before })).toBeNull();
    table.take(reading(120, []), 400_000);
    expect(changed(table, { tick: before })).toBe('reset');
    expect(changed(table, { tick: table.now })).toBeNull();
  });

  it('shows nothing of what the scopes do not hold, not even that it changed', () => {
    const table = filled();
    const since = { tick: table.now };
    const ofA: Sight = { scopes: [teamA], application: null };
    const ofApi: Sight = { scopes: [onlyApi], application: null };
    table.take(
      reading(110, [cluster('b1', 105, { online: false }), cluster('b2', 105)], [row('a1', 106, { phase: 'failed' })]),
      0,
    );
    expect(changed(table, since, ofA)).toEqual(['a1 failed']);
    expect(fleetColumns(table, ofA)).toMatchObject({ names: ['a1', 'a2'], labels: { team: { values: ['a'] } } });
    expect(changed(table, since, ofApi)).toBe('reset');
    const both: Sight = { scopes: [{ ...teamA, applications: ['api'] }], application: null };
    expect(changed(table, since, both)).toBeNull();
    expect(fleetColumns(table, both).states).toEqual([0, 0]);
    expect(fleetColumns(table, { ...both, application: 'web' })).toMatchObject({ told: [0, 0], runs: [0, 0] });
    // One that leaves the scope is told of as it goes, and not any more after that.
    const there = { tick: table.now };
    table.take(reading(120, [cluster('a2', 115, { labels: { team: 'b' } })]), 0);
    expect(changed(table, there, ofA)).toBe('reset');
    const gone = { tick: table.now };
    table.take(reading(130, [cluster('a2', 125, { labels: { team: 'b' }, isHeld: true })]), 0);
    expect(changed(table, gone, ofA)).toBeNull();
  });

  it('remembers so many moves, and has everything read again by who missed more', () => {
    const table = filled();
    const before = { tick: table.now };
    const many = Array.from({ length: 1200 }, (_, index) => cluster(`z${index}`, 105));
    table.take(reading(110, many), 0);
    expect(changed(table, before, { scopes: [teamA], application: null })).toBe('reset');
    expect(changed(table, { tick: table.now })).toBeNull();
    expect(changed(table, { mark: 105 })).toBe('reset');
    expect(changed(table, { mark: 106 })).toBeNull();
  });

  it('takes nothing of a cluster that it does not know yet, and all of it with the next reading', () => {
    const table = filled();
    table.take(reading(110, [], [row('new', 105)]), 0);
    table.take(reading(120, [cluster('new', 105)], [row('new', 105)]), 0);
    expect(fleetColumns(table, everything)).toMatchObject({ names: ['a1', 'a2', 'b1', 'new'], states: [0, 0, 0, 0] });
  });
});
