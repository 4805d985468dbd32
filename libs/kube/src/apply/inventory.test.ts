import { describe, expect, it } from '@jest/globals';
import { type InventoryEntry, planPrune, unionInventory } from './inventory.js';
import { refKey } from './object-ref.js';

const entry = (kind: string, name: string, apiVersion = 'v1'): InventoryEntry => ({
  apiVersion,
  kind,
  namespace: 'shop',
  name,
});

describe('the inventory', () => {
  it('holds old and new once each, as the new one names it, and remembers what ran to its end', () => {
    const old = [
      entry('ConfigMap', 'a'),
      { ...entry('Job', 'j', 'batch/v1'), completed: 'd1' },
      entry('Ingress', 'i', 'networking.k8s.io/v1beta1'),
    ];
    const next = [entry('Job', 'j', 'batch/v1'), entry('Ingress', 'i', 'networking.k8s.io/v1'), entry('Secret', 's')];
    expect(unionInventory(old, next)).toEqual([
      entry('ConfigMap', 'a'),
      { ...entry('Job', 'j', 'batch/v1'), completed: 'd1' },
      entry('Ingress', 'i', 'networking.k8s.io/v1'),
      entry('Secret', 's'),
    ]);
  });

  it('is pruned of what the bundle lacks, in reverse of the order of application, kind by kind', () => {
    const all = [
      entry('Namespace', 'n'),
      entry('ConfigMap', 'a'),
      entry('ConfigMap', 'b'),
      entry('Deployment', 'd', 'apps/v1'),
      entry('Service', 'kept'),
    ];
    const groups = planPrune(all, new Set([refKey(entry('Service', 'kept'))]));
    expect(groups.map((group) => group.map(({ name }) => name))).toEqual([['d'], ['b', 'a'], ['n']]);
    expect(planPrune(all, new Set(all.map(refKey)))).toEqual([]);
  });
});
