import { describe, expect, it } from '@jest/globals';
import type { FleetCells } from '#contract';
import { CELL_STATES } from '#domain/cell-state';
import { parseFilter, withRequirement } from './fleet-filter.js';
import { FleetModel } from './fleet-model.js';
import { select, selectionOf } from './fleet-selection.js';

const words = ['healthy', 'failed', 'offline', 'progressing', 'none'] as const;
const cells: FleetCells = {
  id: '1',
  at: '2030-01-01T00:00:00.000Z',
  application: 'web',
  names: ['ams-1', 'ams-2', 'fra-1', 'fra-2', 'lab-1'],
  states: words.map((word) => CELL_STATES.indexOf(word)),
  labels: {
    env: { values: ['prod', 'dev'], of: [0, 0, 0, 1, -1] },
    region: { values: ['ams', 'fra'], of: [0, 0, 1, 1, -1] },
  },
  facts: { nodes: { values: ['3', '12'], of: [0, 1, 1, 0, -1] } },
  runs: [4, 3, 2, 3, 0],
  told: [4, 4, 4, 4, 0],
};

function picked(text: string, of: FleetCells = cells): readonly string[] {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.message);
  const model = new FleetModel(of);
  const into = new Int32Array(model.size);
  const many = select(model, selectionOf(model, parsed.filter).picks, into);
  return [...into.subarray(0, many)].map((place) => model.names[place] ?? '');
}

describe('the fleet filter', () => {
  it.each<readonly [string, readonly string[]]>([
    ['', ['ams-1', 'ams-2', 'fra-1', 'fra-2', 'lab-1']],
    ['env=prod', ['ams-1', 'ams-2', 'fra-1']],
    ['env!=prod', ['fra-2', 'lab-1']],
    ['env', ['ams-1', 'ams-2', 'fra-1', 'fra-2']],
    ['!env', ['lab-1']],
    ['region in (fra,ams),env=prod', ['ams-1', 'ams-2', 'fra-1']],
    ['region notin (fra)', ['ams-1', 'ams-2', 'lab-1']],
    ['fact.nodes=12', ['ams-2', 'fra-1']],
    ['state=failed', ['ams-2']],
    ['state != healthy', ['ams-2', 'fra-1', 'fra-2', 'lab-1']],
    ['state in (failed, offline)', ['ams-2', 'fra-1']],
    ['state notin (failed,offline,none)', ['ams-1', 'fra-2']],
    ['release=3', ['ams-2', 'fra-2']],
    ['release<4', ['ams-2', 'fra-1', 'fra-2']],
    ['release>=3', ['ams-1', 'ams-2', 'fra-2']],
    ['release!=3', ['ams-1', 'fra-1', 'lab-1']],
    ['release in (2, 4)', ['ams-1', 'fra-1']],
    ['told=4,release=2', ['fra-1']],
    ['name~FRA', ['fra-1', 'fra-2']],
    ['name!~-1', ['ams-2', 'fra-2']],
    ['name~fra, state=offline , env=prod', ['fra-1']],
  ])('reads "%s"', (text, names) => {
    expect(picked(text)).toEqual(names);
  });

  it.each<readonly [string, string]>([
    ['env in (prod', 'A "(" is never closed: write key in (a,b).'],
    ['env) in', 'A ")" has no "(" before it: write key in (a,b).'],
    ['env=prod,,tier=1', 'There is a comma too many'],
    ['env=prod,', 'There is a comma too many'],
    ['state=broken', '"broken" is no state: it is one of healthy, progressing'],
    ['state=', 'A state is missing: it is one of'],
    ['state', 'write state=failed'],
    ['release=new', '"new" is no release: releases are numbers, such as release=12.'],
    ['release~3', 'write release=12, release<12 or release in (11,12).'],
    ['region~fra', '~ is for names alone: write name~text, or region=value.'],
    ['region<fra', '< is for releases alone'],
    ['name~', 'write a part of the name'],
    ['region is fra', 'write key=value'],
    ['region=f$a', 'that no label can have'],
    ['x'.repeat(2001), 'shorten it'],
  ])('says of "%s" what to write', (text, message) => {
    const parsed = parseFilter(text);
    expect(parsed.ok ? '' : parsed.message).toContain(message);
  });

  it('says of a key or a value that no cluster has which one is meant perhaps', () => {
    const notes = (text: string, of: FleetCells = cells): readonly string[] => {
      const parsed = parseFilter(text);
      return parsed.ok ? selectionOf(new FleetModel(of), parsed.filter).notes : [parsed.message];
    };
    expect(notes('regoin=ams')).toEqual(['No cluster has a label "regoin": is it "region"?']);
    expect(notes('region=fta')).toEqual(['No cluster has region=fta: is it "fra"?']);
    expect(notes('nodes=3')).toEqual(['No cluster has a label "nodes", but there is a fact: write fact.nodes.']);
    expect(notes('name=ams-1')[0]).toContain('name~text');
    expect(notes('env=prod')).toEqual([]);
    const { runs, told, application, ...all } = cells;
    expect(notes('release=3', all)[0]).toContain('choose an application');
    expect(picked('release=3', all)).toEqual([]);
    expect([runs?.length, told?.length, application]).toEqual([5, 5, 'web']);
  });

  it('knows whether what it picks changes as cells do', () => {
    const follows = (text: string): boolean => {
      const parsed = parseFilter(text);
      return parsed.ok && selectionOf(new FleetModel(cells), parsed.filter).followsCells;
    };
    expect([follows('env=prod'), follows('name~a'), follows('state=failed'), follows('release<4')]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('takes one more requirement, in the place of one with the same key', () => {
    expect(withRequirement('', 'region', 'fra')).toBe('region=fra');
    expect(withRequirement('env=prod,region in (a,b)', 'region', 'fra')).toBe('env=prod,region=fra');
    expect(withRequirement('!region', 'region', undefined)).toBe('!region');
    expect(withRequirement('state=failed', 'region', '')).toBe('state=failed,region=');
  });
});
