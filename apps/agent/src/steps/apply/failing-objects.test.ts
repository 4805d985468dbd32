import { describe, expect, it } from '@jest/globals';
import type { ApplyItem, ObjectError } from '#kube';
import { refKey } from '#kube';
import { FailingObjects } from './failing-objects.js';
import { holdBack } from './hold-back.js';

const timing = { retryMs: 1_000, retryMaxMs: 60_000, random: () => 0.5 };

function item(name: string, kind = 'ConfigMap', apiVersion = 'v1'): ApplyItem {
  const ref = { apiVersion, kind, namespace: 'shop', name };
  const path = { apiVersion, kind, namespaced: true, base: '/api/v1', plural: 'things' };
  const object = { apiVersion, kind, metadata: { name, namespace: 'shop' } };
  return { ref, key: refKey(ref), kind: path, object, digest: name };
}

function errorOf({ ref }: ApplyItem, retryAfterMs?: number): ObjectError {
  const told = { ref, reason: 'InternalError', message: 'a webhook is down', transient: true };
  return retryAfterMs === undefined ? told : { ...told, retryAfterMs };
}

const namesOf = (items: readonly ApplyItem[]): readonly string[] => items.map(({ ref }) => ref.name);

describe('an object that fails', () => {
  it('waits twice as long each time, up to a limit, and from the start again once it was well', () => {
    const failing = new FailingObjects(timing);
    const one = item('one');
    const waits = Array.from({ length: 9 }, () => {
      failing.note([errorOf(one)], 0);
      return failing.waitOf(one.key, 0);
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(failing.waitOf(one.key, 60_000)).toBe(0);
    failing.forget(one.key);
    failing.note([errorOf(one)], 0);
    expect(failing.waitOf(one.key, 0)).toBe(1_000);
  });

  it('waits for as long as the API server asks for, within reason, and keeps no other waiting', () => {
    const failing = new FailingObjects(timing);
    const [busy, bad, absurd] = [item('busy'), item('bad'), item('absurd')];
    expect(failing.note([errorOf(busy, 45_000), errorOf(bad), errorOf(absurd, 86_400_000)], 0)).toBe(true);
    expect([busy, bad, absurd].map(({ key }) => failing.waitOf(key, 0))).toEqual([45_000, 1_000, 600_000]);
    expect(failing.nextWait(0)).toBe(1_000);
    expect(failing.nextWait(5_000)).toBe(0);
    expect(failing.note([errorOf(bad)], 5_000)).toBe(false);
  });
});

describe('what is tried while objects that failed are left alone', () => {
  const settings = item('settings');
  const web = item('web', 'Deployment', 'apps/v1');
  const hook = item('hook', 'ValidatingWebhookConfiguration', 'admissionregistration.k8s.io/v1');
  const items = [hook, web, settings];
  const absent = (...gone: readonly ApplyItem[]) => {
    const keys = new Set(gone.map(({ key }) => key));
    return (key: string): boolean => keys.has(key);
  };

  it('is everything else where it was applied before', () => {
    const failing = new FailingObjects(timing);
    failing.note([errorOf(web)], 0);
    const held = holdBack(items, { failing, now: 0, again: true, isAbsent: absent() });
    expect(namesOf(held.tried)).toEqual(['hook', 'settings']);
    expect(held.errors).toEqual([errorOf(web)]);
    expect(held.suspects).toEqual([]);
  });

  it('is nothing of the stage of an object that could not be dry-run, nor of those after it', () => {
    const failing = new FailingObjects(timing);
    failing.note([errorOf(web)], 0);
    const held = holdBack(items, { failing, now: 0, again: false, isAbsent: absent(settings) });
    expect(held.tried).toEqual([]);
    expect(held.errors).toEqual([errorOf(web)]);
  });

  it('is the rest of the stage of an object that could not be made, and nothing of those after it', () => {
    const failing = new FailingObjects(timing);
    failing.note([errorOf(web)], 0);
    const held = holdBack(items, { failing, now: 0, again: false, isAbsent: absent(web, settings, hook) });
    expect(namesOf(held.tried)).toEqual(['settings']);
    expect(held.errors).toEqual([errorOf(web)]);
  });

  it('is at first what failed, once it may be tried again', () => {
    const failing = new FailingObjects(timing);
    failing.note([errorOf(web)], 0);
    const held = holdBack(items, { failing, now: 5_000, again: false, isAbsent: absent() });
    expect(namesOf(held.tried)).toEqual(['hook', 'web', 'settings']);
    expect(namesOf(held.suspects)).toEqual(['web']);
    expect(held.errors).toEqual([]);
  });
});
