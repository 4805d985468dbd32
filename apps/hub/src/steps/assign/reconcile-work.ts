import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationSpec } from '#contract';
import { place, type Hold, type JsonObject, type Member, type StrategySpec, type TargetRow } from '#domain';
import type { Clock, Store, StoredCluster, StoredRelease, StoredResource } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { Stepper } from '../advance/stepper.js';
import { RenderOverlays, type OverlayError } from '../render/render-overlays.js';
import { StepTimer } from '../step-timer.js';
import { authorOf } from './author.js';
import { BundleDrops } from './bundle-drops.js';
import { decideStart } from './decide-start.js';
import { Blocked, readCommit, readSpec, readStrategy, type PinnedCommit } from './inputs.js';
import { ManifestSizes, requireRoom } from './manifest-room.js';
import { placementOf } from './placement-of.js';

/** What the hub found out about an application, shown by `flotilla get applications` and explained by `why`. */
export interface ApplicationStatus {
  /** Newest commit that could be rendered whole. */
  readonly revision?: string;
  readonly release?: number;
  readonly holds: readonly Hold[];
  /** Clusters left out, and why. */
  readonly warnings: readonly string[];
}

export interface ReconcileOutcome {
  readonly application: string;
  readonly release?: number;
  readonly rollout?: string;
  readonly error?: string;
}

interface Placed {
  readonly uid: string;
  readonly name: string;
  readonly cluster: StoredCluster;
  readonly overlay: string;
}

/** One pass over one application; see Reconcile for when it runs. */
@Injectable()
export class ReconcileWork {
  private readonly sizes = new ManifestSizes();
  @Inject(StepTimer) private readonly timer!: StepTimer;
  @Inject(BundleDrops) private readonly drops!: BundleDrops;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly overlays: RenderOverlays,
    readonly stepper: Stepper,
  ) {}

  async run(resource: StoredResource): Promise<ReconcileOutcome> {
    const name = resource.name;
    const spec = readSpec(resource);
    const [commit, strategy, clusters, rows, latest] = await Promise.all([
      readCommit(this.store, spec),
      readStrategy(this.store.read, spec),
      this.store.read.clusters.joined(),
      this.store.read.rollouts.rows(name, { all: true }),
      this.store.read.releases.latest(name),
    ]);
    const rowByUid = new Map(rows.map(({ row }) => [row.uid, row]));
    const warnings: string[] = [];
    const { placed, unplaced } = this.place(spec, clusters, rowByUid, warnings);
    if (latest && latest.revision === commit.revision && latest.specGeneration === resource.generation) {
      this.overlays.remember({ sha: commit.revision, renderer: spec.renderer }, latest.overlays);
    }
    const rendered = await this.overlays.render({
      repository: commit.repository,
      sha: commit.revision,
      renderer: spec.renderer,
      paths: [...new Set(placed.map(({ overlay }) => overlay))].sort(),
    });
    const members = this.withOverlays(placed, rendered, rowByUid, warnings, unplaced);
    if (members.length === 0)
      throw new Blocked('placement', `No cluster could be given an overlay: ${warnings[0] ?? 'none is placed'}`);
    await requireRoom(this.store.read, this.sizes, name, members);

    const release = await this.releaseOf(resource, commit, rendered.overlays, latest);
    const online = new Set(clusters.filter((cluster) => cluster.online).map(({ uid }) => uid));
    const { namespace } = spec;
    const started = { name, namespace, strategy, release, members, rows: rows.map(({ row }) => row), unplaced, online };
    const rollout = await this.timer.time('assign', () => this.start(started));
    const found = { revision: commit.revision, release: release.number, warnings: warnings.slice(0, 20) };
    await this.keepStatus(resource, found, commit.stale === undefined ? null : new Blocked('source', commit.stale));
    return { application: name, release: release.number, ...(rollout && { rollout }) };
  }

  /** Writes the status with what is in the way, or nothing; a hold that stands already keeps since when. Answers its sentence. */
  async keepStatus(
    resource: StoredResource,
    found: Omit<Partial<ApplicationStatus>, 'holds'>,
    blocked: Blocked | null,
  ): Promise<string | undefined> {
    const { holds: before = [], ...rest } = resource.status as unknown as Partial<ApplicationStatus>;
    const message = blocked ? `${blocked.message.replace(/\.$/, '')}; what runs stays as it is` : undefined;
    const holds: Hold[] = [];
    if (blocked && message !== undefined) {
      const old = before.find((hold) => hold.code === blocked.code && hold.message === message);
      holds.push({ code: blocked.code, message, since: old?.since ?? this.clock.now() });
    }
    const status: ApplicationStatus = { warnings: [], ...rest, ...found, holds };
    await this.store.read.resources.setStatus('Application', resource.name, status as unknown as JsonObject);
    return message;
  }

  private place(
    spec: ApplicationSpec,
    clusters: readonly StoredCluster[],
    rows: ReadonlyMap<string, TargetRow>,
    warnings: string[],
  ): { placed: Placed[]; unplaced: Set<string> } {
    const byUid = new Map(clusters.map((cluster) => [cluster.uid, cluster]));
    const { members, errors } = place(placementOf(spec), clusters);
    const unplaced = new Set<string>();
    for (const { uid, name, message } of errors) {
      if (holdsSomething(rows.get(uid)))
        throw new Blocked('placement', `Cluster "${name}" runs this application, but ${message}`);
      unplaced.add(uid);
      warnings.push(`Cluster "${name}" is left out: ${message}`);
    }
    const placed = members.flatMap(({ uid, overlay }) => {
      const cluster = byUid.get(uid);
      return cluster ? [{ uid, name: cluster.name, cluster, overlay }] : [];
    });
    if (placed.length === 0) {
      throw new Blocked(
        'placement',
        warnings[0] ?? 'No joined cluster matches spec.placement: register one, or mend the selector',
      );
    }
    return { placed, unplaced };
  }

  /** The members whose overlay rendered. One that fails is left out only where nothing runs of it yet, and only when it is not there at all. */
  private withOverlays(
    placed: readonly Placed[],
    rendered: { overlays: Readonly<Record<string, { digest: string }>>; errors: readonly OverlayError[] },
    rows: ReadonlyMap<string, TargetRow>,
    warnings: string[],
    unplaced: Set<string>,
  ): Member[] {
    for (const error of rendered.errors) {
      const users = placed.filter(({ overlay }) => overlay === error.path);
      const runs = users.find(({ uid }) => holdsSomething(rows.get(uid)));
      const everywhere = Object.keys(rendered.overlays).length === 0;
      if (error.code !== 'path-not-found' || runs || everywhere) {
        const others = users.length > 1 ? ` and ${users.length - 1} more` : '';
        const whose = `${runs ? 'run by' : 'needed by'} cluster "${(runs ?? users[0])?.name ?? ''}"${others}`;
        throw new Blocked('render', `Overlay "${error.path}" (${whose}): ${error.message}`);
      }
      for (const { uid, name } of users) {
        unplaced.add(uid);
        warnings.push(`Cluster "${name}" is left out: ${error.message}`);
      }
    }
    return placed.flatMap(({ uid, name, cluster, overlay }) => {
      const digest = rendered.overlays[overlay]?.digest;
      return digest === undefined ? [] : [{ uid, name, labels: cluster.labels, facts: cluster.facts, overlay, digest }];
    });
  }

  /** The newest release when it says the same already, else a new one. */
  private async releaseOf(
    resource: StoredResource,
    commit: PinnedCommit,
    overlays: StoredRelease['overlays'],
    latest: StoredRelease | null,
  ): Promise<StoredRelease> {
    const same =
      latest && Object.entries(overlays).every(([path, { digest }]) => latest.overlays[path]?.digest === digest);
    if (same) return latest;
    const { release } = await this.store.transact((unit) =>
      unit.releases.add({
        application: resource.name,
        source: readSpec(resource).source,
        revision: commit.revision,
        author: commit.author,
        subject: commit.subject,
        committedAt: commit.committedAt,
        overlays,
        specGeneration: resource.generation,
        createdAt: this.clock.now(),
      }),
    );
    return release;
  }

  private async start(input: {
    readonly name: string;
    readonly namespace: string;
    readonly strategy: StrategySpec;
    readonly release: StoredRelease;
    readonly members: readonly Member[];
    readonly rows: readonly TargetRow[];
    readonly unplaced: ReadonlySet<string>;
    readonly online: ReadonlySet<string>;
  }): Promise<string | undefined> {
    const { name, namespace, strategy, release, members, rows, unplaced, online } = input;
    const header = await this.store.read.rollouts.header(name);
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
        return digest === undefined ? null : { overlay, digest };
      },
    });
    const author = authorOf((decision.start ? release : (baseline ?? release)).author);
    const by = { actor: 'system', automatic: true, strategy, ...(author && { author }) } as const;
    if (decision.leavers.length > 0) {
      await this.stepper.take(name, { type: 'removed', clusters: decision.leavers, why: 'left' });
    }
    if (decision.start) {
      // Once before the lock, so that under it every bundle is known already.
      await this.drops.of(this.store.read, { rows, members, namespace });
      const outcome = await this.stepper.take(name, async (unit) => {
        const present = (await unit.rollouts.rows(name, { all: true })).map(({ row }) => row);
        const drops = await this.drops.of(unit, { rows: present, members, namespace });
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
}

function holdsSomething(row: TargetRow | undefined): boolean {
  return row?.assignment !== undefined && row.assignment !== null && row.assignment.release !== null;
}
