import { describe, expect, it } from '@jest/globals';
import type { ApplicationHeader, Member, Rollout, TargetRow } from '#domain';
import { decideStart, missedReturns } from './decide-start.js';

const member = (uid: string, overlay = 'overlays/dev'): Member => ({
  uid,
  name: uid,
  labels: {},
  facts: {},
  overlay,
  digest: `new-${overlay}`,
});

const row = (uid: string, overlay = 'overlays/dev', release: number | null = 3): TargetRow => ({
  uid,
  name: uid,
  rollout: 'web-1',
  wave: 0,
  position: 0,
  state: 'passed',
  desired: 'keep',
  assignment: { release, overlay, digest: 'd', generation: 1, healthyForMs: 0, rollout: 'web-1' },
  acked: true,
  generation: 1,
  previous: null,
  lastPassed: null,
  report: null,
  dueAt: null,
});

const header = (more: Partial<ApplicationHeader>): ApplicationHeader => ({
  application: 'web',
  version: 1,
  now: 0,
  clockOffset: 0,
  rolloutNumber: 1,
  frozenSince: null,
  rollout: null,
  queued: null,
  baseline: 3,
  earlierBaselines: [],
  newest: 3,
  leaving: [],
  barred: [],
  wakeAt: null,
  seq: 0,
  ...more,
});

const baseline = ({ overlay }: Member) => ({ overlay, digest: `base-${overlay}` });
const decide = (more: Partial<Parameters<typeof decideStart>[0]>) =>
  decideStart({
    header: header({}),
    rows: [],
    members: [],
    unplaced: new Set(),
    online: () => true,
    release: 3,
    baseline,
    ...more,
  });

describe('what the engine is told after the world has changed', () => {
  it('starts a release that is newer than anything it knows', () => {
    expect(decide({ release: 4, members: [member('a')] }).start).toBe(true);
  });

  it('starts nothing for a release that was started before, or is queued behind what runs', () => {
    const rollout = { release: 3, state: 'running' } as Rollout;
    expect(decide({ release: 4, header: header({ newest: 4 }) }).start).toBe(false);
    expect(decide({ release: 4, header: header({ rollout, queued: { release: 4, since: 0 } }) }).start).toBe(false);
  });

  it('starts a queued release once what it waited for has ended', () => {
    const rollout = { release: 3, state: 'rolledBack' } as Rollout;
    expect(decide({ release: 4, header: header({ rollout, queued: { release: 4, since: 0 } }) }).start).toBe(true);
  });

  it('gives newcomers the baseline by their own overlay', () => {
    const decision = decide({ members: [member('a'), member('b', 'overlays/prod')], rows: [row('a')] });
    expect(decision.newcomers.map(({ uid, overlay, digest }) => [uid, overlay, digest])).toEqual([
      ['b', 'overlays/prod', 'base-overlays/prod'],
    ]);
  });

  it('takes a cluster to the baseline that was away while it went out, and is back', () => {
    const away = { ...row('a'), state: 'deferred' as const };
    expect(decide({ members: [member('a')], rows: [away] }).newcomers).toHaveLength(1);
    const has = { ...away, assignment: away.assignment && { ...away.assignment, digest: 'base-overlays/dev' } };
    expect(decide({ members: [member('a')], rows: [has] }).newcomers).toEqual([]);
  });

  it('starts nothing for a newcomer that is away', () => {
    expect(decide({ members: [member('a')], online: () => false }).newcomers).toEqual([]);
  });

  it('moves a cluster whose labels chose another overlay, but only once no rollout runs', () => {
    const members = [member('a', 'overlays/prod')];
    expect(decide({ members, rows: [row('a')] }).newcomers).toHaveLength(1);
    const running = header({ rollout: { release: 3, state: 'running' } as Rollout });
    expect(decide({ members, rows: [row('a')], header: running }).newcomers).toEqual([]);
  });

  it('never takes an empty placement for everybody leaving', () => {
    expect(decide({ members: [], rows: [row('a'), row('b')] }).leavers).toEqual([]);
  });

  it('lets those leave that are not placed any more, and not those that an error kept out', () => {
    const decision = decide({
      members: [member('a')],
      rows: [row('a'), row('b'), row('c')],
      unplaced: new Set(['c']),
    });
    expect(decision.leavers).toEqual(['b']);
  });
});

describe('who came back while nobody looked', () => {
  const running = { rollout: { id: 'web-2', state: 'running' } } as unknown as ApplicationHeader;
  const away = { uid: 'a', rollout: 'web-2', state: 'deferred', reason: 'unreachable', assignment: null };
  const missed = (row: object, header: ApplicationHeader | null = running, isOnline = true): readonly string[] =>
    missedReturns(header, [{ ...away, ...row } as unknown as TargetRow], () => isOnline);

  it('is who was put off for being away, and is there', () => {
    expect(missed({})).toEqual(['a']);
    expect(missed({}, running, false)).toEqual([]);
    expect(missed({}, null)).toEqual([]);
  });

  it('is nobody that this rollout has assigned and never heard an answer of, nor who is held', () => {
    expect(missed({ assignment: { rollout: 'web-2' } })).toEqual([]);
    expect(missed({ assignment: { rollout: 'web-1' } })).toEqual(['a']);
    expect(missed({ reason: 'hold' })).toEqual([]);
    expect(missed({ rollout: 'web-1' })).toEqual([]);
  });
});
