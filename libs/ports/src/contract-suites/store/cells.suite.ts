import { expect, it } from '@jest/globals';
import type { TargetRow } from '#domain';
import type { CellReading } from '../../store/cell-store.js';
import type { Store } from '../../store/store.js';
import type { StoreTest } from './opened-store.js';
import { addCluster, addOnline, assignmentOf, DIGEST, lastReport, reportOf, rowOf, save } from './samples.js';

const OTHER = 'b'.repeat(64);

function assigned(uid: string, overrides: Partial<TargetRow> = {}): TargetRow {
  return rowOf(uid, { assignment: assignmentOf({ release: 3 }), report: lastReport(), generation: 1, ...overrides });
}

async function put(store: Store, ...rows: readonly TargetRow[]): Promise<void> {
  await save(store, 'web', () => ({}), { rows });
}

/** By cluster, what a reading says. */
function clusterIn({ clusters }: CellReading, uid: string): CellReading['clusters'][number] | undefined {
  return clusters.find((each) => each.uid === uid);
}
function applicationIn({ applications }: CellReading, uid: string): CellReading['applications'][number] | undefined {
  return applications.find((each) => each.uid === uid);
}

export function cells(test: StoreTest): void {
  it('answers all clusters, revoked ones too, and all applications that they are told to run', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      await addCluster(store, 'u2', { team: 'red' });
      await addCluster(store, 'u3');
      await store.read.clusters.revoke('u3', 200);
      await store.read.clusters.setFacts('u1', { nodes: '3' });
      await store.read.clusters.hold('u2', { reason: 'r', by: 'token:a', since: 1 });
      await put(store, assigned('u1'), rowOf('u2'));
      const { clusters, applications } = await store.read.cells.read(null);
      const written = expect.any(Number);
      expect([...clusters].sort((a, b) => (a.uid < b.uid ? -1 : 1))).toEqual([
        {
          ...{ uid: 'u1', name: 'u1', labels: {}, facts: { nodes: '3' }, state: 'joined' },
          ...{ online: true, isHeld: false, written },
        },
        {
          ...{ uid: 'u2', name: 'u2', labels: { team: 'red' }, facts: {}, state: 'registered' },
          ...{ online: false, isHeld: true, written },
        },
        expect.objectContaining({ uid: 'u3', state: 'revoked' }),
      ]);
      expect(applications).toEqual([
        { uid: 'u1', application: 'web', phase: 'healthy', told: 3, runs: 0, isDrifted: false, written },
      ]);
    }));

  it.each<[string, Partial<TargetRow>, Parameters<typeof reportOf>[3], object]>([
    ['what it is told', {}, {}, { phase: 'healthy', runs: 3, isDrifted: false }],
    ['nothing yet', { report: null }, { runs: '', phase: 'progressing' }, { phase: null, runs: 0, isDrifted: false }],
    [
      'the release before, and has said nothing of this one',
      {
        assignment: assignmentOf({ release: 3, digest: OTHER, generation: 2 }),
        lastPassed: { release: 2, overlay: 'o', digest: DIGEST },
      },
      {},
      { phase: null, runs: 2, isDrifted: false },
    ],
    [
      'what it ran before a rollout that began since',
      {
        assignment: assignmentOf({ release: 3, digest: OTHER, generation: 2 }),
        previous: { release: 1, overlay: 'o', digest: DIGEST },
      },
      {},
      { phase: null, runs: 1, isDrifted: false },
    ],
    ['what nobody knows', {}, { runs: OTHER }, { phase: 'healthy', runs: 0, isDrifted: true }],
    [
      'what it is told, with something changed',
      {},
      { drift: { corrected: 0, drifted: 2 } },
      { phase: 'healthy', runs: 3, isDrifted: true },
    ],
    [
      'what it is told, with something put back',
      {},
      { drift: { corrected: 4, drifted: 0 } },
      { phase: 'healthy', runs: 3, isDrifted: false },
    ],
  ])('tells of a cluster that runs %s', (_case, row, report, expected) =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      await store.read.reports.upsert([reportOf('u1', 1, 1, { digest: DIGEST, runs: DIGEST, ...report })], 10);
      await put(store, assigned('u1', row));
      expect(applicationIn(await store.read.cells.read(null), 'u1')).toEqual({
        ...{ uid: 'u1', application: 'web', told: 3, written: expect.any(Number) },
        ...expected,
      });
    }),
  );

  it('answers what was written since a reading, whichever hub has written it', () =>
    test(async ({ store, another }) => {
      const other = await another();
      for (const uid of ['u1', 'u2']) await addOnline(store, uid, 100);
      await put(store, assigned('u1'), assigned('u2'));
      let { mark } = await store.read.cells.read(null);
      const next = async (): Promise<CellReading> => {
        const reading = await store.read.cells.read(mark);
        expect(reading.mark).toBeGreaterThanOrEqual(mark);
        ({ mark } = reading);
        return reading;
      };
      await other.read.clusters.markSilent(200);
      expect(clusterIn(await next(), 'u1')).toMatchObject({ online: false });
      await other.read.clusters.seen([{ uid: 'u1', sequence: 0, version: '0.1.0', protocol: 1 }], 300);
      expect(clusterIn(await next(), 'u1')).toMatchObject({ online: true });
      await other.read.clusters.hold('u2', { reason: 'r', by: 'token:a', since: 1 });
      expect(clusterIn(await next(), 'u2')).toMatchObject({ isHeld: true });
      await other.read.reports.upsert([reportOf('u2', 1, 1, { drift: { corrected: 0, drifted: 1 } })], 10);
      expect(applicationIn(await next(), 'u2')).toMatchObject({ isDrifted: true });
      await put(other, assigned('u2', { report: lastReport({ phase: 'failed' }) }));
      expect(applicationIn(await next(), 'u2')).toMatchObject({ phase: 'failed' });
      await put(other, rowOf('u2'));
      expect(applicationIn(await next(), 'u2')).toMatchObject({ told: null });
      await other.read.clusters.revoke('u2', 400);
      expect(clusterIn(await next(), 'u2')).toMatchObject({ state: 'revoked' });
    }));

  it('misses nothing of a transaction that began before a reading and ended after it', () =>
    test(async ({ store, another }) => {
      const other = await another();
      for (const uid of ['u1', 'u2', 'u3']) await addOnline(store, uid, 100);
      const hold = { reason: 'r', by: 'token:a', since: 1 };
      let mark = (await store.read.cells.read(null)).mark;
      await other.transact(async (unit) => {
        await unit.clusters.hold('u1', hold);
        // Later numbers end before it.
        await store.read.clusters.hold('u2', hold);
        const { clusters, mark: within } = await store.read.cells.read(mark);
        expect(clusters.find(({ uid }) => uid === 'u1')?.isHeld).not.toBe(true);
        expect(clusterIn({ clusters, mark, applications: [] }, 'u2')?.isHeld).toBe(true);
        mark = within;
      });
      expect(clusterIn(await store.read.cells.read(mark), 'u1')).toMatchObject({ isHeld: true });
    }));
}
