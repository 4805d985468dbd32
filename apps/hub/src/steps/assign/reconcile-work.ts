import { Inject, Injectable } from '@nestjs/common';
import type { Hold, JsonObject } from '#domain';
import type { Clock, Store, StoredResource } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { recordPolicies, type PolicyRecord } from '../../validation/policy-records.js';
import { Validation } from '../../validation/validation.js';
import { ChartQuestions } from '../render/chart-questions.js';
import { DeclaredSources } from '../render/declared-sources.js';
import { StepTimer } from '../step-timer.js';
import { Blocked, readSpec, readStrategy } from './inputs.js';
import { MakeRelease, mainSource } from './make-release.js';
import { ManifestSizes, requireRoom } from './manifest-room.js';
import { placeClusters } from './place-clusters.js';
import { StartRelease, type StartRequest } from './start-release.js';
import { TakeSources } from './take-sources.js';
import { Unchanged } from './unchanged.js';

/** What the hub found out about an application, shown by `flotilla get applications` and explained by `why`. */
export interface ApplicationStatus {
  /** Newest commit that could be rendered whole, or that changes nothing of what is rendered. */
  readonly revision?: string;
  readonly release?: number;
  readonly holds: readonly Hold[];
  /** Clusters left out, and why. */
  readonly warnings: readonly string[];
  /** What the hub's policies say of it, and said. Shown to whom it may be shown by a list of its own. */
  readonly policies?: readonly PolicyRecord[];
}

export interface ReconcileOutcome {
  readonly application: string;
  readonly release?: number;
  readonly rollout?: string;
  readonly error?: string;
}

/** One pass over one application; see Reconcile for when it runs. */
@Injectable()
export class ReconcileWork {
  private readonly sizes = new ManifestSizes();
  @Inject(STORE) private readonly store!: Store;
  @Inject(CLOCK) private readonly clock!: Clock;
  @Inject(StepTimer) private readonly timer!: StepTimer;
  @Inject(ChartQuestions) private readonly charts!: ChartQuestions;
  @Inject(Validation) private readonly validation!: Validation;

  constructor(
    private readonly sources: TakeSources,
    private readonly releases: MakeRelease,
    private readonly starter: StartRelease,
    readonly unchanged: Unchanged,
  ) {}

  /** Called after the commit in which a rollout of an application ended. */
  onEnded(handle: (application: string) => void): void {
    this.starter.stepper.onEnded(handle);
  }

  async run(resource: StoredResource): Promise<ReconcileOutcome> {
    const { name } = resource;
    this.unchanged.forget(name);
    const spec = readSpec(resource);
    const { read } = this.store;
    const [sources, strategy, clusters, rows, latest, header] = await Promise.all([
      DeclaredSources.read(read),
      readStrategy(read, spec),
      read.clusters.joined(),
      read.rollouts.rows(name, { all: true }),
      read.releases.latest(name),
      read.rollouts.header(name),
    ]);
    const rowByUid = new Map(rows.map(({ row }) => [row.uid, row]));
    const chart = await this.charts.ask(spec, sources, clusters);
    const placing = placeClusters(spec, chart, clusters, rowByUid);
    const taken = await this.sources.take({
      ...{ application: name, spec, sources, placing, latest },
      rollout: header?.rollout ?? null,
    });
    const { members } = taken;
    if (members.length === 0)
      throw new Blocked(
        'placement',
        `No cluster could be given an overlay: ${placing.warnings[0] ?? 'none is placed'}`,
      );
    await requireRoom(read, this.sizes, name, members);

    const checked = await this.validation.check({ application: name, spec, members, clusters, latest });
    const { policies: before = [] } = resource.status as unknown as Partial<ApplicationStatus>;
    const policies = recordPolicies(before, checked.policies, this.clock.now());
    if (checked.refusal !== null) throw new Blocked('validation', checked.refusal, { policies });

    const main = mainSource(taken, latest);
    const warnings = [...taken.warnings, ...checked.warnings];
    const release = await this.releases.make({ ...taken, resource, main, ...chart, warnings }, latest);
    const told = [...placing.warnings, ...checked.told];
    const started = {
      ...{ name, spec, strategy, release, members, clusters, warnings: told },
      ...{ rows: [...rowByUid.values()], unplaced: placing.unplaced },
    };
    const [rollout, refused] = await this.start(started);
    const stale = [...taken.sources.values()].flatMap((pin) => pin.stale ?? []);
    const blocked = [...refused, ...stale.map((why) => new Blocked('source', why)), ...taken.holds];
    const found = { revision: main.revision, release: release.number, warnings: told.slice(0, 20), policies };
    await this.keepStatus(resource, found, blocked);
    if (blocked.length === 0 && taken.read !== null) this.unchanged.remember(resource, release.number, taken.read);
    return { application: name, release: release.number, ...(rollout && { rollout }) };
  }

  /** Which rollout runs then, and why it is none of this release where its first clusters refuse it. */
  private async start(request: StartRequest): Promise<readonly [string | undefined, readonly Blocked[]]> {
    try {
      return [await this.timer.time('assign', () => this.starter.start(request)), []];
    } catch (error) {
      if (error instanceof Blocked && error.code === 'validation') return [undefined, [error]];
      throw error;
    }
  }

  /** Writes the status with what is in the way, or nothing; a hold that stands already keeps since when. Answers its sentence. */
  async keepStatus(
    resource: StoredResource,
    found: Omit<Partial<ApplicationStatus>, 'holds'>,
    blocked: readonly Blocked[],
  ): Promise<string | undefined> {
    const { holds: before = [], ...rest } = resource.status as unknown as Partial<ApplicationStatus>;
    const holds = blocked.map(({ code, message: why }): Hold => {
      const message = `${why.replace(/\.$/, '')}; what runs stays as it is`;
      const old = before.find((hold) => hold.code === code && hold.message === message);
      return { code, message, since: old?.since ?? this.clock.now() };
    });
    const status: ApplicationStatus = { warnings: [], ...rest, ...found, holds };
    await this.store.read.resources.setStatus('Application', resource.name, status as unknown as JsonObject);
    return holds[0]?.message;
  }
}
