import { describe, expect, it } from '@jest/globals';
import { EVERYWHERE } from '#domain';
import { createLogger, RejectedError } from '#kit';
import { ManualClock } from '#ports';
import { createFakeStore, type FakeStore } from '#store';
import type { Caller } from '../access/permit.js';
import { CommandWork } from './command-work.js';
import type { CommandRequest } from './command.js';

const DAY = 24 * 3_600_000;
const caller: Caller = {
  ...{ actor: 'token:ann', email: null, via: 'token', id: 'token:1' },
  ...{ grants: [], scopes: [EVERYWHERE], sees: [EVERYWHERE] },
};

function setUp(): { work: CommandWork; store: FakeStore; clock: ManualClock; done: string[] } {
  const store = createFakeStore();
  const clock = new ManualClock(1_000_000);
  return { store, clock, work: new CommandWork(store, clock, createLogger({ level: 'silent' })), done: [] };
}

const command = (more: Partial<CommandRequest> = {}): CommandRequest => ({
  ...{ caller, request: () => 'same', dryRun: false },
  ...more,
});

describe('the work of commands', () => {
  it('does a command as often as it is sent without a key, and acts after the commit', async () => {
    const { work, store, done } = setUp();
    for (const round of ['1', '2']) {
      await work.run(command(), async (unit) => {
        await unit.settings.set('round', round);
        return { answer: { round }, after: () => void done.push(`${round} committed`) };
      });
    }
    expect(done).toEqual(['1 committed', '2 committed']);
    expect(await store.read.settings.get('round')).toBe('2');
  });

  it('does it once with a key, and keeps the answer for a day and for its sender', async () => {
    const { work, clock } = setUp();
    let round = 0;
    const send = (more: Partial<CommandRequest> = {}): Promise<{ round: number }> =>
      work.run(command({ key: 'k', ...more }), () => Promise.resolve({ answer: { round: (round += 1) } }));
    expect(await send()).toEqual({ round: 1 });
    expect(await send()).toEqual({ round: 1 });
    await expect(send({ request: () => 'other' })).rejects.toMatchObject({ code: 'idempotency-key-reused' });
    expect(await send({ caller: { ...caller, id: 'token:2' } })).toEqual({ round: 2 });
    expect(await send({ key: 'l' })).toEqual({ round: 3 });
    clock.advance(DAY + 1);
    expect(await send()).toEqual({ round: 4 });
  });

  it('keeps neither answer nor work of what was refused or failed: the key is free', async () => {
    const { work, store, done } = setUp();
    const failures = [new RejectedError('no', 'not now', { status: 409 }), new Error('broken')];
    for (const failure of failures) {
      const failing = work.run(command({ key: 'k' }), async (unit) => {
        await unit.settings.set('half', 'done');
        throw failure;
      });
      await expect(failing).rejects.toBe(failure);
    }
    expect(await store.read.settings.get('half')).toBeNull();
    const answer = { fine: true };
    expect(
      await work.run(command({ key: 'k' }), () => Promise.resolve({ answer, after: () => void done.push('x') })),
    ).toEqual(answer);
    expect(done).toEqual(['x']);
  });

  it('answers what a dry run would do, undoes it, and keeps nothing under its key', async () => {
    const { work, store, done } = setUp();
    const tried = await work.run(command({ key: 'k', dryRun: true }), async (unit) => {
      await unit.settings.set('half', 'done');
      return { answer: { half: await unit.settings.get('half') }, after: () => void done.push('never') };
    });
    expect(tried).toEqual({ half: 'done', dryRun: true });
    expect(await store.read.settings.get('half')).toBeNull();
    expect(done).toEqual([]);
    expect(await work.kept(command({ key: 'k' }))).toBeNull();
  });

  it('answers a refusal that only an equal request caused with the answer of that one', async () => {
    const { work } = setUp();
    let taken = false;
    const send = (): Promise<object> =>
      work.run(command({ key: 'k' }), async (unit) => {
        await unit.rollouts.lock('web');
        if (taken) throw new RejectedError('taken', 'somebody did it', { status: 409 });
        taken = true;
        return { answer: { did: 'it' } };
      });
    expect(await Promise.all([send(), send(), send()])).toEqual([{ did: 'it' }, { did: 'it' }, { did: 'it' }]);
  });
});
