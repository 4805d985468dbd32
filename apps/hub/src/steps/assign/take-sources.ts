import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationSpec, EnvironmentSpec } from '#contract';
import type { Member, Overlay, Rollout } from '#domain';
import { RejectedError, RetryableError } from '#kit';
import type { GitSource, OverlayInputs, StoredRelease } from '#ports';
import { GIT_SOURCE } from '../../parts.js';
import type { DeclaredSources, PinnedSource } from '../render/declared-sources.js';
import type { RenderedOverlay } from '../render/known-overlay.js';
import { RenderOverlays, type Rendering } from '../render/render-overlays.js';
import { TreeIds } from '../render/tree-ids.js';
import { Blocked } from './inputs.js';
import { holdsSomething, leaveOut, membersOf, overlaysOf, type Placed, type Placing } from './place-clusters.js';
import { environmentHealth, revisionText, waitsFor, type TakenEnvironment } from './promotion.js';

export interface TakeRequest {
  readonly application: string;
  readonly spec: ApplicationSpec;
  readonly sources: DeclaredSources;
  readonly placing: Placing;
  readonly latest: StoredRelease | null;
  /** The application's newest one. */
  readonly rollout: Rollout | null;
}

/** What a release would be made of. */
export interface Taken {
  readonly members: readonly Member[];
  readonly overlays: Readonly<Record<string, RenderedOverlay>>;
  readonly inputs: Readonly<Record<string, OverlayInputs>>;
  readonly warnings: readonly string[];
  /** Every source that was read, as it was. */
  readonly sources: ReadonlyMap<string, PinnedSource>;
  /** In the order of promotion; empty where the application has none. */
  readonly environments: ReadonlyMap<string, PinnedSource>;
  /** Why some environments stay behind. */
  readonly holds: readonly Blocked[];
  /** Ids of all that was read; null where that is not enough to tell whether a commit changes anything. */
  readonly read: Rendering['read'] | null;
}

/** Renders what clusters take, environment by environment: each at the revision that it may have. */
@Injectable()
export class TakeSources {
  constructor(
    @Inject(GIT_SOURCE) private readonly git: GitSource,
    private readonly ids: TreeIds,
    private readonly overlays: RenderOverlays,
  ) {}

  /** @throws Blocked where a source was not read yet, or an overlay does not render. */
  async take(request: TakeRequest): Promise<Taken> {
    const { spec, sources, placing } = request;
    if ((spec.environments ?? []).length > 0) return this.takeEnvironments(request, spec.environments ?? []);
    const pin = sources.pin(spec.source);
    const { rendering, members } = await this.render(request, placing.placed, pin);
    return {
      ...rendering,
      members,
      sources: usedSources(request, rendering, [pin]),
      environments: new Map(),
      holds: [],
      read: rendering.errors.length === 0 ? rendering.read : null,
    };
  }

  private async takeEnvironments(request: TakeRequest, environments: readonly EnvironmentSpec[]): Promise<Taken> {
    const { spec, placing } = request;
    const holds: Blocked[] = [];
    const taken: { readonly pin: PinnedSource; readonly rendering: Rendering; readonly members: readonly Member[] }[] =
      [];
    const pins = new Map<string, PinnedSource>();
    let before: TakenEnvironment | null = null;
    for (const environment of environments) {
      const { name } = environment;
      const placed = placing.placed.filter(({ inputs }) => inputs.environment === name);
      const [pin, why] = await this.choose(request, environment, spec.promotion === 'free' ? null : before);
      const one = pin && (await this.takeOne(request, { environment, placed, pin }));
      const reasons = [why, one?.why].filter((each) => each !== undefined && each !== null);
      holds.push(...reasons);
      if (one?.rendering) {
        taken.push({ pin: one.pin, rendering: one.rendering, members: one.members });
        pins.set(name, one.pin);
      } else {
        const message = reasons[0]?.message ?? `environment "${name}" takes nothing yet`;
        const runs = placed.find(({ cluster }) => holdsSomething(placing.rows.get(cluster.uid)));
        // It ran something before it was in this environment: that goes on, and is no reason to take anything away.
        if (runs) throw new Blocked('promotion', `${message}; cluster "${runs.cluster.name}" runs this application`);
        const clusters = placed.map(({ cluster }) => cluster);
        leaveOut(placing, clusters, message);
      }
      const members = one?.members ?? [];
      before = {
        ...{ name, pin: one?.rendering ? one.pin : null },
        health: environmentHealth(members, placing.rows, request.rollout),
      };
    }
    const renderings = taken.map(({ rendering }) => rendering);
    const merged: Omit<Rendering, 'errors' | 'read'> = {
      overlays: Object.assign({}, ...renderings.map(({ overlays }) => overlays)) as Rendering['overlays'],
      inputs: Object.assign({}, ...renderings.map(({ inputs }) => inputs)) as Rendering['inputs'],
      warnings: renderings.flatMap(({ warnings }) => warnings),
    };
    return {
      ...merged,
      members: taken.flatMap(({ members }) => members),
      sources: new Map(
        // The first environment's goes last, so that it is the one that stays.
        [...taken].reverse().flatMap(({ rendering, pin }) => [...usedSources(request, rendering, [pin])]),
      ),
      environments: pins,
      holds,
      read: null,
    };
  }

  /** The revision that an environment takes, and why it is not the newest. */
  private async choose(
    request: TakeRequest,
    environment: EnvironmentSpec,
    before: TakenEnvironment | null,
  ): Promise<readonly [pin: PinnedSource | null, why: Blocked | null]> {
    const { name } = environment;
    const kept = this.kept(request, environment);
    let candidate: PinnedSource;
    try {
      candidate = request.sources.pin(sourceOf(request.spec, environment));
    } catch (error) {
      if (error instanceof Blocked) return [kept, error];
      throw error;
    }
    if (before === null || kept?.revision === candidate.revision) return [candidate, null];
    const why = await waitsFor(candidate, before, (runs, wanted) => this.has(runs, wanted));
    if (why === null) return [candidate, null];
    const stays = kept ? `stays at ${revisionText(kept)} and ` : '';
    return [kept, new Blocked('promotion', `Environment "${name}" ${stays}${why}`)];
  }

  /** What the environment had in the newest release. */
  private kept({ latest, sources }: TakeRequest, { name }: EnvironmentSpec): PinnedSource | null {
    const found = latest?.details?.environments?.[name];
    if (!found) return null;
    const { source, ...told } = found;
    try {
      return sources.at(source, told);
    } catch (error) {
      if (error instanceof Blocked) return null;
      throw error;
    }
  }

  /** One environment at a revision, or at the one it had where that does not render: a bad commit of one must not stop the others. */
  private async takeOne(
    request: TakeRequest,
    { environment, placed, pin }: { environment: EnvironmentSpec; placed: readonly Placed[]; pin: PinnedSource },
  ): Promise<{ pin: PinnedSource; rendering: Rendering | null; members: readonly Member[]; why?: Blocked }> {
    try {
      return { pin, ...(await this.render(request, placed, pin)) };
    } catch (error) {
      if (!(error instanceof Blocked)) throw error;
      const kept = this.kept(request, environment);
      if (kept === null || kept.revision === pin.revision) {
        const isNew = placed.every(({ cluster }) => !holdsSomething(request.placing.rows.get(cluster.uid)));
        if (!isNew) throw error;
        return {
          pin,
          rendering: null,
          members: [],
          why: new Blocked(error.code, `Environment "${environment.name}": ${error.message}`),
        };
      }
      const again = await this.render(request, placed, kept);
      const message = `Environment "${environment.name}" stays at ${revisionText(kept)}: ${error.message}`;
      return { pin: kept, ...again, why: new Blocked(error.code, message) };
    }
  }

  private async render(
    { application, spec, sources, placing, latest }: TakeRequest,
    placed: readonly Placed[],
    pin: PinnedSource,
  ): Promise<{ rendering: Rendering; members: readonly Member[] }> {
    const rendering = await this.overlays.render({
      ...{ application, spec, sources },
      // All that is of an environment's source is at the environment's revision.
      pin: (overlay: Overlay, source: string) =>
        source === overlay.source && source === pin.name ? pin : sources.pin(source),
      overlays: overlaysOf(placed),
      previous: latest,
    });
    return { rendering, members: membersOf(placing, placed, rendering) };
  }

  /** Whether what runs has a commit in its history, or has the same contents. */
  private async has(runs: PinnedSource, wanted: PinnedSource): Promise<boolean> {
    if (runs.revision === wanted.revision) return true;
    if (runs.origin.type !== 'git' || wanted.origin.type !== 'git') return false;
    try {
      const [[ofRuns], [ofWanted]] = await Promise.all([this.ids.of(runs, ['.']), this.ids.of(wanted, ['.'])]);
      if (ofRuns === ofWanted && ofRuns !== null) return true;
      return await this.git.isAncestor({ ...runs.origin.repository, sha: runs.revision }, wanted.revision);
    } catch (error) {
      // Another repository does not know the commit, or can't be asked now.
      if (error instanceof RejectedError || error instanceof RetryableError) return false;
      throw error;
    }
  }
}

function sourceOf({ source }: ApplicationSpec, environment: EnvironmentSpec): string {
  return environment.source ?? source;
}

/** Every source that overlays were rendered from; those named by the spec first. */
function usedSources(
  { sources }: TakeRequest,
  { inputs }: Pick<Rendering, 'inputs'>,
  pins: readonly PinnedSource[],
): Map<string, PinnedSource> {
  const used = new Map(pins.map((pin) => [pin.name, pin]));
  for (const { reads } of Object.values(inputs)) {
    for (const name of Object.keys(reads)) if (!used.has(name)) used.set(name, sources.pin(name));
  }
  return used;
}
