import type { GateSpec, WaveSpec } from '../strategy.js';
import type { Phrase } from './phrases.js';
import type { Schedule } from './play-schedule.js';
import type { WorldRules } from './world.js';

/** One rule switched off, and what the schedules find then. */
export interface Ablation {
  readonly without: keyof WorldRules;
  /** What is done instead, for docs/engine-proof.md. */
  readonly naive: string;
  /** The sentence that the schedules fail with; `…` stands for names and numbers. */
  readonly finds: string;
  /** A leaning of the schedules towards what the rule is about, so that few of them are enough. */
  readonly lean?: (schedule: Schedule) => Schedule;
}

/** The sentence as a pattern. */
export function patternOf({ finds }: Ablation): RegExp {
  return new RegExp(
    finds
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*'),
  );
}

const often = { cron: '*/10 * * * *', durationMs: 240_000, timeZone: 'UTC' } as const;
const yes: GateSpec = { type: 'approval', name: 'yes', approvers: 1 };
const office: GateSpec = { type: 'schedule', name: 'office', windows: [often] };
const hook: GateSpec = { type: 'webhook', name: 'hook', url: 'https://example.org/go', intervalMs: 30_000 };
const twelve = { clusters: 12 } as const;

export const ABLATIONS: readonly Ablation[] = [
  {
    without: 'budgetsFixedAtPlan',
    naive: 'percentages follow whoever is left',
    finds: 'invariant 1: the budgets of … changed',
    lean: (each) =>
      story(
        each,
        [
          { say: 'release', automatic: false, then: 5000 },
          { say: 'leave', who: 1 },
          { say: 'leave', who: 2 },
        ],
        { maxConcurrency: '50%' },
        { ...twelve, fates: [['ok']] },
      ),
  },
  {
    without: 'anyReportAcknowledges',
    naive: 'only a report that says progressing acknowledges',
    finds: 'invariant 3: … was deferred though it had reported',
  },
  {
    without: 'holdsAreASet',
    naive: 'a hold takes the place of the one before',
    finds: 'invariant 7: … was assigned while a person had paused',
    lean: (each) =>
      story(
        each,
        [
          { say: 'release', automatic: false, then: 1000 },
          { say: 'pause' },
          { say: 'wait', ms: 70_000 },
          { say: 'retry' },
          { say: 'wait', ms: 5000 },
        ],
        { maxConcurrency: 2, maxFailures: 0 },
        { ...twelve, fates: [['ok'], ['ok'], ['bad', 'ok']] },
      ),
  },
  {
    without: 'userHoldInherited',
    naive: 'the next commit starts unpaused',
    finds: 'invariant 7: … was assigned while a person had paused',
  },
  {
    without: 'onlyReportsPass',
    naive: 'the deadline passes a target',
    finds: 'invariant 3: … passed and was never steady',
  },
  {
    without: 'regressionSticks',
    naive: 'the next healthy report mends a regression',
    finds: 'invariant 5: a rollout neither ends nor holds',
    lean: (each) =>
      story(
        each,
        [],
        { maxFailures: '30%', soakMs: 30_000 },
        { ...twelve, fates: [['flapping', 'ok', 'ok', 'ok', 'ok', 'ok']] },
      ),
  },
  {
    without: 'lostIsFailed',
    naive: 'silence after the acknowledgement counts as unreachable',
    finds: 'invariant 3: wave … opened though release … had cut off',
    lean: (each) =>
      story(
        each,
        [],
        { maxFailures: 0, maxUnreachable: '50%', maxConcurrency: '50%' },
        { ...twelve, fates: [['cuts', 'ok', 'ok', 'ok', 'ok']] },
      ),
  },
  {
    without: 'returnedTakesSlot',
    naive: 'a deferred cluster that returns costs no slot',
    finds: 'invariant 1: … in flight of wave',
    lean: (each) =>
      story(
        each,
        [{ say: 'cutInFlightRestore', then: 70_000 }],
        { maxConcurrency: 2, maxUnreachable: '50%' },
        { ...twelve, fates: [['ok'], ['ok'], ['slow']] },
      ),
  },
  {
    without: 'inFlightCarried',
    naive: 'a superseded rollout’s clusters in flight are forgotten',
    finds: 'invariant 1: … in flight of wave',
  },
  {
    without: 'unackedRewritten',
    naive: 'what nobody acknowledged stays assigned when it is taken back',
    finds: 'invariant 7: … began with release … after it was taken back',
  },
  {
    without: 'unackedTakenBack',
    naive: 'a rollback is for those alone who are told to run the release now',
    finds: 'invariant 7: … still runs release … at the end of its rollback',
    lean: (each) =>
      story(
        each,
        [
          { say: 'release', automatic: false, then: 5000 },
          { say: 'skip', who: 0 },
          { say: 'rollbackThenPoll', then: 5000 },
        ],
        {},
        { ...twelve, fates: [['ok'], ['ok'], ['dies', 'ok', 'ok']] },
      ),
  },
  {
    without: 'rolledBackBarred',
    naive: 'the next poll starts a rolled-back release again',
    finds: 'invariant 7: … began with release … after it was taken back',
  },
  {
    without: 'gapMovesDeadlines',
    naive: 'the hub’s own absence counts as the clusters’ silence',
    finds: 'invariant 5: … ms in which the hub was there',
  },
  {
    without: 'approvalsBindToPlan',
    naive: 'an approval holds whatever is planned anew',
    finds: 'invariant 3: wave … went through yes, which is closed: … approved what is planned now',
    lean: (each) =>
      rings(
        story(
          each,
          [{ say: 'approveRelabelReplan', who: 0, then: 200_000 }],
          { before: [yes] },
          { ...twelve, fates: [['ok']] },
        ),
      ),
  },
  {
    without: 'schedulesLookedAtAnew',
    naive: 'a schedule that was open once is open',
    finds: 'invariant 3: wave … went through office, which is closed: no window is open',
    lean: (each) => story(each, [], { before: [office, yes] }),
  },
  {
    without: 'answersOfTheirOwn',
    naive: 'an answer opens any gate that is called so',
    finds: 'an answer to an earlier rollout’s gate changed something',
    lean: (each) =>
      story(
        each,
        [
          { say: 'release', automatic: true, then: 70_000 },
          { say: 'release', automatic: true, then: 1000 },
          { say: 'releaseRepeatAnswers' },
        ],
        { before: [hook] },
        { gates: ['yes', 'silent'] },
      ),
  },
  {
    without: 'soakWaitsForUnsteady',
    naive: 'a soak ends on a cluster whose last word is progressing',
    finds: 'invariant 3: the soak of wave … ended while … says progressing',
    lean: (each) => story(each, [], { soakMs: 30_000 }, { fates: [['drains', 'ok']] }),
  },
  {
    without: 'windowsAtEachTurn',
    naive: 'windows matter only until the wave is open',
    finds: 'invariant 7: … was assigned outside its windows',
    lean: (each) => story(each, [], { windows: [often] }),
  },
  {
    without: 'freezeStopsAssigning',
    naive: 'a freeze only keeps waves from opening',
    finds: 'invariant 7: … was assigned while the fleet is frozen',
    lean: (each) =>
      story(each, [{ say: 'releaseFreezeUnfreeze', between: 70_000, then: 5000 }], { maxConcurrency: 1 }, twelve),
  },
  {
    without: 'everyTickKnowsTheFreeze',
    naive: 'the ticks that follow in a transaction are not told of the freeze',
    finds: 'invariant 7: … while the fleet is frozen',
    lean: (each) =>
      story(each, [{ say: 'releaseFreezeUnfreeze', between: 70_000, then: 5000 }], { maxConcurrency: 1 }, twelve),
  },
  {
    without: 'heldAlsoInFlight',
    naive: 'a held cluster in flight is re-assigned, as its slot is its own',
    finds: 'invariant 7: … was assigned while a person holds it',
    lean: (each) =>
      story(
        each,
        [
          { say: 'releaseHold', who: 0, between: 3000, isRolledBack: false, then: 5000 },
          { say: 'release', automatic: true, then: 20_000 },
        ],
        { maxConcurrency: '100%' },
        { ...twelve, fates: [['slow']] },
      ),
  },
  {
    without: 'heldUnackedRewritten',
    naive: 'what a held cluster has not acknowledged stays assigned',
    finds: 'invariant 7: … began with release … while a person holds it',
    lean: (each) =>
      story(each, [{ say: 'releaseHold', who: 0, between: 0, isRolledBack: false, then: 5000 }], {
        maxConcurrency: '100%',
      }),
  },
  {
    without: 'hardPauseInherited',
    naive: 'the next commit makes a hard pause a soft one',
    finds: 'invariant 7: … goes on under a hard pause',
    lean: (each) =>
      story(
        each,
        [{ say: 'releasePauseHard', between: 3000, exit: 'release', then: 5000 }],
        { maxConcurrency: '100%' },
        { ...twelve, fates: [['slow']] },
      ),
  },
  {
    without: 'deletionsAskedFirst',
    naive: 'what a release deletes is not asked about',
    finds: 'invariant 4: … was assigned though … deletes more than it may and nobody accepted it',
    lean: (each) =>
      story(each, [{ say: 'dropThen', exit: 'resume', then: 70_000 }], {}, { fates: [['ok']], sameBytes: [false] }),
  },
  {
    without: 'relayWritesPresentRows',
    naive: 'the relay writes the documents of the past that it queued',
    finds: 'invariant 2: … was given generation … after',
  },
];

/** The schedule with these phrases first, and such waves and clusters. */
function story(
  each: Schedule,
  phrases: readonly Phrase[],
  wave: Partial<WaveSpec> = {},
  plan: Partial<Schedule['plan']> = {},
): Schedule {
  const [first, ...rest] = each.phrases;
  const { strategy } = each;
  return {
    plan: { ...each.plan, ...plan },
    strategy: { ...strategy, waves: strategy.waves.map((one) => ({ ...one, ...wave })) },
    phrases: [...(first ? [first] : []), ...phrases, ...rest],
  };
}

/** In three waves by the ring that a person put each cluster in. */
function rings(each: Schedule): Schedule {
  const [first] = each.strategy.waves;
  if (!first) return each;
  const { take: _1, selector: _2, ...common } = first;
  const waves: WaveSpec[] = ['0', '1'].map((ring) => ({
    ...common,
    name: `w${ring}`,
    selector: { matchLabels: { ring } },
  }));
  return { ...each, strategy: { ...each.strategy, waves: [...waves, { ...common, name: 'w2' }] } };
}
