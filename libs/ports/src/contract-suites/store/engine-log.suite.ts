import { expect, it } from '@jest/globals';
import {
  type ApplicationHeader,
  canonicalJson,
  type EngineState,
  ENGINE_VERSION,
  type LoggedStep,
  outcomeOf,
  type RolloutEvent,
} from '#domain';
import type { Store } from '../../store/store.js';
import { allPages, type StoreTest } from './opened-store.js';
import { decisionOf, rolloutOf, rowOf, save } from './samples.js';

const tick: RolloutEvent = { type: 'tick' };
const loggedStep = (now: number, rest: Partial<LoggedStep> = {}): LoggedStep => ({
  event: tick,
  now,
  inputs: [],
  ...rest,
});

/** Locks the application and commits, with a log, what `change` makes of its header. */
async function saveLogged(
  store: Store,
  change: Partial<ApplicationHeader>,
  step: LoggedStep,
): Promise<ApplicationHeader> {
  return store.transact(async (unit) => {
    const before = await unit.rollouts.lock('web');
    const next = { ...before, version: before.version + 1, ...change };
    await unit.rollouts.commit('web', decisionOf(next), step);
    return next;
  });
}

/** The first rollout of an application: two steps before it, which nobody can replay, and two of it. */
async function firstRollout(store: Store): Promise<EngineState> {
  const header = await save(store, 'web', () => ({}), { rows: [rowOf('u2', { position: 1 }), rowOf('u1')] });
  const before: EngineState = { header, rows: [rowOf('u2', { position: 1 }), rowOf('u1')] };
  await saveLogged(store, { rollout: rolloutOf(1), rolloutNumber: 1 }, loggedStep(100, { before }));
  await saveLogged(store, { rollout: rolloutOf(1) }, loggedStep(101));
  return before;
}

export function engineLog(test: StoreTest): void {
  it('keeps of each step what it was decided upon and what came of it, byte for byte', () =>
    test(async ({ store }) => {
      const before = await firstRollout(store);
      const event: RolloutEvent = {
        type: 'skip',
        clusters: ['u1'],
        actor: 'token:ada',
        reason: 'ünï "quoted" \\ \u0000-free',
      };
      const inputs = [
        { uid: 'u2', online: true, seenAt: 90 },
        { uid: 'u1', online: false, seenAt: null, held: true },
      ];
      const decision = await store.transact(async (unit) => {
        const header = await unit.rollouts.lock('web');
        const made = decisionOf(
          { ...header, version: header.version + 1, now: 105.5 },
          { rows: [rowOf('u2', { wave: 3 }), rowOf('u1', { state: 'skipped' })] },
        );
        await unit.rollouts.commit('web', made, { event, now: 102, inputs });
        return made;
      });
      const { items, next } = await store.read.rollouts.steps('web-1', {});
      expect(next).toBeUndefined();
      expect(items.map(({ step, at }) => [step, at])).toEqual([
        [before.header.version + 1, 100],
        [before.header.version + 2, 101],
        [before.header.version + 3, 102],
      ]);
      expect(items[2]).toEqual({
        ...{ application: 'web', step: decision.header.version, version: ENGINE_VERSION, at: 102, rollout: 'web-1' },
        ...{ event, inputs, outcome: outcomeOf(decision) },
      });
      expect(canonicalJson(items[2]?.event)).toBe(canonicalJson(event));
    }));

  it('keeps the state before the step that began a rollout, rows in uid order', () =>
    test(async ({ store }) => {
      const { header } = await firstRollout(store);
      const checkpoint = await store.read.rollouts.checkpointOf('web-1');
      expect(checkpoint).toEqual({
        ...{ application: 'web', step: header.version, version: ENGINE_VERSION, rollout: 'web-1', header },
        rows: [rowOf('u1'), rowOf('u2', { position: 1 })],
      });
      expect(canonicalJson(checkpoint?.header)).toBe(canonicalJson(header));
      expect(await store.read.rollouts.checkpointOf('web-2')).toBeNull();
    }));

  it('keeps the steps of one rollout apart from those of the next and of other applications', () =>
    test(async ({ store }) => {
      await firstRollout(store);
      await save(store, 'api', () => ({ rollout: null }));
      const header = await store.read.rollouts.header('web');
      if (header === null) throw new Error('web has no header');
      await saveLogged(
        store,
        { rollout: rolloutOf(2), rolloutNumber: 2 },
        loggedStep(200, { before: { header, rows: [] } }),
      );
      await saveLogged(store, {}, loggedStep(201));
      const times = async (rollout: string): Promise<number[]> =>
        (await allPages((page) => store.read.rollouts.steps(rollout, page), 1)).map(({ at }) => at);
      expect(await times('web-1')).toEqual([100, 101]);
      expect(await times('web-2')).toEqual([200, 201]);
      expect(await times('web-3')).toEqual([]);
      const [first, second] = await Promise.all(
        ['web-1', 'web-2'].map((rollout) => store.read.rollouts.checkpointOf(rollout)),
      );
      expect(await store.read.rollouts.checkpointAfter('web', first?.step ?? -1)).toEqual(second);
      expect(await store.read.rollouts.checkpointAfter('web', second?.step ?? -1)).toBeNull();
      expect(await store.read.rollouts.checkpointAfter('api', -1)).toBeNull();
    }));

  it('refuses a step that begins a rollout without the state before it, and writes nothing of it', () =>
    test(async ({ store }) => {
      const header = await save(store, 'web', () => ({}));
      const work = saveLogged(store, { rollout: rolloutOf(1) }, loggedStep(100));
      await expect(work).rejects.toMatchObject({ kind: 'bug', code: 'no-checkpoint' });
      expect(await store.read.rollouts.header('web')).toEqual(header);
      expect(await store.read.rollouts.rollout('web', 1)).toBeNull();
    }));

  it('logs nothing of a version conflict, of a decision that changed nothing, and of a transaction that failed', () =>
    test(async ({ store }) => {
      await firstRollout(store);
      const header = await store.read.rollouts.header('web');
      if (header === null) throw new Error('web has no header');
      const late = store.read.rollouts.commit('web', decisionOf(header), loggedStep(300));
      await expect(late).rejects.toMatchObject({ code: 'version-conflict' });
      const same = decisionOf({ ...header, version: header.version + 1 }, { changed: false });
      await store.read.rollouts.commit('web', same, loggedStep(301));
      const failed = store.transact(async (unit) => {
        await unit.rollouts.lock('web');
        await unit.rollouts.commit('web', decisionOf({ ...header, version: header.version + 1 }), loggedStep(302));
        throw new Error('on purpose');
      });
      await expect(failed).rejects.toThrow('on purpose');
      expect((await store.read.rollouts.steps('web-1', {})).items.map(({ at }) => at)).toEqual([100, 101]);
    }));

  it('ends the log of a forgotten application with what there was, and goes on with its steps where it comes anew', () =>
    test(async ({ store }) => {
      await firstRollout(store);
      const { header, rows } = {
        header: await store.read.rollouts.header('web'),
        rows: (await store.read.rollouts.rows('web', { all: true })).map(({ row }) => row),
      };
      const begun = await store.read.rollouts.checkpointOf('web-1');
      await store.transact((unit) => unit.rollouts.forget('web'));
      const last = await store.read.rollouts.checkpointAfter('web', begun?.step ?? -1);
      expect(last).toMatchObject({ step: header?.version, rollout: null, header });
      expect(last?.rows).toEqual([...rows].sort((a, b) => (a.uid < b.uid ? -1 : 1)));
      expect((await store.read.rollouts.steps('web-1', {})).items).toHaveLength(2);

      const anew = await store.transact((unit) => unit.rollouts.lock('web'));
      expect(anew.version).toBeGreaterThan(header?.version ?? 0);
      const retired = (await store.read.rollouts.rows('web', { all: true })).map(({ row }) => row);
      const before = { header: anew, rows: retired };
      await saveLogged(store, { rollout: rolloutOf(2), rolloutNumber: 2 }, loggedStep(400, { before }));
      expect((await store.read.rollouts.steps('web-1', {})).items.map(({ at }) => at)).toEqual([100, 101]);
      expect((await store.read.rollouts.steps('web-2', {})).items.map(({ at }) => at)).toEqual([400]);
    }));
}
