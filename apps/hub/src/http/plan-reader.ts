import { Inject, Injectable } from '@nestjs/common';
import type { PlannedClusterView, PlannedWaveView, PlanRequest, PlanView } from '#contract';
import {
  formatDuration,
  newHeader,
  planRollout,
  step,
  type ApplicationHeader,
  type LoadedRow,
  type PlannedCluster,
  type PlannedWave,
  type RolloutEvent,
  type RolloutPlan,
} from '#domain';
import type { Clock, Store, StoredRelease } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { startEvent } from '../steps/assign/manual-start.js';
import { ReadStartInputs, type StartInputs } from '../steps/assign/start-inputs.js';
import type { Caller } from './access/permit.js';
import { Reach } from './access/reach.js';
import { freezeView, inForce } from './views/freeze-view.js';
import { gateViews, windowView } from './views/gate-view.js';
import { holdView } from './views/hold-view.js';
import { dropView } from './views/rollout-view.js';

/** Which release, and by which strategy: by its name, or its spec where it is not saved. */
type StartWish = Pick<PlanRequest, 'release' | 'strategy'>;

/** A start that is not made: the application as it stands, and what would be told to the engine. */
export interface ImaginedStart {
  readonly header: ApplicationHeader;
  readonly rows: readonly LoadedRow[];
  readonly inputs: StartInputs;
  readonly event: Extract<RolloutEvent, { type: 'start' }>;
  readonly now: number;
}

/** Shows what a start would do; nothing is written. */
@Injectable()
export class PlanReader {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly inputs: ReadStartInputs,
    private readonly reach: Reach,
  ) {}

  /** @throws RejectedError as a start of what is not there. */
  async imagine(
    application: string,
    wish: StartWish,
    { actor, sees }: Pick<Caller, 'actor' | 'sees'>,
  ): Promise<ImaginedStart> {
    const { read } = this.store;
    const { release, strategy } = wish;
    const hidden = typeof strategy === 'string' && !(await this.reach.seesUsed(sees, 'Strategy', strategy));
    const inputs = await this.inputs.read(application, { release, strategy, hidden });
    const header = (await read.rollouts.header(application)) ?? newHeader(application);
    const rows = await read.rollouts.rows(application, { all: true });
    return { header, rows, inputs, event: startEvent(inputs, { actor }), now: this.clock.now() };
  }

  async plan(application: string, wish: StartWish, caller: Pick<Caller, 'actor' | 'sees'>): Promise<PlanView> {
    const imagined = await this.imagine(application, wish, caller);
    const { header, rows, inputs, event, now } = imagined;
    const plan = planRollout(header, rows, event, now);
    const freeze = inForce(await this.store.read.freeze.get(), now);
    return {
      application,
      release: plan.release,
      revision: inputs.release.revision,
      strategy: inputs.strategyName,
      digest: plan.digest,
      total: plan.total,
      waves: plan.waves.map((wave) => waveView(wave, now)),
      bundles: bundleViews(plan, inputs.release),
      drops: plan.drops.map(dropView),
      ...(plan.excessive.length > 0 && { excessive: plan.excessive.map(dropView) }),
      warnings: [...plan.warnings],
      ...whatThen(imagined),
      holds: plan.holds.map(holdView),
      ...(freeze && { freeze: freezeView(freeze) }),
    };
  }
}

/** What the engine makes of the start: asked, not guessed. */
function whatThen({ header, rows, event, now }: ImaginedStart): Pick<PlanView, 'running' | 'refused'> {
  const { rollout } = header;
  const running = rollout?.state === 'running' ? rollout.id : null;
  const decision = step(header, rows, event, now);
  const isAtIt = running !== null && !decision.changed && header.queued?.release !== event.release;
  const refused =
    decision.refused ??
    (isAtIt ? { code: 'nothing-to-start', message: `${running} is at release ${event.release} already` } : null);
  if (refused) {
    const { code, message } = refused;
    return { ...(running !== null && { running: { rollout: running, then: 'refused' } }), refused: { code, message } };
  }
  if (running === null) return {};
  const then = decision.header.rollout?.id === running ? 'queued' : 'supersedes';
  return { running: { rollout: running, then } };
}

function waveView(wave: PlannedWave, now: number): PlannedWaveView {
  return {
    name: wave.name,
    digest: wave.digest,
    total: wave.total,
    maxConcurrency: wave.maxConcurrency,
    maxFailures: wave.maxFailures,
    maxUnreachable: wave.maxUnreachable,
    ackTimeout: formatDuration(wave.ackTimeoutMs),
    progressDeadline: formatDuration(wave.progressDeadlineMs),
    healthyFor: formatDuration(wave.healthyForMs),
    soak: formatDuration(wave.soakMs),
    gates: gateViews(wave, now),
    windows: (wave.windows ?? []).map(windowView),
    clusters: wave.clusters.map(clusterView),
  };
}

function clusterView(cluster: PlannedCluster): PlannedClusterView {
  const { uid, name, overlay, digest, previous, change, status, healthBefore, dropped, zone } = cluster;
  return {
    ...{ cluster: name, uid, overlay, digest, change },
    previous: previous && { release: previous.release, digest: previous.digest },
    ...(status && { status }),
    ...(healthBefore && { healthBefore }),
    ...(dropped !== undefined && { dropped }),
    ...(zone !== undefined && { zone }),
  };
}

function bundleViews({ bundles }: RolloutPlan, release: StoredRelease): PlanView['bundles'] {
  const sizes = new Map(Object.values(release.overlays).map((overlay) => [overlay.digest, overlay]));
  return bundles.map(({ digest, overlays, clusters, names, waves }) => {
    const { objects = 0, bytes = 0 } = sizes.get(digest) ?? {};
    return { digest, overlays: [...overlays], objects, bytes, clusters, names: [...names], waves: [...waves] };
  });
}
