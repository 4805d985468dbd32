import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CommandAnswer, ReplayAnswer, RolloutView } from '#contract';
import type { JsonObject } from '#domain';
import { RecordStore } from '#kube';
import { FakeKube } from '#kube/fake';
import { openBundle } from '../../apps/agent/src/steps/fetch/open-bundle.js';
import { shopFiles } from '../blast/shop-files.js';
import { nothingRunsIn, processesNaming } from '../helpers/hub-process.js';
import { MortalHub } from '../helpers/mortal-hub.js';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';

const SEED = Number(process.env['FLOTILLA_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = 20;
const WAVES = { one: 5, two: 15, three: 30 } as const;
type Wave = keyof typeof WAVES;
const ORDER = Object.keys(WAVES) as Wave[];
const REGIONS = ['eu', 'us'];
const PAGES = 3;
const SHOP = 'shop';
const HEALTHY_FOR_MS = 1000;
const TEST_MS = 540_000;
const WITHIN_MS = 120_000;

/** What becomes of each cycle's bad release; each is caught before it has been healthy for long enough. */
const BAD = ['crash', 'crash-after-700ms', 'bad', 'oom'];

interface Kill {
  readonly during: string;
  /** What the hub had said last of the rollout. */
  readonly saw: string;
  readonly afterMs: number;
}

/** Mulberry32: numbers from 0 to below 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Fifty simulated clusters with real agents, and a hub as a program that is killed twenty times while releases go out, three
 * good ones and a bad one with its rollback in each round. What counts in the end is what happened in the clusters.
 */
describe('a hub that is killed again and again', () => {
  const random = randomFrom(SEED);
  const kills: Kill[] = [];
  const good: string[] = [];
  const bad: string[] = [];
  let scratch: string;
  let hub: MortalHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;
  let seen: RolloutView | undefined;
  let tags = 0;

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-killed-'));
    // Others may enter: as root, the embedded PostgreSQL runs as somebody else.
    await chmod(scratch, 0o711);
    repository = await TestRepository.create({});
    hub = await MortalHub.start(scratch);
    const plans = ORDER.flatMap((wave) =>
      Array.from({ length: WAVES[wave] }, (_, index) => ({
        name: `${wave}-${String(index + 1).padStart(2, '0')}`,
        labels: { wave, region: REGIONS[index % 2] ?? 'eu' },
      })),
    );
    clusters = await SimulatedClusters.start(hub, plans);
  }, TEST_MS);

  afterAll(async () => {
    await clusters?.stop();
    await hub?.stop();
    // Only where something failed.
    if (scratch) for (const pid of processesNaming(scratch)) process.kill(pid, 'SIGKILL');
    await repository?.remove();
    if (scratch) await rm(scratch, { recursive: true, force: true });
  }, TEST_MS);

  const of = (...waves: readonly Wave[]): string[] =>
    clusters.names().filter((name) => waves.some((wave) => name.startsWith(`${wave}-`)));

  async function rollout(): Promise<RolloutView> {
    seen = await hub.ask((api) => api.get<RolloutView>(`/api/v1/rollouts/${SHOP}`));
    return seen;
  }
  const until = (what: string, is: (view: RolloutView) => boolean): Promise<RolloutView> =>
    eventually(`${what} (seed ${SEED})`, rollout, is, WITHIN_MS);

  /** Commits and has the hub look; answers the commit. A hub that dies meanwhile finds it when it is back. */
  async function commit(tag: string): Promise<string> {
    (tag.includes('-') ? bad : good).push(tag);
    const state = { tag, pages: PAGES + (tags % 2), regions: REGIONS };
    const sha = await repository.commit(`to ${tag}`, shopFiles(SHOP, state));
    await hub.ask((api) => api.post(`/api/v1/sources/${SHOP}/sync`));
    return sha;
  }
  const nextTag = (how = ''): string => `1.${(tags += 1)}.0${how}`;

  async function goodRelease(): Promise<void> {
    const sha = await commit(nextTag());
    const ended = await until('a good release ended', ({ revision, state }) => revision === sha && state !== 'running');
    expect(ended).toMatchObject({ state: 'succeeded', holds: [], counts: { passed: 50, failed: 0, deferred: 0 } });
  }
  async function badRelease(how: string): Promise<void> {
    const sha = await commit(nextTag(`-${how}`));
    const held = await until('a bad release is held', (view) => view.revision === sha && view.paused);
    expect(held).toMatchObject({ state: 'running', wave: 0 });
    expect(held.holds.map(({ code }) => code)).toContain('failures');
  }
  async function rollBack(): Promise<void> {
    // One key for all attempts: an answer that was lost with the hub is no second rollback.
    const key = { 'idempotency-key': randomUUID() };
    const { rollout: back } = await hub.ask((api) =>
      api.post<CommandAnswer>(`/api/v1/rollouts/${SHOP}/rollback`, { reason: 'it is bad' }, key),
    );
    expect(back.kind).toBe('rollback');
    const ended = await until('the rollback ended', ({ id, state }) => id === back.id && state !== 'running');
    expect(ended).toMatchObject({ state: 'succeeded' });
    await allRun(good.at(-1) ?? '', of('one'));
  }
  async function superseded(): Promise<void> {
    const first = nextTag();
    await commit(first);
    await eventually(
      'the second wave has begun',
      async () => {
        await rollout();
        return clusters.truth.touched(SHOP, first).length;
      },
      (count) => count > WAVES.one,
      WITHIN_MS,
    );
    await goodRelease();
  }

  const allRun = (tag: string, names = clusters.names()): Promise<unknown> =>
    eventually(
      `${tag} runs (seed ${SEED})`,
      async () =>
        names.filter((name) => {
          const last = clusters.truth.sights(name, SHOP).at(-1);
          return last?.tag !== tag || !last.ready;
        }),
      (missing) => missing.length === 0,
      WITHIN_MS,
    );

  /** Kills the hub so many times, each at a random moment of what goes on, and starts it again. */
  async function killMeanwhile(during: string, times: number, withinMs: number): Promise<void> {
    for (let time = 1; time <= times; time += 1) {
      // Now and then while it still starts, with its database and bus half up.
      const whileStarting = time > 1 && random() < 0.5;
      if (!whileStarting) await hub.ready();
      const afterMs = Math.round(random() * (whileStarting ? 1500 : withinMs));
      await sleep(afterMs);
      await hub.kill();
      const saw = seen ? `${seen.kind} ${seen.state} wave ${seen.wave + 1}` : 'nothing yet';
      kills.push({ during: whileStarting ? `${during}, starting` : during, saw, afterMs });
      hub.begin();
    }
    await hub.ready();
  }
  const meanwhile = async (
    during: string,
    act: () => Promise<void>,
    times: number,
    withinMs: number,
  ): Promise<void> => {
    // Both to their end, so that a failure leaves nobody who starts hubs.
    const [done, killed] = await Promise.allSettled([act(), killMeanwhile(during, times, withinMs)]);
    for (const each of [done, killed]) if (each.status === 'rejected') throw each.reason;
  };

  it(
    `ends with every cluster right and no wave early, twenty times killed (FLOTILLA_SEED=${SEED})`,
    async () => {
      const waves = ORDER.map((name) => ({
        name,
        selector: { matchLabels: { wave: name } },
        maxConcurrency: '60%',
        maxFailures: 0,
        maxUnreachable: 0,
        ackTimeout: '25s',
        progressDeadline: '40s',
        healthyFor: `${HEALTHY_FOR_MS}ms`,
      }));
      const first = nextTag();
      await repository.commit('first', shopFiles(SHOP, { tag: first, pages: PAGES, regions: REGIONS }));
      good.push(first);
      await hub.ask((api) =>
        api.post('/api/v1/apply', {
          documents: [
            document('Source', { url: repository.folder, interval: '1h' }),
            document('Strategy', { waves }),
            document('Application', {
              source: SHOP,
              path: 'overlays/{{ labels.region }}',
              strategy: SHOP,
              namespace: SHOP,
            }),
          ],
        }),
      );
      await until('the first release ended', ({ state }) => state === 'succeeded');

      for (const how of BAD) {
        await meanwhile('a good release', goodRelease, 2, 4000);
        await meanwhile('a bad release', () => badRelease(how), 1, 2000);
        await meanwhile('a rollback', rollBack, 1, 1000);
        await meanwhile('a release that another one supersedes', superseded, 1, 4000);
      }
      process.stdout.write(
        `seed ${SEED}: ${kills.map(({ during, saw, afterMs }) => `${during} +${afterMs} ms (${saw})`).join('; ')}\n`,
      );
      expect(kills).toHaveLength(KILLS);

      const last = good.at(-1) ?? '';
      await allRun(last);
      for (const tag of good) noWaveWasEarly(tag);
      for (const tag of bad)
        expect({ tag, leaked: clusters.truth.touched(SHOP, tag).filter((name) => !name.startsWith('one-')) }).toEqual({
          tag,
          leaked: [],
        });
      // Each of them really went out.
      for (const tag of bad) expect(clusters.truth.touched(SHOP, tag).length).toBeGreaterThan(0);
      const digests = new Map<string, string>();
      for (const name of clusters.names()) await holdsWhatGitSays(name, last, digests);
      // Two overlays, and everybody who shares one runs the very same.
      expect(digests.size).toBe(2);
      await stepsLeadToWhatIsStored();
      await hub.stop();
      await nothingRunsIn(scratch);
    },
    TEST_MS,
  );

  /** What was in the making when the hub died is there whole, with its step in the log, or not at all. */
  async function stepsLeadToWhatIsStored(): Promise<void> {
    const { items } = await hub.ask((api) => api.get<{ items: RolloutView[] }>(`/api/v1/rollouts?limit=100`));
    expect(items.length).toBeGreaterThanOrEqual(1 + BAD.length * 5);
    for (const { id } of items) {
      const answer = await hub.ask((api) => api.get<ReplayAnswer>(`/api/v1/rollouts/${id}/replay`));
      expect(answer).toEqual({ rollout: id, steps: expect.any(Number), ok: true });
    }
  }

  /** By the clusters' own past: nobody had it before all of the earlier waves had been ready with it for healthyFor. */
  function noWaveWasEarly(tag: string): void {
    ORDER.forEach((wave, index) => {
      const earlier = of(...ORDER.slice(0, index));
      for (const name of of(wave)) {
        const at = clusters.truth.touchedAt(name, SHOP, tag);
        if (at === undefined) continue;
        const unsteady = earlier.filter((each) => clusters.truth.steadyMs(each, SHOP, tag, at) < HEALTHY_FOR_MS);
        expect({ tag, name, unsteady }).toEqual({ tag, name, unsteady: [] });
      }
    });
  }

  /** What the agent keeps in the cluster, what it vouches for by its digest, and what is there, are one. */
  async function holdsWhatGitSays(name: string, tag: string, digests: Map<string, string>): Promise<void> {
    const { cluster } = clusters.cluster(name);
    const kube = new FakeKube(cluster);
    const store = new RecordStore(kube, 'flotilla-system');
    const [record] = (await store.loadAll()).records;
    const runs = record?.runs ?? '';
    const region = Number(name.slice(-2)) % 2 === 1 ? 'eu' : 'us';
    expect(digests.get(region) ?? runs).toBe(runs);
    digests.set(region, runs);
    // Throws where the content is not what the digest says.
    const bundle = openBundle((await store.loadBundle(SHOP, runs)) ?? new Uint8Array(), runs);
    kube.close();
    const pages = PAGES + (tags % 2);
    expect(bundle.map(title).sort()).toEqual(
      [
        'ConfigMap/settings',
        ...Array.from({ length: pages }, (_, index) => `ConfigMap/page-0${index + 1}`),
        'Deployment/web',
        `Namespace/${SHOP}`,
        'Service/web',
      ].sort(),
    );
    const live = cluster.objects().filter(isOwned);
    expect(live.map(title).sort()).toEqual(bundle.map(title).sort());
    for (const wanted of bundle) expect(live.find((each) => title(each) === title(wanted))).toMatchObject(wanted);
    const deployment = live.find((each) => title(each) === 'Deployment/web');
    expect(deployment).toMatchObject({
      spec: {
        replicas: region === 'us' ? 2 : 1,
        template: { spec: { containers: [{ image: `registry.example/shop/web:${tag}` }] } },
      },
    });
    expect(live.find((each) => title(each) === 'ConfigMap/settings')).toMatchObject({ data: { version: tag } });
  }
});

const document = (kind: string, spec: object): object => ({
  apiVersion: 'flotilla.dev/v1',
  kind,
  metadata: { name: SHOP },
  spec,
});

interface Titled {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

const title = (object: JsonObject | object): string => {
  const { kind, metadata } = object as Titled;
  return `${kind}/${metadata.name}`;
};
const isOwned = (object: object): boolean => (object as Titled).metadata.labels?.['flotilla.dev/application'] === SHOP;
