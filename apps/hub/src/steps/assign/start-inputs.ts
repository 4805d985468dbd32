import { Inject, Injectable } from '@nestjs/common';
import { UNSAVED_STRATEGY, toStrategySpec, type ApplicationSpec, type StrategyDocumentSpec } from '#contract';
import { place, type BundleDrop, type Member, type StrategySpec } from '#domain';
import { RejectedError } from '#kit';
import type { Store, StoredRelease, Unit } from '#ports';
import { STORE } from '../../parts.js';
import { termsDigest } from './application-terms.js';
import { BundleDrops } from './bundle-drops.js';
import { DeclaredSources } from '../render/declared-sources.js';
import { isChartApplication, placementOf } from './placement-of.js';
import { Blocked, noStrategy, readSpec, readStrategy } from './inputs.js';

/** What a person's start, plan or replan is made of, as it stands now. */
export interface StartInputs {
  /** The application's, as it stands. */
  readonly spec: ApplicationSpec;
  readonly release: StoredRelease;
  readonly strategy: StrategySpec;
  /** The strategy's name; UNSAVED_STRATEGY of one that has none. */
  readonly strategyName: string;
  /** The joined clusters that the placement takes and that the release has an overlay for. */
  readonly members: readonly Member[];
  /** What the release drops from the bundles that those clusters have. */
  readonly drops: readonly BundleDrop[];
}

/** Reads releases, strategies and placements for people's commands. */
@Injectable()
export class ReadStartInputs {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly bundleDrops: BundleDrops,
  ) {}

  /**
   * @param release the newest one unless told.
   * @param strategy another one than the application's: its name, or its spec.
   * @param hidden that one is not for whoever asks to see, and is answered as one that is not there.
   * @throws RejectedError `not-found`, `nothing-placed`, `spec`, `strategy`.
   */
  async read(
    application: string,
    {
      release: number,
      strategy: other,
      hidden = false,
    }: {
      readonly release?: number | undefined;
      readonly strategy?: string | StrategyDocumentSpec | undefined;
      readonly hidden?: boolean | undefined;
    },
    read: Unit = this.store.read,
  ): Promise<StartInputs> {
    const resource = await read.resources.get('Application', application);
    if (!resource) throw new RejectedError('not-found', `Application "${application}" does not exist`, { status: 404 });
    const spec = await possible(async () => readSpec(resource));
    const release = await releaseOf(read, application, number);
    const strategyName = typeof other === 'object' ? UNSAVED_STRATEGY : (other ?? spec.strategy);
    const strategy = await possible(async () => {
      if (typeof other === 'object') return toStrategySpec(other);
      if (hidden) throw noStrategy(strategyName);
      return readStrategy(read, { strategy: strategyName });
    });
    const members = await membersOf(read, spec, release);
    const rows = (await read.rollouts.rows(application, { all: true })).map(({ row }) => row);
    const drops = await this.bundleDrops.of(read, { rows, members, release, namespace: spec.namespace });
    return { spec, release, strategy, strategyName, members, drops };
  }
}

/** What blocks an application is told to whoever wants to start it. */
async function possible<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Blocked) throw new RejectedError(error.code, error.message, { status: 422 });
    throw error;
  }
}

async function releaseOf(read: Unit, application: string, number: number | undefined): Promise<StoredRelease> {
  const release =
    number === undefined ? await read.releases.latest(application) : await read.releases.get(application, number);
  if (release) return release;
  const what = number === undefined ? 'no release yet' : `no release ${number}`;
  throw new RejectedError(
    'not-found',
    `Application "${application}" has ${what}: \`flotilla get releases\` lists them`,
    { status: 404 },
  );
}

async function membersOf(read: Unit, spec: ApplicationSpec, release: StoredRelease): Promise<readonly Member[]> {
  const clusters = await read.clusters.joined();
  const byUid = new Map(clusters.map((cluster) => [cluster.uid, cluster]));
  const isChart = isChartApplication(spec, await DeclaredSources.read(read));
  const chart = { isChart, asksForApis: release.details?.asksForApis === true };
  const { members } = place(placementOf(spec, chart), clusters);
  const terms = termsDigest(release.details?.terms);
  const placed = members.flatMap(({ uid, overlay }): Member[] => {
    const cluster = byUid.get(uid);
    const digest = release.overlays[overlay]?.digest;
    if (!cluster || digest === undefined) return [];
    const { name, labels, facts, online, hold } = cluster;
    const told = { overlay, digest, ...terms, online, ...(hold && { held: true }) };
    return [{ uid, name, labels, facts, ...told }];
  });
  if (placed.length > 0) return placed;
  throw new RejectedError(
    'nothing-placed',
    `Release ${release.number} has no overlay for any joined cluster: mend spec.path or spec.placement`,
    { status: 422 },
  );
}
