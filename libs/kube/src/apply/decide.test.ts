import { describe, expect, it } from '@jest/globals';
import { apiError } from './api-error.js';
import { firstStep, hasDrifted, immutableHint, mayRecreate, ownershipRefusal, withoutReplicas } from './decide.js';
import type { LiveState } from './live-state.js';

const live: LiveState = {
  resourceVersion: 1,
  createdAt: '2026-11-21T00:00:00Z',
  generation: 1,
  uid: 'u',
  application: 'shop',
  owned: 'o1',
  scaled: false,
  byHand: false,
};
const verified = { desired: 'd1', owned: 'o1' };

describe('the first step towards an object', () => {
  it.each([
    ['nothing, when both fingerprints stand', { live, verified }, 'd1', false, 'nothing'],
    ['a look, when it was never seen', { live: undefined }, 'd1', false, 'look'],
    ['a look, when it seems to be absent: it may have lost our label', { live: null }, 'd1', false, 'look'],
    ['a write, when Git changed it and nobody else', { live, verified }, 'd2', false, 'write'],
    [
      'a look, when somebody changed a field of ours',
      { live: { ...live, owned: 'o2' }, verified },
      'd1',
      false,
      'look',
    ],
    ['a look, when somebody wrote by hand', { live: { ...live, byHand: true }, verified }, 'd2', false, 'look'],
    [
      'a look, when another application has it now',
      { live: { ...live, application: 'b' }, verified },
      'd2',
      false,
      'look',
    ],
    ['a look, when nothing was made sure of', { live }, 'd1', false, 'look'],
    ['a look, when everything is verified', { live, verified }, 'd1', true, 'look'],
    ['nothing, when a finished Job is gone', { live: null, completed: true }, 'd1', false, 'nothing'],
  ] as const)('is %s', (_what, known, desired, force, step) => {
    expect(firstStep(known, desired, 'shop', force)).toBe(step);
  });

  it('knows drift from what was never made sure of', () => {
    expect(hasDrifted({ live, verified })).toBe(false);
    expect(hasDrifted({ live: { ...live, owned: 'o2' }, verified })).toBe(true);
    expect(hasDrifted({ live: null, verified })).toBe(true);
    expect(hasDrifted({ live: null, verified, completed: true })).toBe(false);
    expect(hasDrifted({ live })).toBe(false);
  });
});

describe('ownership', () => {
  const labelled = (application?: string) => ({
    metadata: { name: 'a', ...(application !== undefined && { labels: { 'flotilla.dev/application': application } }) },
  });

  it("refuses another application's object unless Git says that it is taken over", () => {
    expect(ownershipRefusal(labelled('other'), labelled('shop'), 'shop')).toContain('other');
    expect(ownershipRefusal(labelled('shop'), labelled('shop'), 'shop')).toBeNull();
    expect(ownershipRefusal(labelled(), labelled('shop'), 'shop')).toBeNull();
    const adopting = { metadata: { name: 'a', annotations: { 'flotilla.dev/adopt': 'enabled' } } };
    expect(ownershipRefusal(labelled('other'), adopting, 'shop')).toBeNull();
  });
});

describe('immutable fields', () => {
  const refusal = (...messages: string[]) =>
    apiError({
      status: 422,
      body: {
        message: messages.join(', '),
        reason: 'Invalid',
        details: { causes: messages.map((message) => ({ message, field: 'spec' })) },
      },
    });
  const asking = (apiVersion: string, kind: string) => ({
    apiVersion,
    kind,
    metadata: { name: 'a', annotations: { 'flotilla.dev/recreate': 'enabled' } },
  });

  it('are reason to make an object anew only where it asks, and nothing else is wrong', () => {
    const immutable = 'Invalid value: {}: field is immutable';
    expect(mayRecreate(refusal(immutable), asking('batch/v1', 'Job'))).toBe(true);
    expect(mayRecreate(refusal(immutable), { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a' } })).toBe(
      false,
    );
    expect(mayRecreate(refusal(immutable, 'Required value'), asking('batch/v1', 'Job'))).toBe(false);
    expect(immutableHint(refusal(immutable))).toContain('flotilla.dev/recreate: enabled');
    expect(immutableHint(refusal('Required value'))).toBe('');
  });

  it.each([
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
    ['v1', 'Namespace'],
    ['v1', 'PersistentVolumeClaim'],
  ])('never delete a %s %s, with all that is in it', (apiVersion, kind) => {
    expect(mayRecreate(refusal('field is immutable'), asking(apiVersion, kind))).toBe(false);
  });
});

it('leaves replicas to an autoscaler by not naming them', () => {
  expect(withoutReplicas({ kind: 'Deployment', spec: { replicas: 3, paused: false } })).toEqual({
    kind: 'Deployment',
    spec: { paused: false },
  });
  const without = { kind: 'ConfigMap', data: {} };
  expect(withoutReplicas(without)).toBe(without);
});
