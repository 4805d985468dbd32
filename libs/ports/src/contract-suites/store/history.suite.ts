import { expect, it } from '@jest/globals';
import type { HistoryEntry } from '#domain';
import { allPages, type StoreTest } from './opened-store.js';
import { rolloutOf, rowOf, save } from './samples.js';

const entry = (message: string, rest: Partial<HistoryEntry> = {}): HistoryEntry => ({
  ...{ rollout: 'web-1', event: 'noted', message },
  ...rest,
});

export function history(test: StoreTest): void {
  it('appends history in order, numbered per application and dated by the header', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({ now: 50 }), {
        history: [entry('one'), entry('two', { cluster: 'u1', actor: 'token:ada', reason: 'why' })],
      });
      await save(store, 'api', () => ({ now: 60 }), { history: [entry('other', { rollout: null })] });
      await save(store, 'web', () => ({ now: 70 }), { history: [entry('three')] });
      const events = await store.read.rollouts.eventsAfter(0, 10);
      expect(events.map(({ id, ...event }) => event)).toEqual([
        { application: 'web', seq: 1, at: 50, rollout: 'web-1', event: 'noted', message: 'one' },
        {
          ...{ application: 'web', seq: 2, at: 50, rollout: 'web-1', event: 'noted', message: 'two' },
          ...{ cluster: 'u1', actor: 'token:ada', reason: 'why' },
        },
        { application: 'api', seq: 1, at: 60, rollout: null, event: 'noted', message: 'other' },
        { application: 'web', seq: 3, at: 70, rollout: 'web-1', event: 'noted', message: 'three' },
      ]);
      const ids = events.map((event) => event.id);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(await store.read.rollouts.eventsAfter(ids[1] ?? 0, 1)).toEqual([events[2]]);
    }));

  it('lists history newest first, by application, rollout and cluster', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), {
        history: [1, 2, 3].map((each) => entry(`web-1 ${each}`, { cluster: `u${each}` })),
      });
      await save(store, 'web', () => ({}), { history: [entry('web-2', { rollout: 'web-2', cluster: 'u1' })] });
      await save(store, 'api', () => ({}), { history: [entry('api-2', { rollout: 'api-2' })] });
      const list = async (query: { application?: string; rollout?: string; cluster?: string }): Promise<string[]> =>
        (await allPages((page) => store.read.rollouts.events({ ...query, ...page }), 2)).map((each) => each.message);
      expect(await list({})).toEqual(['api-2', 'web-2', 'web-1 3', 'web-1 2', 'web-1 1']);
      expect(await list({ application: 'web' })).toEqual(['web-2', 'web-1 3', 'web-1 2', 'web-1 1']);
      expect(await list({ application: 'web', rollout: 'web-1' })).toEqual(['web-1 3', 'web-1 2', 'web-1 1']);
      expect(await list({ rollout: 'web-2' })).toEqual(['web-2']);
      expect(await list({ application: 'api', rollout: 'web-2' })).toEqual([]);
      expect(await list({ rollout: 'nothing' })).toEqual([]);
      expect(await list({ cluster: 'u1' })).toEqual(['web-2', 'web-1 1']);
    }));

  it('finds events by what their actor begins with, and by when', () =>
    test(async ({ store }) => {
      const acts = [undefined, 'token:ann', 'token:anna', 'user:ann', undefined];
      for (const [index, actor] of acts.entries()) {
        await save(store, index === 3 ? 'api' : 'web', () => ({ now: (index + 1) * 10 }), {
          history: [
            entry(`${index}`, { ...(actor !== undefined && { actor }), ...(index === 1 && { cluster: 'u1' }) }),
          ],
        });
      }
      const found = async (query: object): Promise<string> =>
        (await allPages((page) => store.read.rollouts.events({ ...query, ...page }), 2))
          .map(({ message }) => message)
          .join('');
      expect(await found({ actor: 'token:' })).toBe('21');
      expect(await found({ actor: 'token:anna' })).toBe('2');
      expect(await found({ actor: '%' })).toBe('');
      expect(await found({ since: 20, until: 40 })).toBe('21');
      expect(await found({ since: 41 })).toBe('4');
      expect(await found({ until: 11 })).toBe('0');
      expect(await found({ actor: 'user:', application: 'web' })).toBe('');
      expect(await found({ actor: 'token:', since: 25 })).toBe('2');
      expect(await found({ actor: 'token:', cluster: 'u1' })).toBe('1');
    }));

  it('reads the history of a rollout oldest first, from where one stopped', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), { history: [1, 2].map((each) => entry(`web-1 ${each}`)) });
      await save(store, 'web', () => ({}), { history: [entry('web-2', { rollout: 'web-2' })] });
      await save(store, 'web', () => ({}), { history: [entry('web-1 3')] });
      const read = async (rollout: string, after: number, limit: number): Promise<[number, string][]> =>
        (await store.read.rollouts.history(rollout, after, limit)).map(({ seq, message }) => [seq, message]);
      expect(await read('web-1', 0, 2)).toEqual([
        [1, 'web-1 1'],
        [2, 'web-1 2'],
      ]);
      expect(await read('web-1', 2, 2)).toEqual([[4, 'web-1 3']]);
      expect(await read('web-1', 4, 2)).toEqual([]);
      expect(await read('nothing-1', 0, 2)).toEqual([]);
    }));

  it('never shows an event before one with a lower id, however many hubs write', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const writers = Array.from({ length: 6 }, async (_, writer) => {
        for (let turn = 0; turn < 5; turn += 1) {
          await save(writer % 2 === 0 ? store : other, `app-${writer}`, () => ({}), {
            history: [entry('x', { rollout: null })],
          });
        }
      });
      const read: number[] = [];
      let done = false;
      const reader = (async () => {
        // One more look after the last writer, for what came between.
        for (let last = false; !last;) {
          last = done;
          const page = await store.read.rollouts.eventsAfter(read.at(-1) ?? 0, 3);
          read.push(...page.map((event) => event.id));
          if (page.length > 0) last = false;
        }
      })();
      await Promise.all(writers);
      done = true;
      await reader;
      expect(read).toHaveLength(30);
    }));

  it('shows the present rollout as its header has it, and an ended one as it ended', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({ rollout: rolloutOf(1) }));
      await save(store, 'web', () => ({ rollout: rolloutOf(1, { wave: 1, warnings: ['later'] }) }));
      expect(await store.read.rollouts.rollout('web', 1)).toMatchObject({ wave: 1, warnings: ['later'] });
      expect(await store.read.rollouts.rollout('web', 2)).toBeNull();
      expect(await store.read.rollouts.rollout('api', 1)).toBeNull();
      const final = rolloutOf(1, { state: 'cancelled', endedAt: 9 });
      await save(store, 'web', () => ({ rollout: final }), { effects: [{ type: 'ended', rollout: 'web-1', final }] });
      await save(store, 'web', () => ({ rollout: rolloutOf(2) }));
      expect(await store.read.rollouts.rollout('web', 1)).toEqual(final);
      expect((await store.read.rollouts.rollout('web', 2))?.state).toBe('running');
    }));

  it('lists rollouts newest first, of one application or of all', () =>
    test(async ({ store }) => {
      for (const number of [1, 2, 3]) {
        await save(store, 'web', () => ({ rollout: rolloutOf(number, { startedAt: number * 10 }) }));
      }
      for (const number of [1, 2]) {
        await save(store, 'api', () => ({
          rollout: rolloutOf(number, { id: `api-${number}`, startedAt: 5 + number * 15 }),
        }));
      }
      const ids = async (application: string | null): Promise<string[]> =>
        (await allPages((page) => store.read.rollouts.list(application, page), 2)).map(({ rollout }) => rollout.id);
      expect(await ids('web')).toEqual(['web-3', 'web-2', 'web-1']);
      expect(await ids(null)).toEqual(['api-2', 'web-3', 'web-2', 'api-1', 'web-1']);
      expect((await store.read.rollouts.list(null, { limit: 1 })).items[0]?.application).toBe('api');
    }));

  it('pages through the targets of a rollout by wave and position, live and archived alike', () =>
    test(async ({ store }) => {
      const rows = ['e', 'd', 'c', 'b', 'a'].map((uid, index) =>
        rowOf(uid, { wave: Math.floor(index / 2), position: index % 2, state: index === 3 ? 'failed' : 'passed' }),
      );
      await save(store, 'web', () => ({ rollout: rolloutOf(1) }), { rows: [...rows].reverse() });
      const uids = async (filter: object): Promise<string[]> =>
        (await allPages((page) => store.read.rollouts.targets('web', 1, { ...filter, ...page }), 2)).map(
          (row) => row.uid,
        );
      const check = async (): Promise<void> => {
        expect(await uids({})).toEqual(['e', 'd', 'c', 'b', 'a']);
        expect(await uids({ wave: 1 })).toEqual(['c', 'b']);
        expect(await uids({ state: 'passed' })).toEqual(['e', 'd', 'c', 'a']);
        expect(await uids({ state: 'failed', wave: 0 })).toEqual([]);
      };
      await check();
      const final = rolloutOf(1, { state: 'succeeded', endedAt: 9 });
      await save(store, 'web', () => ({ rollout: final }), { effects: [{ type: 'ended', rollout: 'web-1', final }] });
      await check();
      expect(await store.read.rollouts.targets('web', 7, {})).toEqual({ items: [] });
    }));
}
