import { expect } from '@jest/globals';
import type { CommandAnswer, RolloutView, SyncAnswer, TargetView, Why } from '#contract';
import { eventually, rolloutSettled } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';
import { RINGS, type BlastFleet, type Ring } from './blast-fleet.js';
import { PAGES, REGIONS, shopFiles, type ShopState } from './shop-files.js';

const WITHIN_MS = 60_000;
const FIRST_TAG = '1.0.0';

/** Waves by ring as a careful user sets them, in a tenth of the time; `wave` goes to each, `byRing` to one. */
export interface StrategyChange {
  readonly wave?: object;
  readonly byRing?: Partial<Record<Ring, object>>;
  readonly spec?: object;
}

/** One application of one scenario: its own repository, source, strategy and namespace. */
export class Shop {
  private state: ShopState = { tag: FIRST_TAG, pages: PAGES, regions: REGIONS };
  private readonly confined: { readonly tag: string; readonly names: readonly string[] }[] = [];

  /** Of whoever makes its commits. */
  readonly authorEmail = 'test@flotilla.example';

  private constructor(
    private readonly fleet: BlastFleet,
    readonly name: string,
    readonly repository: TestRepository,
  ) {}

  static async open(fleet: BlastFleet, name: string): Promise<Shop> {
    const repository = await TestRepository.create({});
    const shop = new Shop(fleet, name, repository);
    await repository.commit('the shop', shop.files());
    await shop.apply(
      document('Source', name, { url: repository.folder, interval: '1h' }),
      document('Strategy', name, { waves: [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }] }),
      shop.application(),
    );
    expect(await shop.settled(1)).toMatchObject({ state: 'succeeded', total: fleet.clusters.names().length });
    await shop.strategy();
    return shop;
  }

  apply(...documents: object[]): Promise<unknown> {
    return this.fleet.test.api.post('/api/v1/apply', { documents });
  }

  application(more: object = {}): object {
    return document('Application', this.name, {
      source: this.name,
      path: 'overlays/{{ labels.region }}',
      strategy: this.name,
      namespace: this.name,
      ...more,
    });
  }

  /** What every wave asks for from the next release on. */
  async strategy({ wave, byRing, spec }: StrategyChange = {}): Promise<void> {
    const waves = RINGS.map((ring) => ({
      name: ring,
      selector: { matchLabels: { ring } },
      maxConcurrency: '100%',
      maxFailures: 0,
      maxUnreachable: 0,
      ackTimeout: '30s',
      progressDeadline: '45s',
      healthyFor: '500ms',
      ...wave,
      ...byRing?.[ring],
    }));
    await this.apply(document('Strategy', this.name, { waves, ...spec }));
  }

  /** Commits and has the hub look. */
  async commit(change: Partial<ShopState>): Promise<SyncAnswer> {
    this.state = { ...this.state, ...change };
    await this.repository.commit(`to ${this.state.tag}`, this.files());
    return this.sync();
  }

  sync(): Promise<SyncAnswer> {
    return this.fleet.test.api.post<SyncAnswer>(`/api/v1/sources/${this.name}/sync`);
  }

  /** A commit that makes a release; answers the release's number. */
  async release(tag: string, change: Partial<ShopState> = {}): Promise<number> {
    const answer = await this.commit({ ...change, tag });
    expect(answer).toMatchObject({ changed: true, errors: [] });
    return answer.releases[0]?.release ?? 0;
  }

  rollout(): Promise<RolloutView> {
    return this.fleet.test.api.get(`/api/v1/rollouts/${this.name}`);
  }

  settled(release: number): Promise<RolloutView> {
    return rolloutSettled(this.fleet.test.api, this.name, release, WITHIN_MS);
  }

  async targets(): Promise<Map<string, TargetView>> {
    const route = `/api/v1/rollouts/${this.name}/targets?limit=100`;
    const { items } = await this.fleet.test.api.get<{ items: TargetView[] }>(route);
    return new Map(items.map((each) => [each.cluster, each]));
  }

  command(name: string, body: object = {}): Promise<CommandAnswer> {
    return this.fleet.test.api.post(`/api/v1/rollouts/${this.name}/${name}`, body);
  }

  /** Takes the present release back and waits until that has ended. */
  async rollBack(): Promise<RolloutView> {
    const { rollout } = await this.command('rollback', { reason: 'it is bad' });
    expect(rollout.kind).toBe('rollback');
    return this.ended(rollout.id);
  }

  /** By its id: once it has ended, a catch-up may take its place as the present one. */
  ended(id: string): Promise<RolloutView> {
    const ask = (): Promise<RolloutView> => this.fleet.test.api.get(`/api/v1/rollouts/${id}`);
    return eventually(`${id} ended`, ask, ({ state }) => state !== 'running', WITHIN_MS);
  }

  until(what: string, is: (rollout: RolloutView) => boolean): Promise<RolloutView> {
    return eventually(`${this.name}: ${what}`, () => this.rollout(), is, WITHIN_MS);
  }

  /** It is held in its first wave, and its failures hold it. */
  async heldInFirstWave(release: number, code = 'failures'): Promise<RolloutView> {
    const held = await this.settled(release);
    expect(held).toMatchObject({ release, state: 'running', paused: true, wave: 0 });
    expect(held.holds.map((hold) => hold.code)).toContain(code);
    return held;
  }

  /** @param id of an earlier rollout; the newest unless told. */
  whyRollout(id = this.name): Promise<Why> {
    return this.fleet.test.api.get(`/api/v1/why/rollouts/${id}`);
  }

  whyApplication(): Promise<Why> {
    return this.fleet.test.api.get(`/api/v1/why/applications/${this.name}`);
  }

  whyCluster(cluster: string): Promise<Why> {
    return this.fleet.test.api.get(`/api/v1/why/clusters/${cluster}`);
  }

  /** The clusters in which anything of that tag ever was. */
  touched(tag: string): string[] {
    return this.fleet.clusters.truth.touched(this.name, tag);
  }

  /** Waits until these clusters' own API servers show the tag, ready in all replicas. */
  async runs(tag: string, names: readonly string[] = this.fleet.clusters.names()): Promise<void> {
    await eventually(
      `${this.name}: ${tag} runs in ${names.join(', ')}`,
      async () => names.filter((name) => !this.isReady(name, tag)),
      (missing) => missing.length === 0,
      WITHIN_MS,
    );
  }

  /** Waits until anything of the tag is in these clusters. */
  async reaches(tag: string, names: readonly string[]): Promise<void> {
    await eventually(
      `${this.name}: ${tag} is in ${names.join(', ')}`,
      async () => this.touched(tag),
      (touched) => names.every((name) => touched.includes(name)),
      WITHIN_MS,
    );
  }

  isReady(cluster: string, tag: string): boolean {
    const last = this.fleet.clusters.truth.sights(cluster, this.name).at(-1);
    return last?.tag === tag && last.ready;
  }

  /** Anything of the tag was in each of these clusters, and never in another, now and until the fleet is stopped. */
  confinedTo(names: readonly string[], tag: string): void {
    expect({ tag, touched: this.touched(tag) }).toEqual({ tag, touched: [...names].sort() });
    this.staysIn(names, tag);
  }

  /** Nothing of the tag ever is in another cluster than these, now and until the fleet is stopped. */
  staysIn(names: readonly string[], tag: string): void {
    this.confined.push({ tag, names });
    this.nothingEscapedLater();
  }

  /** Nobody of a wave ever had the tag before each cluster of the earlier ones had been steady on it for so long. */
  wasGated(tag: string, healthyForMs: number): void {
    const { truth } = this.fleet.clusters;
    RINGS.forEach((ring, index) => {
      const earlier = this.fleet.ring(...RINGS.slice(0, index));
      for (const late of this.fleet.ring(ring)) {
        const at = truth.touchedAt(late, this.name, tag);
        if (at === undefined) continue;
        const unsteady = earlier.filter((name) => truth.steadyMs(name, this.name, tag, at) < healthyForMs);
        expect({ tag, late, unsteady }).toEqual({ tag, late, unsteady: [] });
      }
    });
  }

  /** No ConfigMap and no Deployment that was there is gone, in any cluster. */
  nothingVanished(): void {
    expect(this.fleet.clusters.truth.vanished(this.name)).toEqual([]);
  }

  nothingEscapedLater(): void {
    for (const { tag, names } of this.confined) {
      const escaped = this.touched(tag).filter((name) => !names.includes(name));
      expect({ shop: this.name, tag, escaped }).toEqual({ shop: this.name, tag, escaped: [] });
    }
  }

  close(): Promise<void> {
    return this.repository.remove();
  }

  private files(): Record<string, string | null> {
    return shopFiles(this.name, this.state);
  }
}

export const document = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'flotilla.dev/v1',
  kind,
  metadata: { name },
  spec,
});
