import { describe, expect, it } from '@jest/globals';
import { digest, Scenario, strategy, wave } from './testing/scenario.js';

const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);
const failing = { phase: 'failed', steadyMs: 0, cause: 'health' } as const;
const ann = { actor: 'token:ann' } as const;

/** Everybody on release 1. */
const settled = (clusters: number) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, one());
  fleet.passAll();
  return fleet;
};
const releases = (fleet: Scenario) => fleet.uids.map((uid) => fleet.row(uid).assignment?.release ?? null);

describe('rule 6: what was unhealthy before is noted and warned of, and is not taken for the release’s doing', () => {
  it.each([
    ['failed', { phase: 'failed', steadyMs: 0, cause: 'health' }],
    ['progressing', { phase: 'progressing', steadyMs: 0 }],
  ] as const)('a cluster whose agent says %s', (phase, report) => {
    const fleet = settled(3);
    fleet.report('c0', report);
    fleet.start(2, one());
    expect(fleet.row('c0').healthBefore).toBe(phase);
    expect(fleet.rollout.warnings).toEqual(['not healthy before: c0']);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('a healthy one, and one that never had it, are not named', () => {
    const fleet = settled(2);
    fleet.hear('new');
    fleet.start(2, one(), { members: fleet.members(2, ['c0', 'c1', 'new']) });
    expect(fleet.row('c0').healthBefore).toBeUndefined();
    expect(fleet.row('new').healthBefore).toBeUndefined();
    expect(fleet.rollout.warnings).toEqual([]);
  });
});

describe('rule 14: waves are frozen at plan, and newcomers get the baseline by a catch-up', () => {
  it('a cluster that joins meanwhile is no target of the rollout that runs', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.hear('new');
    expect(
      fleet.start(2, one(), { automatic: true, members: fleet.members(2, ['c0', 'c1', 'new']) }),
    ).not.toHaveProperty('refused');
    expect(fleet.shell.rows.has('new')).toBe(false);
    expect(fleet.wave(0).total).toBe(2);
  });

  it('newcomers get the baseline by a catch-up, only while no other rollout runs', () => {
    const fleet = settled(3);
    const catchUp = { kind: 'catchUp' as const, members: fleet.members(1, ['new']) };
    fleet.hear('new');
    fleet.start(1, strategy([wave('a', { take: 1 }), wave('last', { maxConcurrency: 1 })]), catchUp);
    expect(fleet.rollout).toMatchObject({ kind: 'catchUp', waves: [{ name: 'catch-up', total: 1 }] });
    expect(fleet.start(1, one(), catchUp).refused).toMatchObject({ code: 'busy' });
    fleet.passAll();
    expect(fleet.row('new').assignment).toMatchObject({ release: 1, digest: digest(1) });
    expect(fleet.rollout.state).toBe('succeeded');
    const { header } = fleet.shell;
    fleet.start(1, one(), catchUp);
    expect(fleet.shell.header).toBe(header);
    expect(fleet.start(7, one(), catchUp).refused).toMatchObject({ code: 'not-baseline' });
  });

  it('a newcomer that is away waits for the next catch-up', () => {
    const fleet = settled(1);
    const { header } = fleet.shell;
    fleet.start(1, one(), {
      kind: 'catchUp',
      members: fleet.members(1, ['new']).map((each) => ({ ...each, online: false })),
    });
    expect(fleet.shell.header).toBe(header);
  });

  it('a catch-up whose only cluster went away ends, and is not made again while that is away', () => {
    const fleet = settled(1);
    const catchUp = {
      kind: 'catchUp' as const,
      members: fleet.members(1, ['new']).map(({ online: _, ...each }) => each),
    };
    fleet.start(1, one(), catchUp);
    expect(fleet.rollout).toMatchObject({ kind: 'catchUp', state: 'succeededWithExceptions' });
    const { header } = fleet.shell;
    fleet.start(1, one(), catchUp);
    expect(fleet.shell.header).toBe(header);
    fleet.comeBack('new');
    fleet.start(1, one(), catchUp);
    fleet.passAll();
    expect(fleet.row('new').assignment).toMatchObject({ release: 1 });
  });

  it.each([
    ['succeeded', 'ok', 2],
    ['succeeded with exceptions', 'exceptions', 2],
    ['was rolled back', 'rollback', 1],
    ['was cancelled', 'cancel', 1],
  ] as const)('the baseline is the last release whose rollout %s', (_what, end, baseline) => {
    const fleet = settled(2);
    fleet.start(2, one({ maxFailures: 1 }));
    if (end === 'exceptions') fleet.report('c0', failing);
    if (end === 'cancel') fleet.take({ type: 'cancel', ...ann });
    else fleet.passAll();
    if (end === 'rollback') fleet.take({ type: 'rollback', ...ann });
    expect(fleet.shell.header.baseline).toBe(baseline);
  });
});

describe('rule 15: labels change and nothing moves until somebody plans anew', () => {
  const ring = (labels: Readonly<Record<string, string>>) => (uid: string) => ({ ring: labels[uid] ?? '1' });
  const rings = strategy([
    wave('first', { selector: { matchLabels: { ring: '0' } } }),
    wave('rest', { before: [{ type: 'approval', name: 'yes', approvers: 1 }] }),
  ]);
  const started = () => {
    const fleet = settled(4);
    fleet.start(2, rings, { members: fleet.members(2, fleet.uids, ring({ c0: '0', c1: '0' })) });
    return fleet;
  };

  it('the poll that sees the same release with other labels moves nobody', () => {
    const fleet = started();
    const { header } = fleet.shell;
    fleet.start(2, rings, { automatic: true, members: fleet.members(2, fleet.uids, ring({ c2: '0' })) });
    expect(fleet.shell.header).toBe(header);
  });

  it('a replan moves who waits, and nobody who was assigned', () => {
    const fleet = started();
    fleet.take({ type: 'replan', strategy: rings, members: fleet.members(2, fleet.uids, ring({ c2: '0' })), ...ann });
    expect(fleet.uids.map((uid) => fleet.row(uid).wave)).toEqual([0, 0, 0, 1]);
    expect(fleet.wave(0).total).toBe(3);
  });

  it('it voids the approvals of the waves that it changes, and no others', () => {
    const fleet = started();
    fleet.take({ type: 'approve', wave: 'rest', actor: 'token:bob' });
    const same = fleet.members(2, fleet.uids, ring({ c0: '0', c1: '0' }));
    fleet.take({ type: 'replan', strategy: rings, members: same, ...ann });
    fleet.take({ type: 'replan', strategy: rings, members: fleet.members(2, fleet.uids, ring({ c2: '0' })), ...ann });
    fleet.passAll();
    expect(fleet.wave(1).phase).toBe('gateBefore');
    fleet.take({ type: 'approve', actor: 'token:bob' });
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('an approval is never carried over to another rollout', () => {
    const fleet = started();
    fleet.take({ type: 'approve', wave: 'rest', actor: 'token:bob' });
    fleet.start(3, rings, { members: fleet.members(3, fleet.uids, ring({ c0: '0', c1: '0' })) });
    fleet.passAll();
    expect(fleet.wave(1).phase).toBe('gateBefore');
  });
});

describe('rule 16: who leaves the placement is removed at once, and withdrawn when the rollout has ended', () => {
  it.each([
    ['pending', 'c1', null],
    ['assigned', 'c0', null],
  ] as const)(
    'one that is %s and had nothing is out of the way, and nothing is withdrawn',
    (state, uid, assignment) => {
      const fleet = new Scenario(2);
      fleet.start(1, strategy([wave('one', { maxConcurrency: 1 })]));
      const [first = '', second = ''] = [...fleet.in('assigned'), ...fleet.in('pending')];
      const gone = uid === 'c0' ? first : second;
      expect(fleet.row(gone).state).toBe(state);
      fleet.take({ type: 'removed', clusters: [gone], why: 'left' });
      fleet.passAll();
      expect(fleet.row(gone)).toMatchObject({ state: 'removed', assignment });
      expect(fleet.shell.header.leaving).toEqual([]);
    },
  );

  it('who leaves the placement is removed at once and withdrawn when the rollout has ended', () => {
    const fleet = settled(3);
    fleet.start(2, one());
    fleet.report('c0');
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'left' });
    expect(fleet.row('c0')).toMatchObject({ state: 'removed', assignment: { release: 2 } });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
    expect(fleet.row('c0')).toMatchObject({ assignment: { release: null }, generation: 3 });
  });

  it('whose registration ended is out of the way, and its generation is remembered', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'ended' });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
    expect(fleet.row('c0')).toMatchObject({ state: 'removed', assignment: null, generation: 2 });
  });
});

describe('a cluster that leaves the fleet', () => {
  it('has everything withdrawn at once, in the middle of a rollout and though it was paused hard', () => {
    const fleet = settled(3);
    fleet.start(2, one({ maxConcurrency: 1 }));
    fleet.take({ type: 'pause', hard: true, reason: 'look', ...ann });
    fleet.take({ type: 'removed', clusters: ['c0', 'c2'], why: 'leaving' });
    for (const uid of ['c0', 'c2']) {
      const { assignment, state, halted } = fleet.row(uid);
      expect({ release: assignment?.release, state, halted }).toEqual({ release: null, state: 'removed' });
    }
    expect(fleet.row('c0').generation).toBe(3);
    expect(fleet.shell.history.filter(({ event }) => event === 'withdrawn')).toHaveLength(2);
    fleet.take({ type: 'resume', ...ann });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
    expect(releases(fleet)).toEqual([null, 2, null]);
  });

  it('may be the last one, for somebody said so', () => {
    const fleet = settled(1);
    expect(fleet.take({ type: 'removed', clusters: ['c0'], why: 'leaving' })).not.toHaveProperty('refused');
    expect(fleet.row('c0').assignment).toMatchObject({ release: null, generation: 2 });
  });

  it('is told once, however often that is said, and is out of the way when its registration ends', () => {
    const fleet = settled(2);
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'left' });
    expect(fleet.row('c0').assignment?.release).toBeNull();
    const { generation } = fleet.row('c0');
    const notes = fleet.shell.history.length;
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'leaving' });
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'leaving' });
    expect(fleet.row('c0')).toMatchObject({ state: 'removed', generation, assignment: { release: null } });
    expect(fleet.shell.history).toHaveLength(notes);
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'ended' });
    expect(fleet.row('c0')).toMatchObject({ state: 'removed', assignment: null });
  });

  it('need not wait for the rollout that keeps those waiting who left the placement', () => {
    const fleet = settled(3);
    fleet.start(2, one({ maxConcurrency: 1 }));
    fleet.take({ type: 'removed', clusters: ['c2'], why: 'left' });
    expect(fleet.row('c2').assignment?.release).toBe(1);
    fleet.take({ type: 'removed', clusters: ['c2'], why: 'leaving' });
    expect(fleet.row('c2').assignment?.release).toBeNull();
    expect(fleet.shell.header.leaving).toEqual([]);
  });
});

describe('rule 17: an empty list is an error and never a deletion', () => {
  it('that nobody would be left is an error and never a deletion', () => {
    const fleet = settled(2);
    const before = new Map(fleet.shell.rows);
    expect(fleet.take({ type: 'removed', clusters: ['c0', 'c1'], why: 'left' }).refused).toMatchObject({
      code: 'empty-placement',
    });
    expect(fleet.start(2, one(), { members: [] }).refused).toMatchObject({ code: 'no-members' });
    expect(fleet.shell.rows).toEqual(before);
  });

  it('also in a replan', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    const { header } = fleet.shell;
    expect(fleet.take({ type: 'replan', strategy: one(), members: [], ...ann }).refused).toMatchObject({
      code: 'no-members',
    });
    expect(fleet.shell.header).toBe(header);
  });

  it('and a catch-up for nobody', () => {
    const fleet = settled(2);
    expect(fleet.start(1, one(), { kind: 'catchUp', members: [] }).refused).toMatchObject({ code: 'no-members' });
  });
});

describe('rule 18: generations are one sequence for each cluster, across rollouts and rollbacks, and only grow', () => {
  it('through a release, a rollback, a cancel and a return', () => {
    const fleet = settled(1);
    const seen = [fleet.row('c0').generation];
    const next = () => seen.push(fleet.row('c0').generation);
    fleet.start(2, one());
    next();
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    next();
    fleet.passAll();
    fleet.start(3, one());
    next();
    fleet.take({ type: 'cancel', ...ann });
    next();
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'ended' });
    fleet.start(4, one());
    next();
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(releases(fleet)).toEqual([4]);
  });

  it('a restored database goes on from the generation that the agent holds', () => {
    const fleet = settled(1);
    fleet.start(2, one());
    fleet.take({ type: 'ahead', cluster: 'c0', generation: 9 });
    expect(fleet.row('c0')).toMatchObject({
      state: 'assigned',
      generation: 10,
      assignment: { generation: 10, release: 2 },
    });
    fleet.report('c0', { generation: 12 });
    expect(fleet.row('c0').generation).toBe(13);
    fleet.report('c0', { generation: 2 ** 50 });
    expect(fleet.row('c0').generation).toBe(13);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });
});

describe('rule 18: generations go on above what agents may hold of another hub', () => {
  it('where no row is there yet, and nowhere else', () => {
    const fleet = settled(2);
    const known = fleet.row('c0').generation;
    fleet.hear('new');
    fleet.start(2, one(), { members: fleet.members(2, ['c0', 'c1', 'new']), generationsAbove: 1_700_000_000 });
    fleet.passAll();
    expect(fleet.row('new').assignment).toMatchObject({ release: 2, generation: 1_700_000_001 });
    expect(fleet.row('c0').assignment).toMatchObject({ release: 2, generation: known + 1 });
    expect(fleet.rollout.state).toBe('succeeded');
  });
});
