import { START, Scenario, strategy, wave } from './scenario.js';
import type { GateSpec } from '../strategy.js';
import type { Transitions } from './transitions.js';

/** What happens too seldom for a few hundred schedules, as stories of a few lines. */

const ann = { actor: 'token:ann' } as const;
const bob = { actor: 'token:bob' } as const;
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const sick = { phase: 'failed', steadyMs: 0, cause: 'health' } as const;
const refused = { phase: 'refused', steadyMs: 0, cause: 'sync' } as const;
const approval: GateSpec = { type: 'approval', name: 'yes', approvers: 1 };
const office: GateSpec = { type: 'schedule', name: 'office', notBefore: START + 60_000, windows: [] };

const lax = { maxFailures: '100%', maxUnreachable: '100%' } as const;
const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', { ...lax, ...more })]);

/** Whoever is put off holds it, so that it does not end meanwhile. */
const strict = one({ maxUnreachable: 0 });

/** A fleet on release 1 whose next rollout is watched. */
function settled(clusters: number, transitions: Transitions): Scenario {
  const fleet = new Scenario(clusters);
  fleet.start(1, one());
  fleet.passAll();
  transitions.watch(fleet.shell);
  return fleet;
}

/** Leaves the state in each way that there is: retry, skip, leaving the placement, and healthy after all where that counts. */
function exits(fleet: Scenario, uids: readonly string[]): void {
  const [retried = '', skipped = '', gone = '', mended] = uids;
  if (mended !== undefined) fleet.report(mended);
  fleet.take({ type: 'retry', clusters: [retried], ...ann });
  fleet.take({ type: 'skip', clusters: [skipped], reason: 'old', ...ann });
  fleet.take({ type: 'removed', clusters: [gone], why: 'left' });
}

/** Each story on its own fleet; all of them are watched. */
export const STORIES: Readonly<Record<string, (transitions: Transitions) => void>> = {
  'fails to sync, before and after its first word'(transitions) {
    const fleet = settled(6, transitions);
    fleet.start(2, one());
    fleet.report('c0', refused);
    for (const uid of ['c1', 'c2', 'c3']) {
      fleet.report(uid, ack);
      fleet.report(uid, refused);
    }
    exits(fleet, ['c0', 'c1', 'c2', 'c3']);
  },
  'fails by its health, its deadline, its silence'(transitions) {
    for (const kind of ['health', 'deadline', 'lost'] as const) {
      const fleet = settled(6, transitions);
      fleet.start(2, one({ maxFailures: 0 }));
      for (const uid of ['c4', 'c5']) fleet.report(uid, ack);
      const uids = ['c0', 'c1', 'c2', 'c3'];
      for (const uid of uids) fleet.report(uid, kind === 'health' ? sick : ack);
      if (kind === 'lost') fleet.cutOff(...uids);
      fleet.pass(11 * 60_000);
      fleet.hear(...uids);
      exits(fleet, uids);
    }
  },
  regresses(transitions) {
    const fleet = settled(5, transitions);
    fleet.start(2, one({ soakMs: 600_000 }));
    fleet.passAll();
    for (const uid of ['c0', 'c1', 'c2']) fleet.report(uid, sick);
    fleet.pass(60_000);
    exits(fleet, ['c0', 'c1', 'c2']);
  },
  'passed, and is silent during the soak'(transitions) {
    const fleet = settled(2, transitions);
    fleet.start(2, one({ soakMs: 60_000 }));
    fleet.passAll();
    fleet.shell.presence.set('c0', { online: false, seenAt: fleet.now - 1 });
    fleet.pass(100_000);
  },
  'has these bytes, and regresses, is lost, leaves'(transitions) {
    const fleet = settled(4, transitions);
    const members = fleet.members(1).map((member) => ({ ...member }));
    fleet.start(2, one({ soakMs: 60_000 }), { members });
    fleet.report('c0', sick);
    fleet.take({ type: 'removed', clusters: ['c1'], why: 'left' });
    fleet.cutOff('c2');
    fleet.shell.presence.set('c2', { online: false, seenAt: fleet.now - 1 });
    fleet.pass(200_000);
  },
  'is put off, and its report comes before any other sign of life'(transitions) {
    const fleet = settled(5, transitions);
    fleet.start(2, strict);
    fleet.report('c4');
    fleet.pass(5 * 60_000);
    fleet.report('c0', ack);
    fleet.report('c1');
    fleet.report('c2', sick);
    fleet.report('c3', refused);
  },
  'is put off, and given up or gone or held'(transitions) {
    const fleet = settled(5, transitions);
    fleet.start(2, strict);
    fleet.report('c4');
    fleet.pass(5 * 60_000);
    fleet.take({ type: 'skip', clusters: ['c0'], reason: 'old', ...ann });
    fleet.take({ type: 'removed', clusters: ['c1'], why: 'left' });
    fleet.hold('c2');
    fleet.take({ type: 'skip', clusters: ['c2'], reason: 'old', ...ann });
    fleet.hold('c3');
    fleet.take({ type: 'removed', clusters: ['c3'], why: 'left' });
  },
  'is retried while the rollout is paused, and says how it is'(transitions) {
    const fleet = settled(6, transitions);
    fleet.start(2, strict);
    fleet.report('c5');
    fleet.pass(5 * 60_000);
    fleet.take({ type: 'pause', ...ann });
    fleet.take({ type: 'retry', clusters: ['c0', 'c1', 'c2', 'c3'], ...ann });
    fleet.report('c0', ack);
    fleet.report('c1');
    fleet.report('c2', sick);
    fleet.report('c3', refused);
  },
  'is retried while the rollout is paused, held, and goes on with what it had acknowledged'(transitions) {
    const fleet = settled(5, transitions);
    fleet.start(2, one({ maxFailures: 0 }));
    const uids = ['c0', 'c1', 'c2', 'c3'];
    for (const uid of uids) fleet.report(uid, sick);
    fleet.take({ type: 'pause', ...ann });
    fleet.take({ type: 'retry', clusters: uids, ...ann });
    fleet.hold(...uids);
    fleet.report('c0', ack);
    fleet.report('c1');
    fleet.report('c2', { ...sick, breaks: 1 });
    fleet.report('c3', { ...refused, breaks: 1 });
  },
  'is retried and dark since it acknowledged'(transitions) {
    const fleet = settled(2, transitions);
    fleet.start(2, one({ maxFailures: 0 }));
    fleet.report('c0', ack);
    fleet.report('c1');
    fleet.cutOff('c0');
    fleet.pass(11 * 60_000);
    fleet.take({ type: 'retry', clusters: ['c0'], ...ann });
  },
  'was skipped, is retried, is skipped again and leaves'(transitions) {
    const fleet = settled(2, transitions);
    fleet.start(2, one({ maxConcurrency: 1 }));
    const [first = ''] = fleet.in('assigned');
    fleet.report(first, ack);
    fleet.take({ type: 'skip', clusters: [first], reason: 'old', ...ann });
    fleet.take({ type: 'retry', clusters: [first], ...ann });
    fleet.take({ type: 'skip', clusters: [first], reason: 'old', ...ann });
    fleet.take({ type: 'removed', clusters: [first], why: 'left' });
  },
  'is held in a rollback before its turn comes, and then given up, gone, let go'(transitions) {
    const fleet = settled(6, transitions);
    fleet.start(2, strategy([wave('all')], { rollback: { maxConcurrency: 1 } }));
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    const [a = '', b = '', c = ''] = fleet.in('pending');
    fleet.hold(a, b, c);
    fleet.take({ type: 'skip', clusters: [a], reason: 'old', ...ann });
    fleet.take({ type: 'removed', clusters: [b], why: 'left' });
    fleet.unhold(c);
    fleet.take({ type: 'retry', clusters: [c], ...ann });
  },
  'is under way when it leaves or its agent holds more'(transitions) {
    const fleet = settled(4, transitions);
    fleet.start(2, one());
    fleet.report('c0', ack);
    fleet.report('c1', ack);
    fleet.take({ type: 'ahead', cluster: 'c0', generation: 9 });
    fleet.take({ type: 'removed', clusters: ['c1', 'c2'], why: 'left' });
  },
  'planned anew, the open wave asks its approvers once more, wherever it is'(transitions) {
    for (const phase of ['progressing', 'soaking', 'gateAfter'] as const) {
      const { fleet, replan } = approved(transitions, phase);
      replan();
      if (phase === 'progressing') fleet.take({ type: 'skip', wave: 'first', reason: 'enough', ...ann });
    }
  },
  'gates are refused, reset, given up'(transitions) {
    const fleet = settled(2, transitions);
    const gated = strategy([
      wave('first', { take: 1, ...lax, before: [approval], after: [approval, office] }),
      wave('rest', lax),
    ]);
    fleet.start(2, gated);
    fleet.take({ type: 'approve', ...bob });
    fleet.take({ type: 'reject', wave: 'first', reason: 'no', ...ann });
    fleet.take({ type: 'resume', ...ann });
    fleet.passAll();
    fleet.take({ type: 'promote', ...ann });
    fleet.take({ type: 'approve', ...bob });
    fleet.take({ type: 'skip', wave: 'rest', reason: 'no', ...ann });
  },
  'an approved gate is rejected ahead of its wave'(transitions) {
    const fleet = settled(2, transitions);
    fleet.start(2, strategy([wave('first', { take: 1, before: [approval, office] }), wave('rest')]));
    fleet.take({ type: 'approve', ...bob });
    fleet.take({ type: 'reject', reason: 'no', ...ann });
  },
  'waves are given up in each phase'(transitions) {
    for (const phase of ['progressing', 'soaking', 'gateAfter', 'gateBefore'] as const) {
      const fleet = settled(3, transitions);
      const first = wave('first', {
        ...lax,
        take: 1,
        ...(phase === 'soaking' && { soakMs: 60_000 }),
        ...(phase === 'gateAfter' && { after: [approval] }),
        ...(phase === 'gateBefore' && { before: [approval] }),
      });
      fleet.start(2, strategy([first, wave('rest', lax)]));
      if (phase === 'soaking' || phase === 'gateAfter') {
        fleet.passAll();
        // Whoever passed is gone: nobody is left.
        fleet.take({ type: 'removed', clusters: fleet.in('passed', 0), why: 'left' });
      } else fleet.take({ type: 'skip', wave: 'first', reason: 'enough', ...ann });
    }
  },
  'clusters of a wave at its last gate are retried'(transitions) {
    const fleet = settled(2, transitions);
    fleet.start(2, one({ soakMs: 60_000, after: [approval] }));
    fleet.report('c0');
    fleet.report('c1', sick);
    fleet.take({ type: 'retry', clusters: ['c1'], ...ann });
    fleet.report('c1', sick);
    fleet.pass(60_000);
    fleet.take({ type: 'retry', clusters: ['c1'], ...ann });
  },
  'ended in each way, and taken back'(transitions) {
    const cancelled = settled(2, transitions);
    cancelled.start(2, one());
    cancelled.report('c0', ack);
    cancelled.take({ type: 'cancel', ...ann });
    cancelled.take({ type: 'rollback', ...ann });
    const excepted = settled(2, transitions);
    excepted.start(2, one());
    excepted.report('c0');
    excepted.report('c1', sick);
    excepted.take({ type: 'rollback', ...ann });
  },
};

/** The first wave begun with an approval, and as far as it should be; `replan` moves a cluster into it. */
function approved(
  transitions: Transitions,
  phase: 'progressing' | 'soaking' | 'gateAfter',
): { readonly fleet: Scenario; readonly replan: () => void } {
  const fleet = settled(4, transitions);
  const ring = (uid: string): Record<string, string> => ({ ring: uid === 'c0' || uid === 'c1' ? '0' : '1' });
  const spec = strategy([
    wave('first', {
      ...lax,
      selector: { matchLabels: { ring: '0' } },
      before: [approval],
      ...(phase === 'soaking' && { soakMs: 60_000 }),
      ...(phase === 'gateAfter' && { after: [office] }),
    }),
    wave('rest', lax),
  ]);
  fleet.start(2, spec, { members: fleet.members(2, fleet.uids, ring) });
  fleet.take({ type: 'approve', ...bob });
  const [first = ''] = fleet.in('assigned');
  fleet.report(first);
  if (phase !== 'progressing') fleet.passAll();
  const members = fleet.members(2, fleet.uids, (uid) => (uid === 'c3' ? { ring: '0' } : ring(uid)));
  return { fleet, replan: () => void fleet.take({ type: 'replan', strategy: spec, members, ...ann }) };
}
