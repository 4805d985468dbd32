import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { FleetExport, FleetPlan, FleetStatus, Resource } from '#contract';
import { writeExport } from './commands/export.js';
import { appliedText, planText, statusText } from './commands/fleet-files.js';

const source = (url: string): Resource =>
  ({ apiVersion: 'flotilla.dev/v1', kind: 'Source', metadata: { name: 'shop' }, spec: { url } }) as Resource;

const plan: FleetPlan = {
  ...{ source: 'fleet', path: '.', revision: 'abcdef0123456789', objects: 2 },
  changes: [
    {
      ...{ kind: 'Source', name: 'shop', file: 'shop.yaml', change: 'configured' },
      ...{ before: source('https://a'), after: source('https://b') },
    },
    { kind: 'Source', name: 'old', file: 'old.yaml', change: 'deleted', before: source('https://c'), after: null },
    { kind: 'Cluster', name: 'eu', file: 'eu.yaml', change: 'released', before: source('https://c'), after: null },
  ],
};

describe('the fleet in Git, as text', () => {
  it('has of a plan each object with its file and what would differ', () => {
    expect(planText({ ...plan, hold: { code: 'fleet-deletions', message: 'Too much.' } }, false))
      .toBe(`Commit abcdef01 declares 2 objects; 3 changes:

source/shop configured (shop.yaml)
--- source/shop
+++ source/shop
@@ -1,2 +1,2 @@
 spec:
-  url: https://a
+  url: https://b

source/old deleted (old.yaml)
--- source/old
+++ /dev/null
@@ -1,2 +0,0 @@
-spec:
-  url: https://c

cluster/eu declared no more, and left as it is (eu.yaml)

Too much.
`);
    expect(planText({ ...plan, changes: [] }, true)).toBe('Commit abcdef01 declares 2 objects; nothing would change\n');
  });

  it('has of what was applied a line each', () => {
    expect(appliedText({ ...plan, dryRun: true })).toBe(`source/shop configured (shop.yaml) (dry run)
source/old deleted (old.yaml) (dry run)
cluster/eu declared no more, and left as it is (eu.yaml) (dry run)
Commit abcdef01, 2 objects: 3 changes
`);
    expect(appliedText({ ...plan, changes: [] })).toBe('Commit abcdef01, 2 objects: nothing changed\n');
  });

  it('has of the status what is applied, what is in the way, and what was changed by hand', () => {
    const status: FleetStatus = {
      ...{ source: 'fleet', path: 'fleet', byHand: 'report', prune: true, apply: 'automatic', state: 'drifted' },
      ...{ revision: 'abcdef0123456789', holds: [], undeclared: ['Source/mine'] },
      applied: { revision: 'abcdef0123456789', at: '2030-01-01T00:00:00.000Z', objects: 1 },
      drift: [
        {
          ...{ kind: 'Source', name: 'shop', file: 'shop.yaml', change: 'changed' },
          ...{ declared: source('https://a'), now: source('https://b') },
        },
      ],
    };
    expect(statusText(status))
      .toBe(`The fleet is declared by source/fleet, fleet: 1 object changed by hand since; \`flotilla fleet apply\` puts that back
Applied: abcdef01 at 2030-01-01T00:00:00.000Z, 1 object
Newest:  abcdef01

Changed by hand:
  source/shop changed (shop.yaml)

Declared by no file: Source/mine
`);
    const held = statusText({
      ...status,
      ...{ state: 'held', drift: [], undeclared: [] },
      holds: [{ code: 'fleet', message: 'a.yaml: bad', since: new Date().toISOString() }],
    });
    expect(held).toMatch(/something is in the way.*\n.*\n.*\nfleet: a\.yaml: bad \(for/);
  });
});

describe('an export to a folder', () => {
  it('is a file per object by kind, and nothing outside of the folder', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-export-'));
    try {
      const documents = [source('https://a')];
      expect(writeExport(folder, documents, { prune: false })).toEqual([]);
      expect(await readFile(path.join(folder, 'source/shop.yaml'), 'utf8')).toContain('url: https://a');
      const away = { ...source('https://a'), metadata: { name: '../../away' } } as FleetExport['documents'][number];
      expect(() => writeExport(folder, [away, ...documents], { prune: true })).toThrow(/whose name is none/);
      expect(await readdir(folder, { recursive: true })).toEqual(['source', 'source/shop.yaml']);
      // What is gone is told, and deleted where that is asked for; what is no object's file is nobody's to delete.
      await writeFile(path.join(folder, 'source/old.yaml'), '');
      await writeFile(path.join(folder, 'source/README.md'), '');
      await writeFile(path.join(folder, 'notes.yaml'), '');
      expect(writeExport(folder, documents, { prune: false })).toEqual(['source/old.yaml']);
      expect(writeExport(folder, documents, { prune: true })).toEqual(['source/old.yaml']);
      expect((await readdir(folder, { recursive: true })).sort()).toEqual(
        ['notes.yaml', 'source', 'source/README.md', 'source/shop.yaml'].sort(),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
