import type { ClusterUid } from '../../cluster.js';
import { assertNever } from '../../assert-never.js';
import type { Millis } from '../model.js';
import { planRollout, type RolloutPlan } from '../plan.js';
import { AUTHOR, type World } from './world.js';

/** What people do at gates and with freezes, holds, hard pauses and new plans. */
export type PeoplePhrase =
  /** Approves the wave that waits, or by its name one that comes later; now and then who may not. */
  | { readonly say: 'approve'; readonly by: 'bob' | 'cho' | 'ann' | 'author'; readonly wave: number | null }
  | { readonly say: 'reject'; readonly wave: number | null; readonly then: Millis; readonly isResumed: boolean }
  | { readonly say: 'releasePromote'; readonly between: Millis }
  | { readonly say: 'skipWave'; readonly which: number }
  | {
      readonly say: 'freezeReleaseUnfreeze';
      readonly between: Millis;
      readonly isBounded: boolean;
      readonly then: Millis;
    }
  | { readonly say: 'releaseFreezeUnfreeze'; readonly between: Millis; readonly then: Millis }
  | { readonly say: 'holdReleaseUnhold'; readonly who: number; readonly between: Millis; readonly then: Millis }
  | {
      readonly say: 'releaseHold';
      readonly who: number;
      readonly between: Millis;
      readonly isRolledBack: boolean;
      readonly then: Millis;
    }
  | { readonly say: 'unhold'; readonly who: number }
  | {
      readonly say: 'releasePauseHard';
      readonly between: Millis;
      readonly exit: 'resume' | 'rollback' | 'cancel' | 'release' | 'skipWave' | null;
      readonly then: Millis;
    }
  | { readonly say: 'relabelReplan'; readonly who: number; readonly then: Millis }
  | { readonly say: 'approveRelabelReplan'; readonly who: number; readonly then: Millis }
  | { readonly say: 'replanBudgets'; readonly cap: number; readonly then: Millis }
  | { readonly say: 'dropThen'; readonly exit: 'accept' | 'rollback' | 'release' | 'resume'; readonly then: Millis }
  | { readonly say: 'releaseRepeatAnswers' }
  | { readonly say: 'stalePlan' }
  /** What is shown is what is done, unless labels changed in between: then the start is refused. */
  | { readonly say: 'planThenStart'; readonly who: number | null; readonly then: Millis };

const ann = { actor: 'token:ann' } as const;

export function playPeople(world: World, phrase: PeoplePhrase): void {
  switch (phrase.say) {
    case 'approve':
      approve(world, phrase.by, phrase.wave);
      return;
    case 'reject':
      world.take({ type: 'reject', ...waveNamed(world, phrase.wave), reason: 'not today', ...ann });
      world.advance(phrase.then);
      if (phrase.isResumed) world.take({ type: 'resume', ...ann });
      return;
    case 'releasePromote':
      release(world);
      world.advance(phrase.between);
      world.take({ type: 'promote', ...ann });
      return;
    case 'skipWave':
      skipWave(world, phrase.which);
      return;
    case 'freezeReleaseUnfreeze':
      freeze(world, phrase.isBounded ? phrase.between : null);
      release(world);
      world.advance(phrase.between);
      world.freeze(null);
      world.advance(phrase.then);
      return;
    case 'releaseFreezeUnfreeze':
      release(world);
      world.advance(5000);
      freeze(world, null);
      world.advance(phrase.between);
      world.freeze(null);
      world.advance(phrase.then);
      return;
    case 'holdReleaseUnhold': {
      const uid = one(world, phrase.who);
      world.hold(uid, true);
      release(world);
      world.advance(phrase.between);
      world.hold(uid, false);
      world.advance(phrase.then);
      return;
    }
    case 'releaseHold': {
      const uid = one(world, phrase.who);
      release(world);
      world.advance(phrase.between);
      world.hold(uid, true);
      world.advance(5000);
      if (phrase.isRolledBack) world.take({ type: 'rollback', ...ann });
      world.advance(phrase.then);
      return;
    }
    case 'unhold':
      world.hold(one(world, phrase.who), false);
      return;
    case 'releasePauseHard':
      release(world);
      world.advance(phrase.between);
      world.take({ type: 'pause', hard: true, ...ann });
      world.advance(30_000);
      leaveHardPause(world, phrase.exit);
      world.advance(phrase.then);
      return;
    case 'relabelReplan':
      relabel(world, phrase.who);
      replan(world);
      world.advance(phrase.then);
      return;
    case 'approveRelabelReplan':
      askByRing(world);
      release(world);
      world.advance(20_000);
      approve(world, 'bob', 1);
      approve(world, 'cho', 1);
      relabel(world, phrase.who);
      replan(world);
      world.advance(phrase.then);
      return;
    case 'replanBudgets': {
      const { strategy } = world;
      if (!strategy) return;
      const waves = strategy.waves.map((wave) => ({ ...wave, maxConcurrency: phrase.cap }));
      world.strategy = { ...strategy, waves };
      replan(world);
      world.advance(phrase.then);
      return;
    }
    case 'dropThen':
      world.dropping.add(world.newest + 1);
      release(world);
      world.advance(10_000);
      leaveDrops(world, phrase.exit);
      world.advance(phrase.then);
      return;
    case 'releaseRepeatAnswers':
      release(world);
      world.advance(35_000);
      release(world);
      repeatAnswers(world);
      return;
    case 'stalePlan': {
      world.newest += 1;
      const { refused } = world.take({ ...world.startOf(world.newest, false), plan: 'f'.repeat(64) });
      if (!refused && world.shell.header.rollout?.release === world.newest)
        throw new Error('a start with another plan than the one that was seen was not refused');
      return;
    }
    case 'planThenStart':
      planThenStart(world, phrase.who);
      world.advance(phrase.then);
      return;
    default:
      assertNever(phrase, 'phrase');
  }
}

function release(world: World): void {
  world.newest += 1;
  world.poll(false);
}

function one(world: World, who: number): ClusterUid {
  const uids = [...world.clusters.keys()];
  return uids[who % uids.length] ?? '';
}

function approve(world: World, by: Extract<PeoplePhrase, { say: 'approve' }>['by'], which: number | null): void {
  const email = by === 'author' ? AUTHOR.email.toUpperCase() : `${by}@example.org`;
  world.take({ type: 'approve', actor: `token:${by}`, email, ...waveNamed(world, which) });
}

function waveNamed({ strategy }: World, which: number | null): { readonly wave?: string } {
  const names = strategy?.waves.map(({ name }) => name) ?? [];
  const wave = which === null ? undefined : names[which % names.length];
  return wave === undefined ? {} : { wave };
}

/** From now on waves go by ring, and each but the first asks for an approval. */
function askByRing(world: World): void {
  const { strategy } = world;
  const [first] = strategy?.waves ?? [];
  if (!strategy || !first) return;
  const { take: _1, selector: _2, before: _3, ...rest } = first;
  const before = [{ type: 'approval', name: 'yes', approvers: 1 }] as const;
  const waves = ['0', '1', '2'].map((ring) => ({
    ...rest,
    name: `w${ring}`,
    ...(ring !== '2' && { selector: { matchLabels: { ring } } }),
    ...(ring !== '0' && { before }),
  }));
  world.strategy = { ...strategy, waves };
}

function skipWave(world: World, which: number): void {
  const names = world.shell.header.rollout?.waves.map(({ name }) => name) ?? [];
  const wave = names[which % Math.max(1, names.length)];
  if (wave !== undefined) world.take({ type: 'skip', wave, reason: 'it can wait', ...ann });
}

function freeze(world: World, forMs: Millis | null): void {
  const until = forMs === null ? {} : { until: world.now + forMs };
  world.freeze({ by: ann.actor, reason: 'holidays', since: world.now, ...until });
}

function leaveHardPause(world: World, exit: Extract<PeoplePhrase, { say: 'releasePauseHard' }>['exit']): void {
  switch (exit) {
    case 'resume':
    case 'rollback':
    case 'cancel':
      world.take({ type: exit, ...ann });
      return;
    case 'release':
      release(world);
      return;
    case 'skipWave':
      skipWave(world, 0);
      return;
    case null:
      return;
    default:
      assertNever(exit, 'exit');
  }
}

function leaveDrops(world: World, exit: Extract<PeoplePhrase, { say: 'dropThen' }>['exit']): void {
  switch (exit) {
    case 'accept':
      world.take({ type: 'resume', accept: true, ...ann });
      return;
    case 'rollback':
    case 'resume':
      world.take({ type: exit, ...ann });
      return;
    case 'release':
      release(world);
      return;
    default:
      assertNever(exit, 'exit');
  }
}

/** Three clusters go to the next ring. */
function relabel(world: World, who: number): void {
  const uids = [...world.placed];
  for (let index = 0; index < 3; index += 1) {
    const uid = uids[(who + index) % Math.max(1, uids.length)];
    if (uid !== undefined) world.rings.set(uid, String((Number(world.rings.get(uid)) + 1) % 3));
  }
}

function replan(world: World): void {
  const { rollout } = world.shell.header;
  if (!world.strategy || !rollout) return;
  const members = [...world.placed].map((uid) => world.member(uid, rollout.release));
  world.take({ type: 'replan', strategy: world.strategy, members, ...ann });
}

function planThenStart(world: World, who: number | null): void {
  const { shell } = world;
  world.newest += 1;
  const plan = (): RolloutPlan => {
    const start = world.startOf(world.newest, false);
    return planRollout(shell.header, shell.load({ all: true }), start, world.now);
  };
  const seen = plan();
  if (who !== null) relabel(world, who);
  const isSame = plan().digest === seen.digest;
  const { refused } = world.take({ ...world.startOf(world.newest, false), plan: seen.digest });
  if ((refused?.code === 'plan-changed') === isSame)
    throw new Error(
      `a start with a plan that ${isSame ? 'is' : 'is no more'} what would be done was ${refused?.code ?? 'taken'}`,
    );
  const { rollout } = shell.header;
  world.oracles.count(isSame ? 'started as planned' : 'start of another plan refused');
  if (refused || rollout?.kind !== 'forward' || rollout.release !== world.newest) return;
  if (rollout.planDigest !== seen.digest) throw new Error('a rollout has another digest than its plan');
  seen.waves.forEach(({ clusters }, index) => {
    for (const { uid, digest } of clusters) {
      const row = shell.rows.get(uid);
      if (row?.wave !== index || typeof row.desired !== 'object' || row.desired.digest !== digest)
        throw new Error(`${uid} is not where the plan showed it`);
    }
  });
}

/** Answers to what another rollout asked, once more: no change. */
function repeatAnswers(world: World): void {
  const { shell } = world;
  for (const answer of world.gates.answered.slice(-10)) {
    if (answer.rollout === shell.header.rollout?.id) continue;
    const before = shell.header;
    world.take(answer);
    if (shell.header !== before) throw new Error('an answer to an earlier rollout’s gate changed something');
    world.oracles.count('answer of the past');
  }
}
