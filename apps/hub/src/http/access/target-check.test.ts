import { beforeEach, describe, expect, it } from '@jest/globals';
import { EVERYWHERE, type Role, type Scope } from '#domain';
import { ManualClock } from '#ports';
import { createFakeStore } from '#store';
import { RolloutReader } from '../rollout-reader.js';
import type { PermitTarget } from './permit.js';
import { Reach } from './reach.js';
import { TargetCheck } from './target-check.js';

const NOW = 1_700_000_000_000;
const team = (name: string, applications: readonly string[] | null = null): Scope => ({
  clusters: { matchLabels: { team: name } },
  applications,
});

describe('the check of what a route is about', () => {
  let check: TargetCheck;
  beforeEach(async () => {
    const store = createFakeStore();
    const clock = new ManualClock(NOW);
    check = new TargetCheck(store, new Reach(store), new RolloutReader(store, clock));
    for (const name of ['red', 'blue']) {
      await store.read.clusters.register({ uid: `uid-${name}`, name: `${name}-1`, labels: { team: name }, now: NOW });
      const placement = { selector: { matchLabels: { team: name } } };
      const spec = { source: `${name}-git`, path: 'apps', strategy: `${name}-way`, placement };
      await store.read.resources.put('Application', `${name}-web`, spec, NOW);
      await store.read.resources.put('Source', `${name}-git`, { url: 'https://git.example/apps.git' }, NOW);
    }
  });

  interface Asked {
    readonly scopes: readonly Scope[];
    readonly sees?: readonly Scope[];
    readonly role?: Role;
  }
  const outcome = async (target: PermitTarget, name: string, { scopes, sees = scopes, role = 'operator' }: Asked) => {
    try {
      await check.check({ scopes, sees }, role, target, { name, application: 'red-web' });
      return 'in';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  const cluster = { cluster: 'name' };
  const whole = { application: 'name', whole: true } as const;

  it('tells who may look, but not touch, that it is there', async () => {
    for (const [target, name] of [
      [cluster, 'red-1'],
      [whole, 'red-web'],
      [{ source: 'name' }, 'red-git'],
    ] as const) {
      expect(await outcome(target, name, { scopes: [team('blue', ['blue-*'])], sees: [EVERYWHERE] })).toBe(
        'out-of-scope',
      );
      expect(await outcome(target, name, { scopes: [team('blue', ['blue-*'])] })).toBe('not-found');
      expect(await outcome(target, name, { scopes: [EVERYWHERE] })).toBe('in');
    }
  });

  it('does not put the halves of two scopes together', async () => {
    const halves = [team('red', ['blue-*']), team('blue', ['red-*'])];
    expect(await outcome(cluster, 'red-1', { scopes: halves })).toBe('in');
    expect(await outcome({ cluster: 'name', whole: true }, 'red-1', { scopes: halves })).toBe('out-of-scope');
    expect(await outcome(whole, 'red-web', { scopes: halves })).toBe('partly-in-scope');
    const pair = { cluster: 'name', application: 'application' };
    expect(await outcome(pair, 'red-1', { scopes: halves, role: 'viewer' })).not.toBe('in');
    expect(await outcome('hub', '', { scopes: [{ ...EVERYWHERE, applications: ['*'] }] })).toBe('out-of-scope');
  });

  it('refuses names that nothing has before it looks', async () => {
    for (const name of ['', 'RED', 'a\u0000b', '\ud800', 'x'.repeat(300), '../red-1', ' red-1']) {
      expect(await outcome(cluster, name, { scopes: [EVERYWHERE] })).toBe('invalid');
    }
  });
});
