import type { ApprovalView, GateView, WindowView } from '#contract';
import {
  formatDuration,
  isGateOpen,
  type GateProgress,
  type GateSpec,
  type ResolvedWave,
  type WaveProgress,
  type WindowSpec,
} from '#domain';
import { iso, isoField } from './time.js';

export function windowView({ cron, durationMs, timeZone }: WindowSpec): WindowView {
  const zone = typeof timeZone === 'string' ? timeZone : `label:${timeZone.label}`;
  return { cron, duration: formatDuration(durationMs), timeZone: zone };
}

/** A wave's gates, those before it first. @param digest of the wave: approvals for another one count no more. */
export function gateViews(
  wave: Pick<ResolvedWave, 'before' | 'after'> & Pick<WaveProgress, 'gates' | 'digest'>,
  now: number,
): GateView[] {
  const side = (when: GateView['when'], specs: readonly GateSpec[] = []): GateView[] =>
    specs.map((spec) => {
      const progress = wave.gates?.find((gate) => gate.when === when && gate.name === spec.name);
      return gateView(spec, progress ?? { when, name: spec.name, state: 'waiting' }, wave.digest, now);
    });
  return [...side('before', wave.before), ...side('after', wave.after)];
}

function gateView(spec: GateSpec, progress: GateProgress, digest: string, now: number): GateView {
  const { approvals = [], samples, last, openedBy } = progress;
  return {
    when: progress.when,
    name: spec.name,
    type: spec.type,
    state:
      progress.state === 'refused' ? 'refused' : isGateOpen({ digest }, { spec, progress }, now) ? 'open' : 'waiting',
    wants: wantsOf(spec),
    ...isoField('since', progress.since),
    ...isoField('openedAt', progress.openedAt),
    ...(openedBy !== undefined && { openedBy }),
    ...settingsOf(spec),
    ...(spec.type === 'approval' && { approvals: approvals.map((each) => approvalView(each, digest)) }),
    ...(samples && { samples: { ...samples } }),
    ...(last && { last: { message: last.message, at: iso(last.at) } }),
    ...isoField('askAt', progress.askAt),
  };
}

function approvalView(
  { actor, at, reason, digest }: NonNullable<GateProgress['approvals']>[number],
  present: string,
): ApprovalView {
  return { actor, at: iso(at), ...(reason !== undefined && { reason }), counts: digest === present };
}

/** What a person may know of a gate's settings: an address may hold a token, so only its host. */
function settingsOf(spec: GateSpec): Partial<GateView> {
  switch (spec.type) {
    case 'approval':
      return { approvers: spec.approvers };
    case 'schedule':
      return { ...isoField('notBefore', spec.notBefore), windows: spec.windows.map(windowView) };
    case 'webhook':
      return {};
    case 'metric':
      return { count: spec.count, failureLimit: spec.failureLimit };
  }
}

function wantsOf(spec: GateSpec): string {
  switch (spec.type) {
    case 'approval': {
      const people = spec.approvers === 1 ? 'one person' : `${spec.approvers} people`;
      return `${people} who neither wrote the commit nor started the rollout to approve`;
    }
    case 'schedule': {
      const from = spec.notBefore === undefined ? [] : [`${iso(spec.notBefore)} or later`];
      const windows = spec.windows.map(
        ({ cron, durationMs, timeZone }) => `${formatDuration(durationMs)} from each "${cron}" (${timeZone})`,
      );
      return [...from, ...(windows.length > 0 ? [windows.join(' or ')] : [])].join(', within ') || 'nothing';
    }
    case 'webhook':
      return `${hostOf(spec.url)} to answer 2xx, asked every ${formatDuration(spec.intervalMs)}`;
    case 'metric': {
      const times = spec.count === 1 ? 'once' : `${spec.count} times`;
      return `${spec.successCondition} to hold ${times} at ${hostOf(spec.url)}, asked every ${formatDuration(spec.intervalMs)}; ${spec.failureLimit} may fail`;
    }
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'its address';
}
