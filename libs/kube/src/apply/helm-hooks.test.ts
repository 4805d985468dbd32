import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import {
  beginRun,
  deletePoliciesOf,
  endStage,
  hooksOf,
  type HookRun,
  isHook,
  runMark,
  unknownHook,
} from './helm-hooks.js';

const object = (kind: string, name: string, annotations: Record<string, string>): JsonObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, annotations },
});
const hook = (kind: string, name: string, events: string, weight?: string): { readonly object: JsonObject } => ({
  object: object(kind, name, {
    'helm.sh/hook': events,
    ...(weight !== undefined && { 'helm.sh/hook-weight': weight }),
  }),
});

describe('hooks', () => {
  it('are told from what else there is, those that nobody runs here too', () => {
    const events = ['pre-install', 'post-upgrade, pre-install', 'Test', 'pre-delete', 'post-rollback'];
    expect(events.map((each) => isHook(hook('Job', 'a', each).object))).toEqual([true, true, true, true, true]);
    expect([isHook(object('Job', 'a', {})), isHook(hook('Job', 'a', 'crd-install').object)]).toEqual([false, false]);
    expect(unknownHook(hook('Job', 'a', 'pre-install,pre-instal').object)).toBe('pre-instal');
    expect(unknownHook(hook('Job', 'a', 'test-success,pre-upgrade').object)).toBeNull();
    expect(unknownHook(object('Job', 'a', {}))).toBeNull();
  });

  it('are run by weight, kind and name, and only at their event', () => {
    const hooks = [
      hook('Job', 'late', 'pre-install', '10'),
      hook('Widget', 'b', 'pre-install'),
      hook('Job', 'b', 'pre-install'),
      hook('Job', 'a', 'pre-install,post-install', 'no number'),
      hook('ConfigMap', 'z', 'pre-install', '0'),
      hook('Job', 'early', 'post-upgrade,pre-install', '-3'),
      hook('Job', 'other', 'pre-upgrade'),
    ];
    const names = (stage: 'pre' | 'post', event: 'install' | 'upgrade') =>
      hooksOf(hooks, stage, event).map((each) => (each.object['metadata'] as JsonObject)['name']);
    expect(names('pre', 'install')).toEqual(['early', 'z', 'a', 'b', 'b', 'late']);
    expect(names('post', 'install')).toEqual(['a']);
    expect(names('pre', 'upgrade')).toEqual(['other']);
    expect(names('post', 'upgrade')).toEqual(['early']);
  });

  it('are deleted before they are run again unless they say otherwise', () => {
    expect(deletePoliciesOf(object('Job', 'a', {}))).toEqual(['before-hook-creation']);
    const annotations = { 'helm.sh/hook-delete-policy': 'hook-succeeded, hook-failed' };
    expect(deletePoliciesOf(object('Job', 'a', annotations))).toEqual(['hook-succeeded', 'hook-failed']);
  });
});

describe('a run of hooks', () => {
  const hooks = [hook('Job', 'a', 'pre-install,pre-upgrade'), hook('Job', 'b', 'post-install')];
  const first = { digest: 'a'.repeat(64), generation: 1, hooks, wasApplied: false, isTakingBack: false };
  const next = { ...first, digest: 'b'.repeat(64), generation: 2, wasApplied: true };
  const installed: HookRun = { digest: first.digest, generation: 1, event: 'install', stage: 'done', ended: [] };
  const failed = { ref: { apiVersion: 'batch/v1', kind: 'Job', name: 'a' }, message: 'x' };

  it('is an installation as long as none was applied whole, hooks included', () => {
    const begun = beginRun(undefined, first);
    expect(begun).toEqual({ ...installed, stage: 'pre' });
    expect(beginRun(undefined, next)).toMatchObject({ event: 'upgrade' });
    expect(beginRun(installed, next)).toMatchObject({ event: 'upgrade', generation: 2, stage: 'pre' });
    expect(beginRun({ ...installed, stage: 'post', failed }, next)).toMatchObject({ event: 'install' });
  });

  it('goes on for the same bundle, whatever its generation, and begins anew where it failed and a newer one came', () => {
    const under: HookRun = { ...installed, stage: 'pre', ended: ['k'] };
    expect(beginRun(under, first)).toBe(under);
    expect(beginRun(under, { ...first, generation: 5 })).toBe(under);
    expect(beginRun(installed, { ...first, generation: 5, wasApplied: true })).toBe(installed);
    const broken = { ...under, failed };
    expect(beginRun(broken, first)).toBe(broken);
    expect(beginRun(broken, { ...first, generation: 5 })).toEqual({ ...installed, generation: 5, stage: 'pre' });
  });

  it('is none where there are no hooks, and is over at once where a release is taken back', () => {
    expect(beginRun(installed, { ...next, hooks: [] })).toBeUndefined();
    expect(beginRun(installed, { ...next, isTakingBack: true })).toMatchObject({ stage: 'done', digest: next.digest });
  });

  it('comes to its last stage where there is something to run in it, and marks what it makes', () => {
    const begun = { ...installed, stage: 'pre' as const, ended: ['k'], current: { key: 'k', uid: 'u' } };
    expect(endStage(begun, hooks)).toEqual({ ...installed, stage: 'post' });
    expect(endStage({ ...begun, event: 'upgrade' }, hooks)).toEqual({ ...installed, event: 'upgrade' });
    expect(endStage({ ...begun, stage: 'post' }, hooks)).toEqual(installed);
    expect(runMark(begun)).toBe(`${'a'.repeat(16)}.1.pre`);
    expect(runMark({ ...begun, stage: 'post' })).not.toBe(runMark(begun));
  });
});
