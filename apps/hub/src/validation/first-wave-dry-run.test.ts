import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DryRunAnswer, DryRunAsk } from '#contract';
import { DEFAULT_STRATEGY, type HeldRelease, type Member, type TargetRow } from '#domain';
import { createLogger, RetryableError } from '#kit';
import { ManualClock, type StoredCluster } from '#ports';
import type { BundleShelf } from '../steps/render/bundle-shelf.js';
import type { AskForHub } from './ask-hub.js';
import { FirstWaveDryRun, type DryRunRequest } from './first-wave-dry-run.js';

const DIGEST = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const TAKEN: DryRunAnswer = { tried: 1, left: [], refused: [], more: 0 };
const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const refusing = (message: string, more = 0): DryRunAnswer => ({ ...TAKEN, refused: [{ ...ref, message }], more });

describe('what the first wave’s API servers say of a release', () => {
  let clock: ManualClock;
  let asked: string[];
  let terms: Partial<DryRunAsk>[];
  let answers: (cluster: string) => Promise<DryRunAnswer>;
  let firstWave: FirstWaveDryRun;

  beforeEach(() => {
    clock = new ManualClock();
    [asked, terms] = [[], []];
    answers = () => Promise.resolve(TAKEN);
    const agents = {
      dryRun: ({ name }: StoredCluster, told: Partial<DryRunAsk>) => {
        asked.push(name);
        terms.push(told);
        return answers(name);
      },
    } as unknown as AskForHub;
    const shelf = { publish: () => Promise.resolve(1) } as unknown as BundleShelf;
    const log = createLogger({ level: 'silent' });
    firstWave = Object.assign(new FirstWaveDryRun(shelf, clock, agents), { log });
  });

  const cluster = (name: string, more: Partial<StoredCluster> = {}): StoredCluster =>
    ({
      ...{ uid: name, name, labels: { env: name[0] ?? '' }, facts: {}, online: true, apis: 'f'.repeat(64) },
      ...more,
    }) as unknown as StoredCluster;
  const memberOf = ({ uid, name, labels, facts }: StoredCluster, digest = DIGEST): Member => ({
    ...{ uid, name, labels, facts, overlay: '.', digest },
  });
  const wave = DEFAULT_STRATEGY.waves[0] as (typeof DEFAULT_STRATEGY.waves)[number];
  /** Clusters whose name begins with a are the first wave. */
  const strategy = {
    ...DEFAULT_STRATEGY,
    waves: ['a', 'b'].map((env) => ({ ...wave, name: env, take: '100%' as const, selector: { matchLabels: { env } } })),
  };
  const attempt = (clusters: readonly StoredCluster[], more: Partial<DryRunRequest> = {}) =>
    firstWave.try({
      ...{ application: 'web', clusters, members: clusters.map((each) => memberOf(each)), rows: [], strategy },
      ...{ spec: { namespace: 'shop' }, release: {} },
      ...more,
    });

  it('is asked of all that are there, once, and of nobody where the application does not want it', async () => {
    const clusters = [...Array.from({ length: 40 }, (_, n) => cluster(`a${n}`)), cluster('b')];
    const off = { schema: 'refuse', dryRun: false } as const;
    expect(await attempt(clusters, { spec: { namespace: 'shop', validation: off } })).toMatchObject({ warnings: [] });
    expect(asked).toEqual([]);
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await attempt(clusters)).toEqual({ refusal: null, warnings: [] });
    }
    expect([...asked].sort()).toEqual(
      clusters
        .slice(0, 40)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('is asked for each bundle before a second time for any, on the release’s own terms', async () => {
    const clusters = ['a1', 'a2', 'a3', 'a4'].map((name) => cluster(name));
    const told = { drift: 'correct', namespace: 'old', serviceAccount: 'robot' } as const;
    await attempt(clusters, {
      members: clusters.map((each) => memberOf(each, each.name === 'a4' ? OTHER : DIGEST)),
      release: { details: { sources: {}, terms: told } },
    });
    expect(terms[1]?.digest).not.toBe(terms[0]?.digest);
    expect(terms[0]).toMatchObject({ namespace: 'old', serviceAccount: 'robot' });
    expect(terms[0]).not.toHaveProperty('drift');
  });

  it('is not asked of whom runs it, or ran it before, on these terms', async () => {
    const clusters = ['a1', 'a2', 'a3'].map((name) => cluster(name));
    const held: HeldRelease = { release: 1, overlay: '.', digest: DIGEST };
    const rows = [
      { uid: 'a1', lastPassed: held, previous: null },
      { uid: 'a2', lastPassed: null, previous: held },
      { uid: 'a3', lastPassed: { ...held, terms: 'others' }, previous: { ...held, digest: OTHER } },
    ] as unknown as TargetRow[];
    await attempt(clusters, { rows });
    expect(asked).toEqual(['a3']);
  });

  it('refuses with each answer that differs and who gave it, and is asked again soon, for it may have been mended', async () => {
    const clusters = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'].map((name) => cluster(name));
    const refused: Record<string, DryRunAnswer> = {
      ...{ a1: refusing('not signed.', 4), a2: refusing('over quota.'), a3: refusing('not signed.', 4) },
      ...{ a4: refusing('gone'), a5: refusing('odd'), a6: refusing('odder') },
    };
    answers = (name) => Promise.resolve(refused[name] ?? TAKEN);
    const { refusal } = await attempt(clusters);
    expect(refusal).toMatch(
      /^Cluster "a[13]" and 1 more refused it when it was tried: ConfigMap shop\/settings: not signed \(rule dry-run\) and 4 more objects; cluster "a\d": ConfigMap shop\/settings: \S.* \(rule dry-run\); cluster "a\d": .* \(rule dry-run\); and 2 more clusters refused it for other reasons$/,
    );
    answers = () => Promise.resolve(TAKEN);
    expect((await attempt(clusters)).refusal).toBe(refusal);
    clock.advance(20_000);
    expect((await attempt(clusters)).refusal).toBeNull();
  });

  it('is a warning where they are silent, and where they could not be asked at all', async () => {
    answers = () => Promise.reject(new RetryableError('agent-silent', 'nobody there'));
    const old = cluster('a4');
    delete (old as { apis?: string }).apis;
    const found = await attempt([
      cluster('a1'),
      cluster('a2', { online: false }),
      cluster('a3', { online: false }),
      old,
    ]);
    expect(found).toEqual({
      refusal: null,
      warnings: [
        'Cluster "a1" did not answer whether it would take the release',
        expect.stringMatching(
          /^Cluster "a[23]" and 2 more could not be asked whether it would take the release \(2 offline, 1 with an agent that does not tell what its cluster serves\)$/,
        ),
      ],
    });
  });

  it('ends in time, and tells how many were not asked by then', async () => {
    const clusters = Array.from({ length: 40 }, (_, n) => cluster(`a${n}`));
    answers = () => {
      clock.advance(5_000);
      return Promise.resolve(TAKEN);
    };
    const { warnings } = await attempt(clusters);
    expect(asked.length).toBeGreaterThanOrEqual(12);
    expect(asked.length).toBeLessThan(40);
    const left = 40 - asked.length;
    expect(warnings).toEqual([expect.stringContaining(`and ${left - 1} more could not be asked`)]);
    expect(warnings[0]).toContain(`(${left} for want of time)`);
    // Once one refuses, the others are not waited for to the end.
    asked.length = 0;
    answers = () => {
      clock.advance(5_000);
      return Promise.resolve(refusing('no'));
    };
    await attempt(clusters.map((each) => ({ ...each, uid: `${each.uid}-other` })));
    expect(asked.length).toBeLessThan(20);
  });
});
