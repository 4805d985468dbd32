import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationSpec } from '#contract';
import type { Member, StrategySpec, TargetRow } from '#domain';
import type { Store, StoredCluster, StoredRelease } from '#ports';
import { STORE } from '../../parts.js';
import { FirstWaveDryRun } from '../../validation/first-wave-dry-run.js';
import { Stepper } from '../advance/stepper.js';
import { termsDigest } from './application-terms.js';
import { authorOf } from './author.js';
import { BundleDrops } from './bundle-drops.js';
import { decideStart, missedReturns } from './decide-start.js';
import { Blocked } from './inputs.js';

export interface StartRequest {
  readonly name: string;
  readonly spec: ApplicationSpec;
  readonly strategy: StrategySpec;
  readonly release: StoredRelease;
  readonly members: readonly Member[];
  readonly rows: readonly TargetRow[];
  readonly unplaced: ReadonlySet<string>;
  readonly clusters: readonly StoredCluster[];
  /** What is to be told besides is added. */
  readonly warnings: string[];
}

/** Tells the engine what has changed for an application: a release, clusters that came, clusters that went. */
@Injectable()
export class StartRelease {
  @Inject(FirstWaveDryRun) private readonly dryRun!: FirstWaveDryRun;

  constructor(
    @Inject(STORE) private readonly store: Store,
    readonly stepper: Stepper,
    private readonly drops: BundleDrops,
  ) {}

  /** Id of the rollout that runs then, if one does. @throws Blocked where the first wave's clusters refuse the release. */
  async start(request: StartRequest): Promise<string | undefined> {
    const { name, strategy, release, rows, unplaced } = request;
    const { namespace } = request.spec;
    const members = request.members.map((member) => ({ ...member, ...termsDigest(release.details?.terms) }));
    const online = new Set(request.clusters.filter((cluster) => cluster.online).map(({ uid }) => uid));
    const header = await this.store.read.rollouts.header(name);
    const back = missedReturns(header, rows, (uid) => online.has(uid));
    if (back.length > 0) await this.stepper.take(name, { type: 'returned', clusters: back });
    const number = header?.baseline ?? null;
    const baseline =
      number === null ? null : number === release.number ? release : await this.store.read.releases.get(name, number);
    const decision = decideStart({
      header,
      rows,
      members,
      unplaced,
      online: (uid) => online.has(uid),
      release: release.number,
      baseline: ({ overlay }) => {
        const digest = baseline?.overlays[overlay]?.digest;
        // Of a release that is older than terms, none are known: its own are not the newest one's.
        return digest === undefined ? null : { overlay, digest, terms: termsDigest(baseline?.details?.terms).terms };
      },
    });
    const author = authorOf((decision.start ? release : (baseline ?? release)).author);
    const by = { actor: 'system', automatic: true, strategy, ...(author && { author }) } as const;
    if (decision.leavers.length > 0) {
      await this.stepper.take(name, { type: 'removed', clusters: decision.leavers, why: 'left' });
    }
    if (decision.start) {
      await this.tryFirst({ ...request, members });
      // Once before the lock, so that under it every bundle is known already.
      await this.drops.of(this.store.read, { rows, members, release, namespace });
      const outcome = await this.stepper.take(name, async (unit) => {
        const present = (await unit.rollouts.rows(name, { all: true })).map(({ row }) => row);
        const drops = await this.drops.of(unit, { rows: present, members, release, namespace });
        return { type: 'start', kind: 'forward', release: release.number, members, drops, ...by };
      });
      return outcome.header.rollout?.id;
    }
    if (decision.newcomers.length > 0 && baseline) {
      const outcome = await this.stepper.take(name, {
        type: 'start',
        kind: 'catchUp',
        release: baseline.number,
        members: decision.newcomers,
        ...by,
      });
      return outcome.header.rollout?.id;
    }
    return header?.rollout?.state === 'running' ? header.rollout.id : undefined;
  }

  private async tryFirst({ name: application, warnings, ...request }: StartRequest): Promise<void> {
    const tried = await this.dryRun.try({ application, ...request });
    warnings.push(...tried.warnings);
    if (tried.refusal !== null) throw new Blocked('validation', tried.refusal);
  }
}
