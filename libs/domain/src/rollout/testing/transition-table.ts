import type { Machine } from './transitions.js';

/** Where each state leads to, within one rollout; `none` is before the first and after the last. Nothing else ever happens. */
export const TRANSITIONS: Readonly<Record<Machine, Readonly<Record<string, readonly string[]>>>> = {
  target: {
    // Planned; in a rollback what nobody acknowledged is written at once, who has nothing to go back to is left, who is held keeps it.
    none: ['pending', 'assigned', 'deferred(unreachable)', 'skipped', 'failed(hold)'],
    pending: [
      ...['assigned', 'unchanged', 'deferred(unreachable)', 'deferred(hold)', 'failed(hold)', 'skipped', 'removed'],
      // Retried: it was healthy all the while, or says so now, or went dark with the release.
      ...['progressing', 'passed', 'failed(health)', 'failed(sync)', 'failed(lost)'],
    ],
    assigned: [
      ...['progressing', 'passed', 'failed(health)', 'failed(sync)', 'deferred(unreachable)', 'deferred(hold)'],
      ...['skipped', 'removed'],
    ],
    progressing: [
      ...['passed', 'failed(health)', 'failed(sync)', 'failed(deadline)', 'failed(lost)', 'skipped', 'removed'],
      // Its agent holds a higher generation: the same once more.
      'assigned',
    ],
    passed: ['failed(regressed)', 'failed(lost)', 'removed'],
    unchanged: ['failed(regressed)', 'failed(lost)', 'removed'],
    'failed(sync)': ['passed', 'pending', 'skipped', 'removed'],
    'failed(health)': ['passed', 'pending', 'skipped', 'removed'],
    'failed(deadline)': ['passed', 'pending', 'skipped', 'removed'],
    'failed(lost)': ['passed', 'pending', 'skipped', 'removed'],
    'failed(regressed)': ['pending', 'skipped', 'removed'],
    'failed(hold)': ['pending', 'skipped', 'removed'],
    'deferred(unreachable)': [
      ...['assigned', 'pending', 'deferred(hold)', 'skipped', 'removed'],
      // Its report is there before any other sign of life.
      ...['progressing', 'passed', 'failed(health)', 'failed(sync)'],
    ],
    // It was tried again, held before its turn came, and goes on with what it had acknowledged.
    'deferred(hold)': ['pending', 'skipped', 'removed', 'progressing', 'passed', 'failed(health)', 'failed(sync)'],
    skipped: ['pending', 'removed'],
    removed: [],
  },
  wave: {
    none: ['pending'],
    pending: ['gateBefore', 'progressing', 'skipped'],
    gateBefore: ['progressing', 'skipped', 'done'],
    // Planned anew it may have to be approved once more.
    progressing: ['soaking', 'gateAfter', 'done', 'skipped', 'gateBefore'],
    soaking: ['progressing', 'gateAfter', 'done', 'skipped', 'gateBefore'],
    gateAfter: ['progressing', 'done', 'skipped', 'gateBefore'],
    done: [],
    skipped: [],
  },
  rollout: {
    none: ['running'],
    running: ['succeeded', 'succeededWithExceptions', 'superseded', 'rolledBack', 'cancelled'],
    succeeded: ['rolledBack'],
    succeededWithExceptions: ['rolledBack'],
    cancelled: ['rolledBack'],
    superseded: [],
    rolledBack: [],
  },
  hold: {
    none: ['user', 'failures', 'unreachable', 'deletions', 'noEvidence', 'gate'],
    user: ['none'],
    failures: ['none'],
    unreachable: ['none'],
    deletions: ['none'],
    noEvidence: ['none'],
    gate: ['none'],
  },
  gate: {
    none: ['waiting'],
    waiting: ['open', 'refused'],
    open: ['waiting', 'refused'],
    refused: ['waiting'],
  },
};

/** What has no way out, and why that is right. */
export const ENDS: Readonly<Record<Machine, Readonly<Record<string, string>>>> = {
  target: { removed: 'a cluster that left, or is none any more, comes back by a new plan alone, where it begins anew' },
  wave: {
    done: 'a wave never reopens: whoever of it is retried is counted, and the wave stays done',
    skipped: 'nobody of it is left',
  },
  rollout: {
    superseded: 'another rollout took its place: that one is what can be taken back',
    rolledBack: 'its rollback is a rollout of its own, which is the present one from then on',
  },
  hold: {},
  gate: {},
};

/** What happened and stands in no table. A step may carry a wave through several phases at once. */
export function unexpected(seen: Readonly<Record<Machine, ReadonlySet<string>>>): string[] {
  return machines(seen).flatMap((machine) =>
    [...seen[machine]]
      .filter((each) => !expected(machine).has(each) && !(machine === 'wave' && isPath(each)))
      .map((each) => `${machine}: ${each}`),
  );
}

/** Whether the table leads a wave there, through whatever phases. */
function isPath(transition: string): boolean {
  const [from = '', to = ''] = transition.split(' -> ');
  const reached = new Set<string>([from]);
  for (const phase of reached) for (const next of TRANSITIONS.wave[phase] ?? []) reached.add(next);
  return reached.has(to);
}

/** What stands in the table and never happened. */
export function unseen(seen: Readonly<Record<Machine, ReadonlySet<string>>>): string[] {
  return machines(seen).flatMap((machine) =>
    [...expected(machine)].filter((each) => !seen[machine].has(each)).map((each) => `${machine}: ${each}`),
  );
}

function machines(seen: Readonly<Record<Machine, unknown>>): Machine[] {
  return (Object.keys(TRANSITIONS) as Machine[]).filter((machine) => machine in seen);
}

const expectedOf = new Map<Machine, ReadonlySet<string>>();

function expected(machine: Machine): ReadonlySet<string> {
  const known = expectedOf.get(machine);
  if (known) return known;
  const pairs = Object.entries(TRANSITIONS[machine]).flatMap(([from, list]) => list.map((to) => `${from} -> ${to}`));
  const made = new Set(pairs);
  expectedOf.set(machine, made);
  return made;
}
