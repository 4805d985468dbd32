import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../json.js';
import { assessObject } from './assess-object.js';
import type { HealthRule } from './health-rule.js';
import { healthRuleProblem, judgeByRules } from './judge-by-rules.js';

const KIND = 'example.org/Database';
const database = (status: JsonValue, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Database',
  metadata: { name: 'orders', generation: 1, managedFields: [{ manager: 'flotilla' }] },
  spec,
  status,
});
const judge = (rule: Omit<HealthRule, 'kind'>, object: JsonObject) =>
  assessObject(object, {
    rules: judgeByRules([
      { kind: 'example.org/Other', failed: 'true' },
      { kind: KIND, ...rule },
    ]),
  });
const list = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);

describe('a rule for a custom resource', () => {
  it('counts for its own group and kind alone', () => {
    const rules = judgeByRules([{ kind: KIND, failed: 'true' }]);
    expect(assessObject(database({}), { rules }).status).toBe('failed');
    expect(assessObject({ ...database({}), apiVersion: 'other.example.org/v1' }, { rules }).status).toBe('healthy');
  });

  it('is asked whether it failed first, then suspended, progressing and healthy', () => {
    const all = { failed: 'object.status.n < 1', suspended: 'object.status.n < 2', progressing: 'object.status.n < 3' };
    const told = [0, 1, 2, 3, 4].map((n) => judge({ ...all, healthy: 'object.status.n < 4' }, database({ n })).status);
    expect(told).toEqual(['failed', 'suspended', 'progressing', 'healthy', 'progressing']);
  });

  it('leaves the rest to the common rules where it does not say what healthy is', () => {
    const ready = { conditions: [{ type: 'Ready', status: 'True' }], phase: 'Up' };
    const rule = { failed: 'object.status.phase == "Broken"' };
    expect(judge(rule, database(ready))).toMatchObject({ status: 'healthy', reason: 'Ready' });
    expect(judge(rule, database({ ...ready, phase: 'Broken' }))).toMatchObject({
      status: 'failed',
      reason: 'RuleFailed',
    });
  });

  it('does not speak for an object that goes, an older copy or a generation that nobody has looked at', () => {
    const rules = judgeByRules([{ kind: KIND, healthy: 'true' }]);
    const gone = { ...database({}), metadata: { name: 'orders', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(assessObject(gone, { rules }).reason).toBe('Terminating');
    expect(assessObject(database({}), { rules, generation: 2 }).reason).toBe('Stale');
    expect(assessObject(database({ observedGeneration: 0 }), { rules }).reason).toBe('NotObserved');
  });

  it('compares and counts in whole numbers and in decimals', () => {
    const object = database({ ready: 3, ratio: 0.5, big: 2 ** 60 }, { replicas: 4 });
    const holds = (healthy: string): string => judge({ healthy }, object).status;
    expect(holds('object.spec.replicas - object.status.ready == 1')).toBe('healthy');
    expect(holds('object.status.ready + 1 == object.spec.replicas && object.status.ready % 2 == 1')).toBe('healthy');
    expect(holds('object.status.ratio < 1.0 && object.status.ratio < 1')).toBe('healthy');
    expect(holds('object.status.big > 1.0')).toBe('healthy');
    expect(holds('object.?status.?nothing.orValue(7) == 7')).toBe('healthy');
  });

  it.each([
    ['a field that is not there', { healthy: 'object.status.nothing == 1' }, 'No such key: nothing'],
    ['what is neither true nor false', { healthy: 'object.status.phase' }, 'it says neither true nor false'],
    ['what cannot be added', { failed: 'object.status.phase + 1 == 2' }, 'no such overload'],
    ['what is no CEL', { healthy: 'object.status.phase ==' }, 'must be CEL over object'],
    ['what may take for ever', { healthy: 'object.status.phase.matches("(a+)+$")' }, 'must not use matches'],
  ])('says unknown and never healthy of %s', (_what, rule, why) => {
    const told = judge(rule, database({ phase: 'Up' }));
    expect(told).toMatchObject({ status: 'unknown', reason: 'RuleError' });
    expect(told.message).toContain(why);
    expect(told.message).toContain(KIND);
  });

  it('says unknown of what can be no rule also while there is no status, which no status would mend', () => {
    const { status: _status, ...fresh } = database({});
    expect(judge({ healthy: 'object.status.phase ==' }, fresh)).toMatchObject({
      status: 'unknown',
      reason: 'RuleError',
    });
  });

  it('of two for the same kind counts once, the first', () => {
    const rules = judgeByRules([
      { kind: KIND, failed: 'true' },
      { kind: KIND, healthy: 'true' },
    ]);
    expect(assessObject(database({}), { rules }).status).toBe('failed');
  });

  it('waits where there is no status yet to be looked at', () => {
    const { status: _status, ...fresh } = database({});
    expect(judge({ healthy: 'object.status.phase == "Up"' }, fresh)).toMatchObject({
      status: 'progressing',
      reason: 'NotObserved',
    });
  });

  it('says its message beside the verdict, and a message that fails changes none', () => {
    const object = database({ phase: 'Up' });
    expect(judge({ healthy: 'true', message: '"phase " + object.status.phase' }, object).message).toBe('phase Up');
    const told = judge({ healthy: 'true', message: 'object.status.nothing' }, object);
    expect(told).toMatchObject({ status: 'healthy', message: expect.stringContaining('No such key: nothing') });
    expect(judge({ healthy: 'true', message: 'object.status' }, object).message).toContain('it says no text');
    expect(judge({ healthy: 'false' }, object).message).toBe(`the rule healthy of ${KIND} is not met`);
  });

  it.each([
    [
      'too many values',
      { lists: list(150), more: Object.fromEntries(list(140).map((n) => [n, list(150)])) },
      'more than 20000 values',
    ],
    ['too deep an object', list(70).reduce<JsonValue>((deep) => ({ deep }), 1), 'more than 60 levels deep'],
  ])('says unknown of %s', (_what, status, why) => {
    const told = judge({ healthy: 'true' }, database(status));
    expect(told).toMatchObject({ status: 'unknown', reason: 'ObjectTooLarge' });
    expect(told.message).toContain(why);
  });

  it('says unknown where its loops would go over too much, and looks at the same object without a loop', () => {
    const object = database({ list: list(2000) });
    const told = judge({ healthy: 'object.status.list.all(a, a >= 0)' }, object);
    expect(told).toMatchObject({ status: 'unknown', reason: 'ObjectTooLarge' });
    expect(told.message).toContain('its longest list has 2000 entries');
    expect(judge({ healthy: 'object.status.list.size() == 2000' }, object).status).toBe('healthy');
    const fewer = database({ list: list(900) });
    expect(judge({ healthy: 'object.status.list.all(a, a >= 0)' }, fewer).status).toBe('healthy');
    const nested = 'object.status.list.all(a, object.status.list.exists(b, a == b))';
    expect(judge({ healthy: nested }, fewer).reason).toBe('ObjectTooLarge');
  });

  it('sees long texts cut, and no managed fields', () => {
    const object = database({ text: 'x'.repeat(5000) });
    expect(judge({ healthy: 'object.status.text.size() == 1024' }, object).status).toBe('healthy');
    expect(judge({ healthy: '!has(object.metadata.managedFields)' }, object).status).toBe('healthy');
  });

  it.each([
    [
      'many small steps',
      `object.status.l.all(a, object.status.l.all(b, ${'a < b || '.repeat(15)}a >= b))`,
      { l: list(95) },
    ],
    [
      'few steps that each compare all there is',
      `object.status.l.all(a, object.status.l.all(b, ${'object.status.m == object.status.n && '.repeat(8)}true))`,
      { l: list(25), m: list(25).map(() => list(25)), n: list(25).map(() => list(25)) },
    ],
  ])('takes no longer than two seconds for the costliest that it may do: %s', (_what, healthy, status) => {
    const rule: HealthRule = { kind: KIND, healthy };
    expect(healthRuleProblem(rule)).toBeNull();
    const started = process.cpuUsage();
    expect(judge(rule, database(status)).status).toBe('healthy');
    // Its own time: the machine may be busy with others.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
  });
});

describe('a declared rule', () => {
  it.each<[string, HealthRule]>([
    ['by one expression', { kind: 'cert-manager.io/Certificate', healthy: 'object.status.revision > 0' }],
    [
      'by conditions',
      { kind: KIND, healthy: 'object.status.conditions.exists(c, c.type == "Ready" && c.status == "True")' },
    ],
    [
      'by lists in lists',
      { kind: KIND, failed: 'object.status.parents.exists(p, p.conditions.exists(c, c.status == "False"))' },
    ],
    [
      'by all it may use',
      {
        kind: KIND,
        suspended: '[1, 2].size() == 2 && {"a": 1}.a == 1 && (has(object.spec.a) ? !object.spec.a : true)',
        message: '"x"',
      },
    ],
  ])('is taken: %s', (_what, rule) => {
    expect(healthRuleProblem(rule)).toBeNull();
  });

  it.each<[string, Partial<HealthRule>, string]>([
    [
      'no group',
      { kind: 'Database', healthy: 'true' },
      'kind must be a group and a kind, such as cert-manager.io/Certificate',
    ],
    [
      'a kind of ours',
      { kind: 'apps/Deployment', healthy: 'true' },
      'kind must be a custom resource: apps/Deployment has rules of its own',
    ],
    ['no expression', { message: '"x"' }, 'healthy, failed, progressing or suspended must be given'],
    ['an empty one', { failed: ' ' }, 'failed must be CEL over object, such as object.status.phase == "Ready"'],
    ['a long one', { failed: `true${' || true'.repeat(100)}` }, 'failed must have at most 500 characters'],
    ['one that does not parse', { progressing: 'object.' }, 'progressing must be CEL over object'],
    ['an unknown name', { healthy: 'self.status.ready' }, 'Unknown variable: self'],
    [
      'a number',
      { healthy: '1 + 1' },
      'healthy must be true or false, as object.status.phase == "Ready" is, and is int',
    ],
    [
      'a message that is none',
      { healthy: 'true', message: '1 == 1' },
      'message must be a text, as object.status.message is, and is bool',
    ],
    ['a pattern', { healthy: 'object.spec.a.matches("(a+)+")' }, 'healthy must not use matches'],
    [
      'a pattern behind a comment',
      { healthy: 'object.spec.a.matches // really\n ("(a+)+")' },
      'healthy must not use matches',
    ],
    [
      'a name for something that doubles',
      { healthy: 'cel.bind(x, "aa", cel.bind(y, x + x, y == y))' },
      'healthy must not use bind',
    ],
    ['a list made of a list', { healthy: 'object.spec.a.map(x, x).size() > 0' }, 'healthy must not use map'],
    [
      'three loops inside one another',
      { healthy: 'object.a.all(x, x.all(y, y.all(z, z)))' },
      'healthy must not have more than 2 loops inside one another',
    ],
    [
      'five loops',
      { healthy: Array.from({ length: 5 }, () => 'object.a.all(x, x)').join(' && ') },
      'healthy must not have more than 4 of',
    ],
    ['sums in a loop', { healthy: 'object.a.all(x, x + x == x)' }, 'healthy must not add within a loop'],
    [
      'too many parts',
      { healthy: Array.from({ length: 60 }, () => '1==1').join('&&') },
      'healthy must be CEL over object',
    ],
  ])('is refused with the field and the mend: %s', (_what, rule, why) => {
    expect(healthRuleProblem({ kind: KIND, ...rule })).toContain(why);
  });
});
