import { describe, expect, it } from '@jest/globals';
import type { TreeNode } from '#contract';
import { allOwners, ownersOfWhatIsOff, treeCounts, treeRows, treeStep } from './tree-rows.js';

const node = (kind: string, name: string, more: Partial<TreeNode> = {}): TreeNode => ({
  apiVersion: kind === 'Deployment' || kind === 'ReplicaSet' ? 'apps/v1' : 'v1',
  kind,
  namespace: 'shop',
  name,
  health: 'healthy',
  reason: '',
  message: '',
  children: [],
  ...more,
});
const failing = node('Pod', 'web-1-a', { health: 'failed', reason: 'ImagePullBackOff' });
const forest = [
  node('ConfigMap', 'settings', { sync: 'outOfSync' }),
  node('Deployment', 'web', {
    sync: 'synced',
    health: 'progressing',
    children: [node('ReplicaSet', 'web-1', { children: [failing, node('Pod', 'web-1-b')] })],
  }),
  node('Deployment', 'calm', { sync: 'synced', children: [node('ReplicaSet', 'calm-1')] }),
];
const names = (rows: readonly { readonly node: TreeNode }[]): string[] => rows.map(({ node: { name } }) => name);

describe('the tree of objects', () => {
  it('counts what is there, what is not well, and what is not as Git has it', () => {
    expect(treeCounts(forest)).toEqual({ all: 7, unhealthy: 2, notInSync: 1 });
  });

  it('opens what leads to something that fails, and nothing else', () => {
    const open = new Set(ownersOfWhatIsOff(forest));
    expect([...open].sort()).toEqual(['Deployment.apps/shop/web', 'ReplicaSet.apps/shop/web-1']);
    expect(names(treeRows(forest, open))).toEqual(['settings', 'web', 'web-1', 'web-1-a', 'web-1-b', 'calm']);
  });

  it('shows what is off alone, with what leads to it, and numbers what is shown', () => {
    const rows = treeRows(forest, new Set(allOwners(forest)), true);
    expect(names(rows)).toEqual(['settings', 'web', 'web-1', 'web-1-a']);
    expect(rows[3]).toMatchObject({ level: 3, place: 1, siblings: 1, parent: 'ReplicaSet.apps/shop/web-1' });
    expect(rows[3]).not.toHaveProperty('isOpen');
  });

  it('puts what leads to trouble first', () => {
    expect(names(treeRows([...forest].reverse(), new Set()))).toEqual(['web', 'settings', 'calm']);
  });

  it('opens nothing where nothing was opened', () => {
    const rows = treeRows(forest, new Set());
    expect(names(rows)).toEqual(['settings', 'web', 'calm']);
    expect(rows.map(({ isOpen }) => isOpen)).toEqual([undefined, false, false]);
  });

  it('is walked by keys as the ARIA practices say', () => {
    const rows = treeRows(forest, new Set(ownersOfWhatIsOff(forest)));
    expect(treeStep(rows, 0, 'ArrowDown')).toEqual({ to: 1 });
    expect(treeStep(rows, 0, 'ArrowUp')).toEqual({ to: 0 });
    expect(treeStep(rows, 0, 'ArrowRight')).toBeNull();
    expect(treeStep(rows, 1, 'ArrowRight')).toEqual({ to: 2 });
    expect(treeStep(rows, 5, 'ArrowRight')).toEqual({ toggle: 'Deployment.apps/shop/calm' });
    expect(treeStep(rows, 1, 'ArrowLeft')).toEqual({ toggle: 'Deployment.apps/shop/web' });
    expect(treeStep(rows, 3, 'ArrowLeft')).toEqual({ to: 2 });
    expect(treeStep(rows, 0, 'ArrowLeft')).toBeNull();
    expect(treeStep(rows, 2, 'Home')).toEqual({ to: 0 });
    expect(treeStep(rows, 2, 'End')).toEqual({ to: 5 });
    expect(treeStep(rows, 2, 'x')).toBeNull();
  });

  it('goes on to the next that is off by n, and around', () => {
    const rows = treeRows(forest, new Set(ownersOfWhatIsOff(forest)));
    expect(treeStep(rows, 1, 'n')).toEqual({ to: 3 });
    expect(treeStep(rows, 3, 'n')).toEqual({ to: 0 });
    expect(treeStep(treeRows([node('Pod', 'one')], new Set()), 0, 'n')).toBeNull();
  });

  it('goes to the first line where it is nowhere yet, and nowhere where there is none', () => {
    expect(treeStep(treeRows(forest, new Set()), -1, 'ArrowDown')).toEqual({ to: 0 });
    expect(treeStep([], 0, 'ArrowDown')).toBeNull();
  });
});
