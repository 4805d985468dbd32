import type { Draft } from '../draft.js';
import {
  gatesOf,
  isGateOpen,
  isOfType,
  sideOf,
  validApprovals,
  withGate,
  type Gate,
  type GateOf,
  type Side,
} from '../gate-state.js';
import type { Approval, Rollout, RolloutEvent, WaveProgress } from '../model.js';
import { actOf } from './act.js';
import { approvalText, gateName, refuseGate } from './gates.js';
import { notRunning } from './named-rows.js';
import type { Refusal } from './refusal.js';

type ApproveEvent = Extract<RolloutEvent, { type: 'approve' }>;
type RejectEvent = Extract<RolloutEvent, { type: 'reject' }>;
type ApprovalGate = Gate<GateOf<'approval'>>;

/** The approval gates that a yes or no is for. */
interface Asked {
  readonly wave: WaveProgress;
  readonly index: number;
  readonly gates: readonly ApprovalGate[];
}

/** A person's yes to a wave as it is planned now. */
export function approve(draft: Draft, event: ApproveEvent): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  if (event.plan !== undefined && event.plan !== running.planDigest) {
    return {
      code: 'plan-changed',
      message: `the plan that was seen (${short(event.plan)}) is not the present one (${short(running.planDigest)}): look at it again (flotilla rollout plan ${draft.header.application}), then approve it`,
    };
  }
  if (isOwn(running, event)) {
    return {
      code: 'own-release',
      message: `who wrote the commit or started rollout ${running.id} does not approve it: somebody else has to (flotilla rollout approve ${draft.header.application})`,
    };
  }
  const asked = askedGates(draft, running, event.wave);
  if ('code' in asked) return asked;
  const { wave, index, gates } = asked;
  const refused = gates.find(({ progress }) => progress.state === 'refused');
  if (refused) return gateRefused(draft, wave, refused);
  // Said twice is said once.
  if (gates.every(({ progress }) => validApprovals(wave, progress).some(({ actor }) => actor === event.actor)))
    return null;
  const open = gates.filter((gate) => !isGateOpen(wave, gate, draft.now));
  if (open.length === 0) return nobodyAsks(draft, running, wave);
  for (const gate of open) addApproval(draft, index, gate, event);
  draft.note('approved', approvedText(draft, index, open), actOf(event));
  draft.wakeNow();
  return null;
}

function isOwn(running: Rollout, { actor, email }: ApproveEvent): boolean {
  const author = running.author?.email.trim().toLowerCase();
  return (
    actor === running.startedBy || (author !== undefined && author !== '' && email?.trim().toLowerCase() === author)
  );
}

function addApproval(draft: Draft, index: number, { progress }: ApprovalGate, event: ApproveEvent): void {
  const wave = draft.running?.waves[index];
  if (!wave) return;
  const approval: Approval = { ...actOf(event), at: draft.now, digest: wave.digest };
  // One that was given for an earlier plan counts no more.
  const others = validApprovals(wave, progress).filter(({ actor }) => actor !== event.actor);
  draft.setWave(index, withGate(wave, { ...progress, approvals: [...others, approval] }));
}

function approvedText(draft: Draft, index: number, gates: readonly ApprovalGate[]): string {
  const wave = draft.running?.waves[index];
  if (!wave) return '';
  const names = new Set(gates.map(({ spec }) => spec.name));
  const counted = (['before', 'after'] as const)
    .flatMap((when) => gatesOf(wave, when))
    .filter(({ spec, progress }) => names.has(spec.name) && progress.when === gates[0]?.progress.when)
    .map((gate) => `${gateName(gate)}: ${approvalText(wave, gate)}`);
  return `wave ${wave.name} is approved (${counted.join(', ')})`;
}

/** A person's no: the rollout holds until somebody resumes it, gives the wave up, or takes the release back. */
export function reject(draft: Draft, event: RejectEvent): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  const { application } = draft.header;
  if (event.reason === undefined || event.reason.trim() === '') {
    return {
      code: 'reason-required',
      message: `say why it is rejected: whoever comes next has to know (flotilla rollout reject ${application} --reason WHY)`,
    };
  }
  const asked = askedGates(draft, running, event.wave);
  if ('code' in asked) return asked;
  const { wave, index, gates } = asked;
  const left = gates.filter(({ progress }) => progress.state !== 'refused');
  if (left.length === 0) return null;
  const message = `rejected by ${event.actor}: ${event.reason}`;
  for (const gate of left) refuseGate(draft, index, gate, message);
  const names = left.map(gateName).join(', ');
  draft.note('rejected', `wave ${wave.name} is rejected`, actOf(event));
  draft.addHold('gate', `${names} of wave ${wave.name} said no: ${message}`);
  return null;
}

/** The wave that is named, or else the one that waits now; and those of its approval gates that are asked next. */
function askedGates(draft: Draft, running: Rollout, name: string | undefined): Asked | Refusal {
  const index = name === undefined ? running.wave : running.waves.findIndex((wave) => wave.name === name);
  const wave = running.waves[index];
  if (name !== undefined && !wave) {
    const names = running.waves.map((each) => each.name).join(', ');
    return { code: 'unknown-wave', message: `rollout ${running.id} has no wave ${name}; its waves are ${names}` };
  }
  const when = wave && nextSide(wave, name !== undefined);
  const gates = wave && when ? gatesOf(wave, when).filter(isOfType('approval')) : [];
  if (!wave || gates.length === 0) return nobodyAsks(draft, running, name === undefined ? undefined : wave);
  return { wave, index, gates };
}

/** The side that waits; ahead of time, for whoever names the wave, the next one with an approval gate. */
function nextSide(wave: WaveProgress, ahead: boolean): Side | null {
  const waits = sideOf(wave.phase);
  if (waits || !ahead || wave.givenUp) return waits;
  const has = (when: Side): boolean => gatesOf(wave, when).some(isOfType('approval'));
  switch (wave.phase) {
    case 'pending':
      return has('before') ? 'before' : 'after';
    case 'progressing':
    case 'soaking':
      return 'after';
    case 'gateBefore':
    case 'gateAfter':
    case 'done':
    case 'skipped':
      return null;
  }
}

function gateRefused({ header }: Draft, wave: WaveProgress, gate: ApprovalGate): Refusal {
  return {
    code: 'gate-refused',
    message: `${gateName(gate)} of wave ${wave.name} was ${gate.progress.last?.message ?? 'rejected'}: resume first (flotilla rollout resume ${header.application}), then approve`,
  };
}

/** Nobody waits for an approval: whose turn is next is said, so that it can be given ahead of time. */
function nobodyAsks({ header, now }: Draft, running: Rollout, named: WaveProgress | undefined): Refusal {
  const code = 'no-approval-waits';
  if (named) return { code, message: `wave ${named.name} is ${named.phase} and waits for no approval` };
  const next = running.waves
    .slice(running.wave)
    .find((wave) =>
      (['before', 'after'] as const).some((when) =>
        gatesOf(wave, when).some((gate) => gate.spec.type === 'approval' && !isGateOpen(wave, gate, now)),
      ),
    );
  const then = next
    ? `wave ${next.name} is the next to need one: approve it ahead of time (flotilla rollout approve ${header.application} --wave ${next.name})`
    : 'no wave of it needs one any more';
  return { code, message: `rollout ${running.id} waits for no approval now; ${then}` };
}

function short(digest: string): string {
  return digest === '' ? 'none' : digest.slice(0, 12);
}
