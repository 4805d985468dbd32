import { beforeEach, describe, expect, it } from '@jest/globals';
import { STRATEGY_DEFAULTS, WAVE_DEFAULTS, type RolloutEvent } from '#domain';
import { ManualClock, type HubBus, type Store } from '#ports';
import { createFakeStore } from '#store';
import { runStep, type StepOutcome } from '../steps/advance/run-step.js';
import { Stepper } from '../steps/advance/stepper.js';
import { readWaitingPause } from '../steps/advance/waiting-pause.js';
import { brakeReason, Brakes, pauseReasons, type BrakeDocument } from './brakes.js';

const BY = { now: 5_000, actor: 'fleet:fleet', reason: 'look first' };
const document = (kind: 'Hold' | 'Pause', name: string): BrakeDocument => ({
  ...{ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec: { reason: BY.reason } },
});

let store: Store;
let brakes: Brakes;
let now: number;

beforeEach(async () => {
  store = createFakeStore();
  now = 1_000;
  const clock = new ManualClock(now);
  brakes = new Brakes(new Stepper(store, { nudge: () => undefined } as unknown as HubBus, clock));
  await store.read.resources.put('Application', 'web', {}, now);
  for (const uid of ['u1', 'u2']) {
    await store.read.clusters.register({ uid, name: uid, labels: {}, now });
    await store.read.clusters.markJoined(uid, { publicKey: uid, version: '0.1.0', protocol: 1, now });
  }
  const beats = ['u1', 'u2'].map((uid) => ({ uid, sequence: 0, version: '0.1.0', protocol: 1 }));
  await store.read.clusters.seen(beats, now);
});

const take = (event: RolloutEvent): Promise<StepOutcome> => {
  now += 1_000;
  return store.transact((unit) => runStep(unit, 'web', event, now));
};
const start = (release: number): Promise<StepOutcome> => {
  const members = ['u1', 'u2'].map((uid) => ({
    uid,
    name: uid,
    labels: {},
    facts: {},
    overlay: 'o',
    digest: `d${release}`,
  }));
  const waves = [{ ...WAVE_DEFAULTS, name: 'all', maxConcurrency: '100%' as const }];
  const strategy = { ...STRATEGY_DEFAULTS, waves };
  return take({ type: 'start', kind: 'forward', automatic: false, actor: 'token:ann', release, strategy, members });
};
const put = (kind: 'Hold' | 'Pause', name: string) =>
  store.transact(async (unit) => {
    await brakes.lock(unit, [{ kind, name }]);
    return brakes.put(unit, document(kind, name), BY);
  });
const lift = (kind: 'Hold' | 'Pause', name: string) =>
  store.transact((unit) => brakes.lift(unit, kind, name, { ...BY, reason: 'looked' }));
const reason = (kind: 'Hold' | 'Pause', name: string) => brakeReason(store.read, kind, name);

describe('a pause that is declared', () => {
  it('is there when the next rollout begins, before anything is assigned, and is then that rollout’s own', async () => {
    await put('Pause', 'web');
    expect(await reason('Pause', 'web')).toBe('look first');
    expect(await pauseReasons(store.read, ['web', 'other'])).toEqual(new Map([['web', 'look first']]));
    const { header } = await start(1);
    expect(header.rollout).toMatchObject({
      state: 'running',
      holds: [{ code: 'user', message: 'paused by fleet:fleet: look first' }],
      waves: [{ counts: { pending: 2 } }],
    });
    expect(await readWaitingPause(store.read, 'web')).toBeNull();
    expect(await pauseReasons(store.read, ['web'])).toEqual(new Map([['web', 'look first']]));
    await lift('Pause', 'web');
    expect(await reason('Pause', 'web')).toBeNull();
    expect((await take({ type: 'tick' })).header.rollout).toMatchObject({ waves: [{ counts: { assigned: 2 } }] });
    // Of a later one nothing waits.
    expect((await start(2)).header.rollout).toMatchObject({ id: 'web-2', holds: [] });
  });

  it('pauses the rollout that runs, and leaves one alone that a person paused', async () => {
    await start(1);
    await take({ type: 'pause', actor: 'token:ann', reason: 'lunch' });
    expect((await put('Pause', 'web'))[0]?.[1].changed).toBe(false);
    expect(await reason('Pause', 'web')).toBe('lunch');
    await take({ type: 'resume', actor: 'token:ann' });
    await put('Pause', 'web');
    expect(await reason('Pause', 'web')).toBe('look first');
  });

  it('waits where what runs takes a release back', async () => {
    await start(1);
    await take({ type: 'rollback', actor: 'token:ann', withoutPrevious: 'keep' });
    await put('Pause', 'web');
    const rollout = (await store.read.rollouts.header('web'))?.rollout;
    expect(rollout?.holds).toEqual([]);
    expect(await reason('Pause', 'web')).toBe(rollout?.kind === 'rollback' ? 'look first' : null);
    await lift('Pause', 'web');
    expect(await reason('Pause', 'web')).toBeNull();
  });
});

describe('a hold that is declared', () => {
  it('is told to every application of the cluster, and one that is there stays as it is', async () => {
    await start(1);
    expect(await put('Hold', 'u1')).toHaveLength(1);
    expect(await reason('Hold', 'u1')).toBe('look first');
    expect((await store.read.clusters.get('u1'))?.hold).toEqual({
      reason: 'look first',
      by: 'fleet:fleet',
      since: 5_000,
    });
    expect(await put('Hold', 'u1')).toEqual([]);
    expect(await lift('Hold', 'u1')).toHaveLength(1);
    expect(await reason('Hold', 'u1')).toBeNull();
    expect(await lift('Hold', 'u1')).toEqual([]);
    expect(await reason('Hold', 'none')).toBeNull();
  });
});
