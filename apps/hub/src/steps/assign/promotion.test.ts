import { describe, expect, it } from '@jest/globals';
import type { Rollout, TargetRow } from '#domain';
import type { PinnedSource } from '../render/declared-sources.js';
import { environmentHealth, waitsFor, type TakenEnvironment } from './promotion.js';

const [OLD, NEW] = ['1'.repeat(64), '2'.repeat(64)];

function row(uid: string, more: object = {}): TargetRow {
  return {
    ...{ uid, name: uid, rollout: 'web-2', wave: 0, state: 'passed', acked: true },
    assignment: { release: 2, digest: NEW, generation: 4, overlay: '.' },
    report: { generation: 4, digest: NEW, phase: 'healthy' },
    ...more,
  } as unknown as TargetRow;
}

const health = (rows: readonly TargetRow[], rollout: object | null = null, uids = rows.map(({ uid }) => uid)) =>
  environmentHealth(
    uids.map((uid) => ({ uid, digest: NEW })),
    new Map(rows.map((each) => [each.uid, each])),
    rollout as Rollout | null,
  );

describe('how far an environment is', () => {
  it('is told by the clusters that run exactly its bundles, and say so', () => {
    expect(health([row('a'), row('b', { state: 'unchanged' })])).toEqual({ healthy: 2, waiting: 0, total: 2 });
  });

  it.each([
    ['runs another bundle', { assignment: { release: 1, digest: OLD, generation: 3 } }],
    ['is under way', { state: 'progressing' }],
    ['failed', { state: 'failed' }],
    ['said so of another generation', { report: { generation: 3, digest: NEW, phase: 'healthy' } }],
    ['said so of another bundle', { report: { generation: 4, digest: OLD, phase: 'healthy' } }],
    ['is not healthy any more', { report: { generation: 4, digest: NEW, phase: 'progressing' } }],
    ['said nothing', { report: null }],
  ])('waits for a cluster that %s', (_what, more) => {
    expect(health([row('a'), row('b', more)])).toEqual({ healthy: 1, waiting: 1, total: 2 });
  });

  it('waits for a cluster that it never heard of', () => {
    expect(health([row('a')], null, ['a', 'b'])).toEqual({ healthy: 1, waiting: 1, total: 2 });
  });

  it.each(['deferred', 'skipped', 'removed'])('does not wait for one that is %s', (state) => {
    expect(health([row('a'), row('b', { state, report: null })])).toEqual({ healthy: 1, waiting: 0, total: 2 });
  });

  it('waits for the end of a soak, and for no other wave', () => {
    const rollout = (...phases: string[]) => ({
      id: 'web-2',
      state: 'running',
      waves: phases.map((phase) => ({ phase })),
    });
    expect(health([row('a')], rollout('soaking'))).toMatchObject({ healthy: 0, waiting: 1 });
    expect(health([row('a')], rollout('done', 'progressing'))).toMatchObject({ healthy: 1, waiting: 0 });
    expect(health([row('a')], { ...rollout('soaking'), id: 'web-3' })).toMatchObject({ healthy: 1 });
  });
});

describe('an environment', () => {
  const pin = (revision: string, more: object = {}): PinnedSource => ({
    name: 'web',
    revision,
    origin: { type: 'git', repository: { url: '/shop' } },
    ...more,
  });
  const dev = (more: Partial<TakenEnvironment> = {}): TakenEnvironment => ({
    ...{ name: 'dev', pin: pin('bbbbbbb1'), health: { healthy: 3, waiting: 0, total: 3 } },
    ...more,
  });
  const yes = async (): Promise<boolean> => true;
  const no = async (): Promise<boolean> => false;

  it('takes a commit that the one before runs healthy', async () => {
    expect(await waitsFor(pin('bbbbbbb1'), dev(), yes)).toBeNull();
    const away = { healthy: 1, waiting: 0, total: 3 };
    expect(await waitsFor(pin('bbbbbbb1'), dev({ health: away }), yes)).toBeNull();
  });

  it('says in a sentence which one it waits for', async () => {
    expect(await waitsFor(pin('b'), dev({ health: { healthy: 1, waiting: 2, total: 3 } }), yes)).toBe(
      'waits for "dev" to run bbbbbbb healthy: 1 of 3 clusters do',
    );
    expect(await waitsFor(pin('b'), dev({ health: { healthy: 0, waiting: 0, total: 1 } }), yes)).toBe(
      'waits for "dev" to run bbbbbbb healthy: 0 of 1 cluster does',
    );
    expect(await waitsFor(pin('ccccccc9', { tag: 'v1.4.0' }), dev(), no)).toBe(
      'waits for "dev" to run v1.4.0: it runs bbbbbbb, which does not have that in its history',
    );
    expect(await waitsFor(pin('b'), dev({ pin: null }), yes)).toBe('waits for "dev", which runs nothing yet');
    expect(await waitsFor(pin('b'), dev({ health: { healthy: 0, waiting: 0, total: 0 } }), yes)).toMatch(/nothing yet/);
  });
});
