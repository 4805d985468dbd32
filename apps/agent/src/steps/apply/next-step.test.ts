import { expect, it } from '@jest/globals';
import type { ManifestApplication } from '#domain';
import { ApplicationRules } from './application-rules.js';
import type { HeldBundle } from './held-bundle.js';
import { nextStep, type Situation } from './next-step.js';
import { WorkerState } from './worker-state.js';

const health = [{ kind: 'example.org/Database', healthy: 'true' }];

function situation(assignment: Partial<ManifestApplication>, rules = new ApplicationRules()): Situation {
  const state = new WorkerState();
  state.held = { assignment } as unknown as HeldBundle;
  state.sync = { kind: 'applied' };
  const inventory = { surplusCount: 0, isStale: () => false, hasFinishedSince: () => false };
  const objects = { unhealthy: () => [], rules, completed: () => new Map<string, string>() };
  const hooks = { isLastDue: () => false };
  return { state, drift: { isDirty: false }, objects, inventory, hooks, isInstant: false };
}

it('goes by other rules of health once, also while the application is halted', async () => {
  const rules = new ApplicationRules();
  expect(nextStep(situation({ health }, rules))?.kind).toBe('judge');
  expect(nextStep(situation({ health, halted: true }, rules))?.kind).toBe('judge');
  await rules.take(health);
  expect(nextStep(situation({ health }, rules))).toBeNull();
  expect(nextStep(situation({ health, halted: true }, rules))).toBeNull();
  expect(nextStep(situation({}, rules))?.kind).toBe('judge');
});

it('has no rules for an agent that judges nothing', () => {
  expect(nextStep({ ...situation({ health }), isInstant: true })).toBeNull();
});
