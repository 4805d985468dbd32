import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { apiError } from './api-error.js';
import { takingClashes } from './clashing-entries.js';
import { ignoredOf } from './ignore-rules.js';
import { pathsTaken, takeOverFields, takingByHand } from './managed-fields.js';

const duplicate = (field: string) =>
  apiError({
    status: 422,
    body: {
      message: 'Invalid',
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueDuplicate', field, message: 'Duplicate value: "http"' }] },
    },
  });
const entry = (manager: string, fieldsV1: JsonObject): JsonObject => ({ manager, operation: 'Update', fieldsV1 });
const item = (...names: string[]): JsonObject => Object.fromEntries(['.', ...names].map((name) => [name, {}]));
const port = (number: number) => `k:{"port":${number},"protocol":"TCP"}`;

const desired: JsonObject = { spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }] } };
const live = (...managedFields: JsonObject[]): JsonObject => ({
  metadata: { managedFields },
  spec: {
    ports: [
      { name: 'http', port: 81, protocol: 'TCP' },
      { name: 'metrics', port: 9090, protocol: 'TCP' },
    ],
  },
});
const theirs = entry('mover', {
  'f:spec': {
    'f:sessionAffinity': {},
    'f:ports': { [port(81)]: item('f:name', 'f:port'), [port(9090)]: item('f:name', 'f:port') },
  },
});

describe('a value that is there twice', () => {
  it('is mended by taking the entry that clashes, and nothing else of whoever put it there', () => {
    const taking = takingClashes(duplicate('spec.ports[1].name'), desired, live(theirs));
    expect(taking).not.toBeNull();
    if (taking === null) return;
    const fields = takeOverFields(live(theirs), taking);
    expect(fields).toEqual([
      {
        manager: 'flotilla',
        operation: 'Apply',
        fieldsV1: { 'f:spec': { 'f:ports': { [port(81)]: item('f:name', 'f:port') } } },
      },
      entry('mover', {
        'f:spec': { 'f:sessionAffinity': {}, 'f:ports': { [port(9090)]: item('f:name', 'f:port') } },
      }),
    ]);
  });

  it('of another field, or of another kind of refusal, is none of ours to mend', () => {
    const other = takingClashes(duplicate('spec.clusterIPs[0]'), desired, live(theirs));
    expect(other !== null && takeOverFields(live(theirs), other)).toBeNull();
    const quoted = takingClashes(duplicate('metadata.annotations[a/b].x'), desired, live(theirs));
    expect(quoted).toBeNull();
    expect(takingClashes(apiError({ status: 403, body: {} }), desired, live(theirs))).toBeNull();
  });
});

describe('what was written by hand', () => {
  const byHand = entry('kubectl-edit', { 'f:data': { '.': {}, 'f:tuned': {}, 'f:colour': {} } });
  const object: JsonObject = { metadata: { managedFields: [byHand] }, data: { tuned: '1', colour: 'red' } };
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'settings' };
  const rule = (...jsonPointers: string[]) => ignoredOf(ref, [{ kind: 'ConfigMap', jsonPointers }]);

  it('is taken over but for what is ignored, which stays theirs', () => {
    const taking = takingByHand({ data: { colour: 'blue' } }, rule('/data/tuned'));
    expect(pathsTaken(object, taking)).toEqual(['data.colour']);
    expect(takeOverFields(object, taking)).toEqual([
      { manager: 'flotilla', operation: 'Apply', fieldsV1: { 'f:data': { '.': {}, 'f:colour': {} } } },
      entry('kubectl-edit', { 'f:data': { '.': {}, 'f:tuned': {} } }),
    ]);
  });

  it('is left alone where all of it is ignored, or its manager is', () => {
    expect(takeOverFields(object, takingByHand({}, rule('/data/*')))).toBeNull();
    const managers = ignoredOf(ref, [{ kind: '*', managers: ['kubectl-edit'] }]);
    expect(takeOverFields(object, takingByHand({}, managers))).toBeNull();
  });
});
