import { expect, it } from '@jest/globals';
import type { BundleDiff } from '#contract';
import { bundleDiffText } from './bundle-diff-text.js';

const diff: BundleDiff = {
  application: 'web',
  from: 3,
  to: 5,
  groups: [
    {
      ...{ from: 'a'.repeat(64), to: 'b'.repeat(64), pairs: 2, unchanged: 4, more: 1 },
      overlays: ['overlays/a', 'overlays/b'],
      clusters: 400,
      names: ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'],
      objects: [
        { object: 'ConfigMap shop/old', change: 'removed', diff: '@@ -1,1 +0,0 @@\n-a: 1\n' },
        { object: 'apps/Deployment shop/web', change: 'changed', diff: '@@ -1,1 +1,1 @@\n-a: 1\n+a: 2\u001b[2J\n' },
        { object: 'ConfigMap shop/new', change: 'added', diff: '@@ -0,0 +1,9 @@\n+a: 1\n', cut: true },
      ],
    },
    {
      ...{ from: null, to: 'c'.repeat(64), pairs: 1, unchanged: 0, more: 1, overlays: ['overlays/z'] },
      ...{ clusters: 0, names: [], objects: [] },
    },
  ],
  same: 7,
  more: 3,
};

it('tells each change once with who has it, and nothing that a terminal would obey', () => {
  expect(bundleDiffText(diff))
    .toBe(`# overlays/a, overlays/b: 400 clusters (c1, c2, c3, c4, c5 and 395 more), 4 objects differ, 4 the same
--- release-3/ConfigMap/shop/old
+++ /dev/null
@@ -1,1 +0,0 @@
-a: 1
--- release-3/apps/Deployment/shop/web
+++ release-5/apps/Deployment/shop/web
@@ -1,1 +1,1 @@
-a: 1
+a: 2\ufffd[2J
--- /dev/null
+++ release-5/ConfigMap/shop/new
@@ -0,0 +1,9 @@
+a: 1
# cut here: the diff is too long
# 1 more object not shown
# overlays/z: 0 clusters, 1 object differs, 0 the same
# 1 more object not shown
# 3 more changes of bundles not compared
`);
});
