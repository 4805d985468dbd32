import { expect, it } from '@jest/globals';
import { assessObject, type JsonObject } from '#domain';
import { ApplicationRules } from './application-rules.js';

const DATABASE = 'example.org/Database';
const healthy = (expression: string, kind = DATABASE) => ({ kind, healthy: expression });
const database: JsonObject = {
  apiVersion: 'example.org/v1',
  kind: 'Database',
  metadata: { name: 'orders', generation: 1 },
  status: { ready: 3 },
};

it('judge by what was taken last, and name the kinds that are to be judged anew', async () => {
  const rules = new ApplicationRules();
  expect([...(await rules.take())]).toEqual([]);
  expect(rules.judgeOf(DATABASE)).toBeUndefined();
  const first = [healthy('object.status.ready == 3'), healthy('true', 'example.org/Cache')];
  expect(rules.differ(first)).toBe(true);
  expect([...(await rules.take(first))]).toEqual([DATABASE, 'example.org/Cache']);
  expect(rules.differ(first)).toBe(false);
  expect(assessObject(database, { rules: rules.judgeOf(DATABASE) ?? (() => null) }).reason).toBe('RuleHealthy');
  const second = [healthy('object.status.ready == 4'), healthy('true', 'example.org/Cache')];
  expect([...(await rules.take(second))]).toEqual([DATABASE]);
  expect(assessObject(database, { rules: rules.judgeOf(DATABASE) ?? (() => null) }).reason).toBe('RuleNotMet');
  expect([...(await rules.take([]))]).toEqual([DATABASE, 'example.org/Cache']);
  expect(rules.judgeOf(DATABASE)).toBeUndefined();
});

it('say nothing of a kind that health knows, nor of one that they do not name', async () => {
  const rules = new ApplicationRules();
  await rules.take([healthy('true', 'apps/Deployment'), healthy('true')]);
  expect(rules.judgeOf('apps/Deployment')).toBeUndefined();
  expect(rules.judgeOf('example.org/Other')).toBeUndefined();
  expect(rules.judgeOf(DATABASE)).toBeDefined();
});

it('are the same whatever order their fields come in', async () => {
  const rules = new ApplicationRules();
  await rules.take([{ kind: DATABASE, failed: 'false', healthy: 'true' }]);
  expect(rules.differ([{ healthy: 'true', kind: DATABASE, failed: 'false' }])).toBe(false);
});
