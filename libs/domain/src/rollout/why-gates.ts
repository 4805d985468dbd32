import { formatDuration } from '../duration.js';
import type { Hold } from '../hold.js';
import {
  gatesOf,
  isGateOpen,
  scheduleOpening,
  sideOf,
  validApprovals,
  type Gate,
  type GateOf,
  type Side,
} from './gate-state.js';
import type { GateProgress, Millis, WaveProgress } from './model.js';
import { ago, localTime, personOf } from './why-text.js';

/** The gates that a wave waits at; one that said no is a hold of the rollout's own. */
export function gateHolds(wave: WaveProgress, now: Millis): Hold[] {
  const when = sideOf(wave.phase);
  if (!when) return [];
  return gatesOf(wave, when)
    .filter((gate) => gate.progress.state !== 'refused' && !isGateOpen(wave, gate, now))
    .map((gate) => gateHold(wave, gate, now));
}

function gateHold(wave: WaveProgress, { spec, progress }: Gate, now: Millis): Hold {
  const since = progress.since ?? now;
  const end = progress.when === 'before' ? '' : ' to be done';
  const waits = `wave ${wave.name} waits${end}`;
  switch (spec.type) {
    case 'approval':
      return { code: 'approval', message: `${waits} for ${approvalsText(wave, spec, progress, now)}`, since };
    case 'schedule': {
      const opening = scheduleOpening(spec, now);
      const opens =
        opening === null
          ? 'it never opens'
          : `it opens at ${localTime(opening, spec.windows[0]?.timeZone ?? 'UTC')}, in ${formatDuration(opening - now)}`;
      const message = `${waits} for its schedule ${spec.name}: ${opens}`;
      return { code: 'schedule', message, since, ...(opening !== null && { clearsAt: opening }) };
    }
    case 'webhook':
      return { code: 'webhook', message: `${waits} for webhook ${spec.name}: ${answerText(progress, now)}`, since };
    case 'metric': {
      const { ok, failed } = progress.samples ?? { ok: 0, failed: 0 };
      const samples = `${ok} of ${spec.count} good samples, ${failed} bad of ${spec.failureLimit} that may be`;
      const message = `${waits} for metric ${spec.name}: ${samples}; ${answerText(progress, now)}`;
      return { code: 'metric', message, since };
    }
  }
}

function approvalsText(wave: WaveProgress, spec: GateOf<'approval'>, progress: GateProgress, now: Millis): string {
  const valid = validApprovals(wave, progress);
  const missing = spec.approvers - valid.length;
  const given = valid.map(({ actor, at }) => `${personOf(actor)} approved ${ago(at, now)}`);
  const stale = (progress.approvals ?? []).filter(({ digest }) => digest !== wave.digest);
  const void_ = stale.map(({ actor }) => `${personOf(actor)} approved an earlier plan, which counts no more`);
  const because = [...given, ...void_].join(', ');
  const wanted =
    valid.length > 0
      ? `${missing} more approval${missing === 1 ? '' : 's'} of ${spec.approvers}`
      : missing === 1
        ? 'an approval'
        : `${missing} approvals`;
  return because === '' ? wanted : `${wanted}: ${because}`;
}

function answerText({ last, askAt }: GateProgress, now: Millis): string {
  const answered = last ? `it said ${ago(last.at, now)}: ${last.message}` : 'it has not answered yet';
  const again =
    askAt === undefined || askAt <= now ? 'it is asked now' : `it is asked again in ${formatDuration(askAt - now)}`;
  return `${answered}; ${again}`;
}

/** Where each gate of a wave stands, one sentence each. */
export function gateEvidence(wave: WaveProgress, now: Millis): string[] {
  return (['before', 'after'] as const).flatMap((when) =>
    gatesOf(wave, when).map((gate) => gateLine(wave, when, gate, now)),
  );
}

function gateLine(wave: WaveProgress, when: Side, gate: Gate, now: Millis): string {
  const { spec, progress } = gate;
  const name = `Gate ${spec.type} ${spec.name}, ${when} wave ${wave.name}`;
  const approvals = validApprovals(wave, progress).map(({ actor, at }) => `${personOf(actor)} ${ago(at, now)}`);
  const by = spec.type === 'approval' ? `${approvals.length} of ${spec.approvers} approvals` : '';
  const who = approvals.length > 0 ? ` (${approvals.join(', ')})` : '';
  const opened = progress.openedBy === undefined ? '' : `, opened early by ${personOf(progress.openedBy)}`;
  const last = progress.last ? `, last: ${progress.last.message} (${ago(progress.last.at, now)})` : '';
  const samples = progress.samples ? `, ${progress.samples.ok} good and ${progress.samples.failed} bad samples` : '';
  const state = sideOf(wave.phase) === when && isGateOpen(wave, gate, now) ? 'open' : stateText(progress, wave, when);
  return `${name}: ${state}${by === '' ? '' : `, ${by}${who}`}${opened}${samples}${last}`;
}

/** What is not asked yet does not wait. */
function stateText({ state }: GateProgress, wave: WaveProgress, when: Side): string {
  return state === 'waiting' && sideOf(wave.phase) !== when ? 'not its turn yet' : state;
}
