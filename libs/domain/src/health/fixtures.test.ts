import { describe, expect, it } from '@jest/globals';
import { assessObject } from './assess-object.js';
import { kindKeyOf } from './conditions.js';
import { KIND_RULES } from './kind-rules.js';
import { readFixtures } from './read-fixtures.suite.js';

const fixtures = readFixtures();
const kinds = [...new Set(fixtures.map(({ kind }) => kind))];

/** What a kind can be, where that is not healthy, progressing and failed. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['healthy', 'progressing', 'failed', 'suspended'],
  '/Pod': ['healthy', 'progressing', 'failed', 'unknown'],
  'batch/Job': ['healthy', 'progressing', 'failed', 'suspended'],
  // Between two runs it waits for nothing, and a run is the job's business.
  'batch/CronJob': ['healthy', 'failed', 'suspended'],
  '/Service': ['healthy', 'progressing'],
  'networking.k8s.io/Ingress': ['healthy', 'progressing'],
  '/PersistentVolumeClaim': ['healthy', 'progressing', 'failed', 'suspended'],
  'autoscaling/HorizontalPodAutoscaler': ['healthy', 'progressing', 'failed', 'suspended'],
  // Its server may come at any time: the wave's deadline ends the waiting.
  'apiregistration.k8s.io/APIService': ['healthy', 'progressing'],
  '/Namespace': ['healthy', 'progressing'],
  '/ConfigMap': ['healthy', 'progressing'],
  'example.org/Database': ['healthy', 'progressing', 'failed', 'suspended', 'unknown'],
};
const USUAL = ['healthy', 'progressing', 'failed'];

describe.each(kinds)('%s', (folder) => {
  const some = fixtures.filter(({ kind }) => kind === folder);
  it.each(some.map((fixture) => [fixture.name, fixture.expect.shows, fixture] as const))(
    '%s: %s',
    (name, _, fixture) => {
      const { expect: wanted, object, context } = fixture;
      expect(assessObject(object, context)).toEqual({
        status: wanted.health,
        reason: wanted.reason,
        message: wanted.message,
      });
      expect(name.split('-')[0]).toBe(wanted.health);
    },
  );
});

describe('the fixtures', () => {
  it.each([...Object.keys(KIND_RULES), '/ConfigMap', 'example.org/Database'])(
    'show every verdict that %s can get',
    (key) => {
      const some = fixtures.filter(({ object }) => kindKeyOf(object) === key);
      expect([...new Set(some.map(({ expect: { health } }) => health))].sort()).toEqual(
        [...(CASES[key] ?? USUAL)].sort(),
      );
    },
  );

  it('stand in a folder named as their kind', () => {
    for (const { kind, object } of fixtures) expect(kind).toBe(kindKeyOf(object).replace(/.*\//, '').toLowerCase());
  });

  it('say why we differ from others where we do, and nowhere else', () => {
    for (const { kind, name, expect: wanted } of fixtures) {
      const others = [MEANING[wanted.argocd], MEANING[wanted.kstatus]];
      expect(others).not.toContain(undefined);
      const differs = others.some((each) => each !== wanted.health);
      expect({ fixture: `${kind}/${name}`, why: wanted.differs !== undefined }).toEqual({
        fixture: `${kind}/${name}`,
        why: differs,
      });
    }
  });
});

/** Others' words in ours. An object of which Argo CD says nothing counts nothing in its application, as a healthy one does. */
const MEANING: Readonly<Record<string, string>> = {
  Healthy: 'healthy',
  '-': 'healthy',
  Progressing: 'progressing',
  Degraded: 'failed',
  Suspended: 'suspended',
  Unknown: 'unknown',
  Current: 'healthy',
  InProgress: 'progressing',
  Terminating: 'progressing',
  Failed: 'failed',
};
