import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import type { Distribution as DistributionView, RehearsalAnswer, RehearsalRequest } from '#contract';
import {
  formatDuration,
  parseDuration,
  type Distribution,
  type Freeze,
  type PresenceInput,
  type RehearsalInput,
  type RehearsalRates,
  type RehearsalReport,
} from '#domain';
import { RejectedError } from '#kit';
import type { Store } from '#ports';
import { SETTINGS, STORE, type HubSettings } from '../parts.js';
import { runRehearsal } from '../rehearsals/run-rehearsal.js';
import { MISSED_BEATS } from '../steps/collect/silence.js';
import type { Caller } from './access/permit.js';
import { PlanReader } from './plan-reader.js';
import { inForce } from './views/freeze-view.js';

/** Nobody waits longer. */
const LIMIT_MS = 15 * 60_000;
/** Runs times clusters: some minutes of one core. */
const MAX_WORK = 2_000_000;
/** More than these wait for nobody's good. */
const MAX_WAITING = 10;

/** Plays a start many times over on a virtual clock, by the engine that would take it; nothing is written. */
@Injectable()
export class Rehearser {
  /** It is work for the processor: one at a time. */
  private readonly limit = pLimit(1);

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly plans: PlanReader,
  ) {}

  /**
   * @param gone aborts when nobody waits for the answer any more.
   * @throws RejectedError as a start would be refused, `queued`, `nothing-to-start`, `too-many-runs`, `too-long`, `busy`.
   */
  rehearse(
    application: string,
    request: RehearsalRequest,
    { caller, gone }: { readonly caller: Pick<Caller, 'actor' | 'sees'>; readonly gone: AbortSignal },
  ): Promise<RehearsalAnswer> {
    if (this.limit.pendingCount >= MAX_WAITING) {
      const message = `${MAX_WAITING} rehearsals wait for their turn on this hub: ask again when they have ended`;
      return Promise.reject(new RejectedError('busy', message, { status: 429 }));
    }
    return this.limit(async () => {
      gone.throwIfAborted();
      const { header, rows, event, now } = await this.plans.imagine(application, request, caller);
      checkWork(request.runs, event.members.length);
      const freeze = inForce(await this.store.read.freeze.get(), now);
      const input: RehearsalInput = {
        ...{ header, rows: rows.map(({ row }) => row), start: event, now },
        presence: await this.presence(),
        rates: { ...ratesOf(request), ...this.heartbeats() },
        // Told with the answer, so that it can be asked for again.
        seed: request.seed ?? Math.floor(Math.random() * 2 ** 32),
        ...(freeze && { freeze }),
      };
      const limit = AbortSignal.timeout(LIMIT_MS);
      const began = performance.now();
      const result = await runRehearsal({ input, runs: request.runs }, AbortSignal.any([gone, limit])).catch(
        (error: unknown): never => {
          if (!limit.aborted) throw error;
          const message = `runs: ${request.runs} of so many clusters take more than ${formatDuration(LIMIT_MS)}: ask for fewer`;
          throw new RejectedError('too-long', message, { status: 422 });
        },
      );
      if ('refused' in result) throw new RejectedError(result.refused.code, result.refused.message, { status: 409 });
      const offline = event.members.filter(({ online }) => online === false).length;
      return answerOf(application, result.report, { request, offline, freeze, tookMs: performance.now() - began });
    });
  }

  private heartbeats(): Pick<RehearsalRates, 'heartbeatMs' | 'silenceMs'> {
    const { heartbeatMs } = this.settings;
    return { heartbeatMs, silenceMs: heartbeatMs * MISSED_BEATS };
  }

  private async presence(): Promise<readonly PresenceInput[]> {
    const clusters = await this.store.read.clusters.joined();
    return clusters.map(({ uid, online, seenAt, hold }) => ({ uid, online, seenAt, ...(hold && { held: true }) }));
  }
}

function checkWork(runs: number, clusters: number): void {
  if (runs * clusters <= MAX_WORK) return;
  const most = Math.floor(MAX_WORK / clusters);
  throw new RejectedError('too-many-runs', `runs: must be at most ${most} over ${clusters} clusters`, { status: 422 });
}

function ratesOf(request: RehearsalRequest): Partial<RehearsalRates> {
  const { failureRate, lateFailureRate, offlineRate, flapRate } = request;
  const spread = (text: string): RehearsalRates['latencyMs'] => {
    const median = Math.max(1, parseDuration(text) ?? 0);
    return { median, p99: 5 * median };
  };
  return {
    ...{ failureRate, lateFailureRate, offlineRate, flapRate },
    latencyMs: spread(request.latency),
    applyMs: spread(request.ready),
    approvalMs: parseDuration(request.approval) ?? 0,
  };
}

interface Circumstances {
  readonly request: RehearsalRequest;
  /** Clusters that are offline now. */
  readonly offline: number;
  readonly freeze: Freeze | null | undefined;
  readonly tookMs: number;
}

function answerOf(application: string, report: RehearsalReport, circumstances: Circumstances): RehearsalAnswer {
  const { runs, seed, clusters, release, planDigest, outcomes, exposedBeforeHalt } = report;
  return {
    ...{ application, release, plan: planDigest, runs, seed, clusters },
    durationMs: figures(report.durationMs) ?? { min: 0, p50: 0, p90: 0, p99: 0, max: 0, mean: 0 },
    histogram: report.histogram.map((bin) => ({ ...bin, outcomes: { ...bin.outcomes } })),
    outcomes: Object.fromEntries(Object.entries(outcomes).filter(([, count]) => count > 0)),
    exposed: figures(exposedBeforeHalt),
    halts: report.halts.map((halt) => ({ ...halt })),
    gates: report.gates.map((gate) => ({ ...gate, waitedMs: figures(gate.waitedMs) })),
    waves: report.waves.map((wave) => ({
      name: wave.name,
      clusters: wave.clusters.length,
      reached: wave.reached,
      openedMs: figures(wave.openedMs),
      doneMs: figures(wave.doneMs),
    })),
    order: report.waves.flatMap(({ name: wave, clusters: inWave }) =>
      inWave.map(({ name }) => ({ cluster: name, wave })),
    ),
    assumptions: assumptionsOf(report, circumstances),
    warnings: [...report.warnings],
    tookMs: Math.round(circumstances.tookMs),
  };
}

function figures(distribution: Distribution | null): DistributionView | null {
  if (!distribution) return null;
  const { min, p50, p90, p99, max, mean } = distribution;
  return { min, p50, p90, p99, max, mean: Math.round(mean) };
}

function assumptionsOf(report: RehearsalReport, { request, offline, freeze }: Circumstances): string[] {
  const types = new Set(report.gates.map(({ type }) => type));
  const yes = formatDuration(parseDuration(request.approval) ?? 0);
  const lasts = freeze?.until === undefined ? 'nobody lifts it' : 'it lasts until then';
  return [
    ...(offline > 0 ? [`${offline} ${offline === 1 ? 'cluster' : 'clusters'} offline now: so they stay`] : []),
    ...(freeze ? [`the fleet is frozen by ${freeze.by}: ${lasts}`] : []),
    ...(types.has('approval') ? [`people approve ${yes} after they are asked`] : []),
    ...(types.has('webhook') ? ['webhooks say yes as soon as they are asked'] : []),
    ...(types.has('metric') ? ['metrics are good whenever they are asked for'] : []),
    'a paused rollout is resumed by nobody: a run ends where it halts',
  ];
}
