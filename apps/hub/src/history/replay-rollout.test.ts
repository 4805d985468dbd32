import { beforeEach, describe, expect, it } from '@jest/globals';
import { canonicalJson, type RolloutEvent, STRATEGY_DEFAULTS, WAVE_DEFAULTS } from '#domain';
import type { Store } from '#ports';
import { createFakeStore } from '#store';
import { runStep, type StepOutcome } from '../steps/advance/run-step.js';
import { stateAt, verifyRollout } from './replay-rollout.js';

const UIDS = ['u1', 'u2', 'u3'];
let store: Store;
let now: number;

beforeEach(async () => {
  store = createFakeStore();
  now = 1_000;
  for (const uid of UIDS) {
    await store.read.clusters.register({ uid, name: uid, labels: {}, now });
    await store.read.clusters.markJoined(uid, { publicKey: uid, version: '0.1.0', protocol: 1, now });
  }
  await heartbeats();
});

async function heartbeats(): Promise<void> {
  const beats = UIDS.map((uid) => ({ uid, sequence: 0, version: '0.1.0', protocol: 1 }));
  await store.read.clusters.seen(beats, now);
}

async function take(event: RolloutEvent): Promise<StepOutcome> {
  now += 1_000;
  return store.transact((unit) => runStep(unit, 'web', event, now));
}

function start(release: number): Promise<StepOutcome> {
  const members = UIDS.map((uid) => ({ uid, name: uid, labels: {}, facts: {}, overlay: 'o', digest: `d${release}` }));
  const waves = [{ ...WAVE_DEFAULTS, name: 'all', maxConcurrency: '100%' as const, maxFailures: 0, maxUnreachable: 0 }];
  const strategy = { ...STRATEGY_DEFAULTS, waves };
  const common = { type: 'start', kind: 'forward', automatic: false, actor: 'token:ann' } as const;
  return take({ ...common, release, strategy, members });
}

/** Every cluster says that it is well. */
async function report(): Promise<StepOutcome> {
  await heartbeats();
  const rows = await store.read.rollouts.rows('web', { all: true });
  return take({
    type: 'reports',
    reports: rows.flatMap(({ row: { uid, assignment } }) =>
      assignment === null
        ? []
        : [
            {
              ...{ uid, generation: assignment.generation, digest: assignment.digest, phase: 'healthy' as const },
              ...{ steadyMs: assignment.healthyForMs, breaks: 0 },
            },
          ],
    ),
  });
}

/** The header and rows of now. */
async function present(): Promise<{ header: string; rows: readonly string[] }> {
  const rows = await store.read.rollouts.rows('web', { all: true });
  return {
    header: canonicalJson(await store.read.rollouts.header('web')),
    rows: rows.map(({ row }) => canonicalJson(row)).sort(),
  };
}

describe('a proof of a rollout', () => {
  it('is held against the present state while the rollout is the application’s last one', async () => {
    await start(1);
    expect(await verifyRollout(store, 'web-1')).toMatchObject({ ok: true, from: 0, differences: [] });
    await report();
    const proof = await verifyRollout(store, 'web-1');
    expect(proof).toMatchObject({ ok: true, to: (await store.read.rollouts.header('web'))?.version });
    expect(proof.message).toMatch(/reproduce the stored state, byte for byte/);
    expect((await store.read.rollouts.header('web'))?.rollout?.state).toBe('succeeded');
  });

  it('is held against what the next rollout began upon, and that one’s against the present', async () => {
    await start(1);
    await report();
    await start(2);
    await take({ type: 'rollback', actor: 'token:ann' });
    await report();
    for (const rollout of ['web-1', 'web-2', 'web-3']) {
      const { ok, steps } = await verifyRollout(store, rollout);
      expect([rollout, ok, steps > 0]).toEqual([rollout, true, true]);
    }
  });

  it('survives the deletion of the application, and goes on where it comes anew', async () => {
    await start(1);
    await report();
    await store.transact((unit) => unit.rollouts.forget('web'));
    expect(await verifyRollout(store, 'web-1')).toMatchObject({ ok: true });
    await start(1);
    expect((await verifyRollout(store, 'web-1')).ok).toBe(true);
    const again = await verifyRollout(store, 'web-2');
    expect(again).toMatchObject({ ok: true });
    expect(again.from).toBeGreaterThan((await verifyRollout(store, 'web-1')).to);
  });

  it('counts the end of a registration among its steps', async () => {
    await start(1);
    await store.read.clusters.revoke('u2', now);
    await take({ type: 'removed', clusters: ['u2'], why: 'ended' });
    await report();
    expect(await verifyRollout(store, 'web-1')).toMatchObject({ ok: true });
  });

  it('fails where a step was committed that nobody logged, and names the first one after it', async () => {
    await start(1);
    await store.transact(async (unit) => {
      const header = await unit.rollouts.lock('web');
      const changed = { ...header, version: header.version + 1, baseline: 9 };
      await unit.rollouts.commit('web', {
        ...{ changed: true, header: changed, rows: [], effects: [], history: [], again: false },
      });
    });
    const silent = await verifyRollout(store, 'web-1');
    expect(silent).toMatchObject({ ok: false });
    expect(silent.differences.map(({ field }) => field)).toEqual(['baseline', 'version']);
    const before = (await store.read.rollouts.header('web'))?.version ?? 0;
    await report();
    expect(await verifyRollout(store, 'web-1')).toMatchObject({ ok: false, fault: { code: 'gap', step: before + 1 } });
    await expect(stateAt(store, 'web-1', now)).rejects.toMatchObject({ code: 'not-replayable' });
  });

  it('is refused of a rollout that there is none of, or that began before there was a log', async () => {
    for (const rollout of ['web-7', 'web', '', 'web-99999999999999999999']) {
      await expect(verifyRollout(store, rollout)).rejects.toMatchObject({ code: 'unknown-rollout' });
    }
    await start(1);
    const header = await store.read.rollouts.header('web');
    if (!header?.rollout) throw new Error('there is no rollout');
    const rollout = { ...header.rollout, id: 'old-1' };
    await store.transact(async (unit) => {
      const { version } = await unit.rollouts.lock('old');
      const old = { ...header, application: 'old', version: version + 1, rollout };
      await unit.rollouts.commit('old', {
        ...{ changed: true, header: old, rows: [], effects: [], history: [], again: false },
      });
    });
    await expect(verifyRollout(store, 'old-1')).rejects.toMatchObject({ code: 'not-logged' });
  });
});

describe('the state of a rollout at a time', () => {
  it('is what was stored then, header and rows', async () => {
    const then = new Map<number, Awaited<ReturnType<typeof present>>>();
    for (const act of [() => start(1), report, () => start(2), report]) {
      await act();
      then.set(now, await present());
    }
    const [first, second, third, fourth] = [...then.keys()];
    for (const [rollout, at] of [
      ['web-1', first],
      ['web-1', second],
      ['web-2', third],
      ['web-2', fourth],
    ] as const) {
      const { header, rows } = await stateAt(store, rollout, (at ?? 0) + 500);
      expect(canonicalJson(header)).toBe(then.get(at ?? 0)?.header);
      expect(rows.map(canonicalJson).sort()).toEqual(then.get(at ?? 0)?.rows);
    }
    // Once the next one began, it stays as it ended.
    expect(canonicalJson((await stateAt(store, 'web-1', now)).header)).toBe(then.get(second ?? 0)?.header);
  });

  it('is none before it began', async () => {
    await start(1);
    await expect(stateAt(store, 'web-1', now - 1)).rejects.toMatchObject({ code: 'not-begun' });
    expect((await stateAt(store, 'web-1', now)).header.rollout?.id).toBe('web-1');
  });
});
