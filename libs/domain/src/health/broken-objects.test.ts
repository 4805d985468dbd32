import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../json.js';
import { assessObject, troubleOf } from './assess-object.js';
import { presentPods } from './present-pods.js';
import { readFixtures } from './read-fixtures.suite.js';

const fixtures = readFixtures();
const STATUSES = ['healthy', 'progressing', 'suspended', 'failed', 'unknown'];
const garbage: readonly JsonValue[] = [null, '', 'x', -1, 1e21, true, [], {}, [null], { '': null }, [[{}]], 'True'];

/** Puts something else, or nothing, at the n-th place of an object. */
function broken(value: JsonValue, place: { left: number }, by: JsonValue | undefined): JsonValue | undefined {
  if (place.left-- === 0) return by;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each: JsonValue) => broken(each, place, by) ?? null);
  const entries = Object.entries(value as JsonObject).map(([key, each]) => [key, broken(each, place, by)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}

describe('an object that is broken in one place', () => {
  it('gets a verdict all the same, a bounded one, and is never healthy where its controller has not seen it', () => {
    const anything = fc.record({
      fixture: fc.constantFrom(...fixtures),
      place: fc.integer({ min: 1, max: 120 }),
      by: fc.constantFrom(undefined, ...garbage),
      sinceMs: fc.constantFrom(0, 20_000, 300_000),
    });
    fc.assert(
      fc.property(anything, ({ fixture, place, by, sinceMs }) => {
        const object = broken(fixture.object, { left: place }, by) as JsonObject;
        const pods = (fixture.context.pods ?? []).flatMap(({ pod }) => {
          const made = broken(pod, { left: place }, by);
          return [{ pod: made as JsonObject, sinceMs }];
        });
        const told = assessObject(object, { ...fixture.context, pods, sinceMs });
        expect(STATUSES).toContain(told.status);
        expect(told.message.length).toBeLessThanOrEqual(600);
        expect(['string', 'object']).toContain(typeof troubleOf(object));
        expect(presentPods(object, [object], [object]).length).toBeLessThanOrEqual(1);
        if (fixture.expect.reason === 'NotObserved' && JSON.stringify(object).includes('"apiVersion":"apps/v1"')) {
          const same = JSON.stringify(object['metadata']) === JSON.stringify(fixture.object['metadata']);
          if (same && object['kind'] === fixture.object['kind']) expect(told.status).not.toBe('healthy');
        }
      }),
      { numRuns: 2000, seed: 7 },
    );
  });
});
