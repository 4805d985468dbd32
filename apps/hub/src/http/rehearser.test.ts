import { describe, expect, it } from '@jest/globals';
import { rehearsalAnswerSchema, rehearsalRequestSchema } from '#contract';
import { DEFAULT_STRATEGY, EVERYWHERE, newHeader, type RolloutEvent } from '#domain';
import { createFakeStore } from '#store';
import type { HubSettings } from '../parts.js';
import type { PlanReader } from './plan-reader.js';
import { Rehearser } from './rehearser.js';

const NOW = 1_700_000_000_000;
const never = { caller: { actor: 'token:ann', sees: [EVERYWHERE] }, gone: new AbortController().signal };

async function rehearserOf(clusters: number, { barred = [] as number[], offline = 0 } = {}): Promise<Rehearser> {
  const store = createFakeStore();
  const uids = Array.from({ length: clusters }, (_, index) => `c${index}`);
  for (const uid of uids.slice(0, 50)) {
    await store.read.clusters.register({ uid, name: uid, labels: {}, now: NOW });
    await store.read.clusters.markJoined(uid, { publicKey: `U${uid}`, version: '0.1.0', protocol: 1, now: NOW });
  }
  const there = uids.slice(offline, 50);
  await store.read.clusters.seen(
    there.map((uid) => ({ uid, sequence: 1, version: '0.1.0', protocol: 1 })),
    NOW,
  );
  const event: Extract<RolloutEvent, { type: 'start' }> = {
    ...{ type: 'start', kind: 'forward', release: 3, strategy: DEFAULT_STRATEGY, automatic: false, actor: 'token:ann' },
    members: uids.map((uid, index) => ({
      ...{ uid, name: uid, labels: {}, facts: {}, overlay: 'o', digest: 'd'.repeat(64), online: index >= offline },
    })),
  };
  const plans = {
    imagine: () => Promise.resolve({ header: { ...newHeader('web'), barred }, rows: [], event, now: NOW }),
  } as unknown as PlanReader;
  return new Rehearser(store, { heartbeatMs: 60_000 } as HubSettings, plans);
}

const request = (more: object = {}) => rehearsalRequestSchema.parse({ runs: 5, seed: 1, ...more });

describe('rehearsals', () => {
  it('answer as the contract says, the same for the same seed', async () => {
    const rehearser = await rehearserOf(10, { offline: 1 });
    const { tookMs: _1, ...one } = await rehearser.rehearse('web', request(), never);
    const { tookMs: _2, ...other } = await rehearser.rehearse('web', request(), never);
    expect(other).toEqual(one);
    expect(rehearsalAnswerSchema.parse({ ...one, tookMs: 0 })).toMatchObject({
      application: 'web',
      release: 3,
      runs: 5,
      seed: 1,
      clusters: 10,
    });
    expect(one.order).toHaveLength(10);
    expect(one.assumptions[0]).toBe('1 cluster offline now: so they stay');
    expect(Object.values(one.outcomes).reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(Object.values(one.outcomes)).not.toContain(0);
  });

  it('are refused where the start would be', async () => {
    const rehearser = await rehearserOf(3, { barred: [3] });
    await expect(rehearser.rehearse('web', request(), never)).rejects.toMatchObject({ code: 'barred' });
  });

  it('are refused beyond what one core does in some minutes, with the number that would do', async () => {
    expect(() => request({ runs: 2001 })).toThrow('must be at most 2000');
    const rehearser = await rehearserOf(4000);
    await expect(rehearser.rehearse('web', request({ runs: 501 }), never)).rejects.toMatchObject({
      code: 'too-many-runs',
      message: 'runs: must be at most 500 over 4000 clusters',
    });
  });

  it('wait for each other, and not for who has gone meanwhile', async () => {
    const rehearser = await rehearserOf(10);
    const going = new AbortController();
    const ended: string[] = [];
    const note = (name: string) => (): void => void ended.push(name);
    const first = rehearser.rehearse('web', request({ runs: 200 }), never).then(note('first'));
    const gone = rehearser
      .rehearse('web', request({ runs: 2000 }), { ...never, gone: going.signal })
      .catch(note('gone'));
    const last = rehearser.rehearse('web', request({ runs: 1 }), never).then(note('last'));
    going.abort(new Error('went'));
    await Promise.all([first, gone, last]);
    expect(ended).toEqual(['first', 'gone', 'last']);
  });

  it('are refused once too many wait', async () => {
    const rehearser = await rehearserOf(3);
    const going = new AbortController();
    const asked = Array.from({ length: 13 }, () =>
      rehearser
        .rehearse('web', request({ runs: 2000 }), { ...never, gone: going.signal })
        .catch((error: unknown) => error),
    );
    going.abort(new Error('went'));
    const errors = await Promise.all(asked);
    expect(errors.filter((error) => (error as { code?: string }).code === 'busy').length).toBeGreaterThanOrEqual(1);
  });
});
