import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { ownershipOf, pathsTaken, takeOverFields, takingByHand } from './managed-fields.js';

const entry = (manager: string, operation: string, fieldsV1: JsonObject, subresource?: string): JsonObject => ({
  manager,
  operation,
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...(subresource !== undefined && { subresource }),
});
const object = (...managedFields: JsonObject[]): JsonObject => ({ metadata: { name: 'a', managedFields } });
const ours = entry('flotilla', 'Apply', { 'f:data': { 'f:a': {} } });

const byHandOnly = takingByHand({}, null);
const ownedDigest = (each: JsonObject) => ownershipOf(each).owned;
const hasFieldsByHand = (each: JsonObject) => ownershipOf(each).byHand;
const isScaledByOthers = (each: JsonObject) => ownershipOf(each).scaled;

describe('the digest of what is ours', () => {
  it('stays the same whatever controllers write elsewhere, and whenever', () => {
    const status = entry('kube-controller-manager', 'Update', { 'f:status': {} }, 'status');
    const other = entry('sidecar-injector', 'Update', { 'f:spec': { 'f:x': {} } });
    expect(ownedDigest(object(ours, status, other))).toBe(
      ownedDigest(object({ ...ours, time: '2027-01-01T00:00:00Z' })),
    );
  });

  it('changes when a field is taken from us, when somebody writes by hand, and when we own nothing', () => {
    const digests = [
      object(ours),
      object(entry('flotilla', 'Apply', { 'f:data': {} })),
      object(ours, entry('kubectl-edit', 'Update', { 'f:data': { 'f:b': {} } })),
      object(),
    ].map(ownedDigest);
    expect(new Set(digests).size).toBe(4);
  });

  it('does not take a restart, or what goes through a subresource, for a hand at the fields', () => {
    expect(hasFieldsByHand(object(ours, entry('kubectl-rollout', 'Update', {})))).toBe(false);
    expect(hasFieldsByHand(object(ours, entry('kubectl', 'Update', {}, 'scale')))).toBe(false);
    expect(hasFieldsByHand(object(ours, entry('kubectl-client-side-apply', 'Update', {})))).toBe(true);
    expect(hasFieldsByHand(object(ours, entry('before-first-apply', 'Update', {})))).toBe(true);
  });
});

it('tells an autoscaler from a person at the scale subresource', () => {
  const scale = (manager: string) => entry(manager, 'Update', { 'f:spec': { 'f:replicas': {} } }, 'scale');
  expect(isScaledByOthers(object(scale('kube-controller-manager')))).toBe(true);
  expect(isScaledByOthers(object(scale('kubectl')))).toBe(false);
  expect(isScaledByOthers(object(ours))).toBe(false);
});

describe('taking fields over', () => {
  it('makes what was written by hand ours, and leaves the others theirs', () => {
    const byHand = entry('kubectl-edit', 'Update', { 'f:data': { 'f:b': {} } });
    const controller = entry('controller', 'Update', { 'f:status': {} }, 'status');
    expect(takeOverFields(object(ours, byHand, controller), byHandOnly)).toEqual([
      { ...ours, fieldsV1: { 'f:data': { 'f:a': {}, 'f:b': {} } } },
      controller,
    ]);
  });

  it('begins an entry of ours where there was none, and does nothing where nothing is by hand', () => {
    const taken = takeOverFields(
      object(entry('kubectl-client-side-apply', 'Update', { 'f:data': { 'f:b': {} } })),
      byHandOnly,
    );
    expect(taken).toHaveLength(1);
    expect(taken?.[0]).toMatchObject({
      manager: 'flotilla',
      operation: 'Apply',
      fieldsV1: { 'f:data': { 'f:b': {} } },
    });
    expect(takeOverFields(object(ours), byHandOnly)).toBeNull();
  });

  it('tells paths, and of lists neither keys nor values', () => {
    const fields = {
      'f:spec': { 'f:env': { 'k:{"name":"PASSWORD"}': { '.': {}, 'f:value': {} } } },
      'f:data': { 'f:x': {} },
    };
    expect(pathsTaken(object(entry('kubectl-edit', 'Update', fields)), byHandOnly)).toEqual([
      'spec.env[].value',
      'data.x',
    ]);
  });
});
