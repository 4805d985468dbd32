import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { differences, OWNERSHIP } from './compare.js';

const make = (data: JsonObject, metadata: JsonObject = {}, rest: JsonObject = {}): JsonObject => ({
  kind: 'ConfigMap',
  metadata: { name: 'a', resourceVersion: '1', ...metadata },
  data,
  ...rest,
});

describe('what a dry-run would change', () => {
  it('is told as paths without values', () => {
    const paths = differences(make({ a: '1', l: [{ x: 1 }], gone: 'x' }), make({ a: '2', l: [{ x: 2 }], b: '1' }));
    expect([...paths].sort()).toEqual(['data.a', 'data.b', 'data.gone', 'data.l[0].x']);
  });

  it('is nothing where only status differs, or what the API server counts', () => {
    const live = make({ a: '1' }, { generation: 1 }, { status: { a: 1 } });
    const dryRun = make({ a: '1' }, { generation: 2, resourceVersion: '2' }, { status: { a: 2 } });
    expect(differences(live, dryRun)).toEqual([]);
  });

  it('is the ownership where the values are the same and are not ours yet', () => {
    const entry = { manager: 'flotilla', operation: 'Apply', fieldsV1: { 'f:data': {} } };
    expect(differences(make({ a: '1' }), make({ a: '1' }, { managedFields: [entry] }))).toEqual([OWNERSHIP]);
  });

  it('is bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`k${at}`, 'x']));
    expect(differences(make({}), make(many))).toHaveLength(20);
  });
});
