import { expect, it } from '@jest/globals';
import { type AuditEntry, AUDIT_GENESIS, type ChainedEntry, ChainVerifier } from '#domain';
import { allPages, type StoreTest } from './opened-store.js';

export function audits(test: StoreTest): void {
  it('appends entries and lists them newest first', () =>
    test(async ({ store: { read } }) => {
      const plain = { at: 1, actor: 'system', act: 'apply', object: 'Source/shop' };
      const whole = {
        ...plain,
        at: 2,
        actor: 'token:ada',
        reason: 'because',
        detail: { before: null, after: { a: [1, 'x'] } },
      };
      await read.audit.append(plain);
      await read.audit.append(whole);
      await read.audit.append({ ...plain, at: 3 });
      const listed = await allPages((page) => read.audit.list(page), 2);
      const written = ({ id: _id, previous: _previous, hash: _hash, ...entry }: ChainedEntry): AuditEntry => entry;
      expect(listed.map(written)).toEqual([{ ...plain, at: 3 }, whole, plain]);
      const oldestFirst = await allPages((page) => read.audit.list(page, 'oldest'), 2);
      expect(oldestFirst).toEqual(listed.toReversed());
      expect(new Set(listed.map((each) => each.id)).size).toBe(3);
    }));

  it('finds entries by what actor, act and object begin with, and by when', () =>
    test(async ({ store: { read } }) => {
      const acts: readonly [string, string, string][] = [
        ['token:ann', 'rollout.pause', 'Rollout/web-1'],
        ['token:anna', 'rollout.resume', 'Rollout/web-1'],
        ['user:ann', 'apply', 'Application/web'],
        ['system', 'apply', 'Application/web_2'],
        ['token:ann', 'apply', 'Application/api'],
      ];
      for (const [index, [actor, act, object]] of acts.entries())
        await read.audit.append({ at: (index + 1) * 10, actor, act, object });
      const found = async (query: object, order?: 'oldest'): Promise<number[]> =>
        (await allPages((page) => read.audit.list({ ...query, ...page }, order), 2)).map(({ at }) => at);
      expect(await found({})).toEqual([50, 40, 30, 20, 10]);
      expect(await found({ actor: 'token:' })).toEqual([50, 20, 10]);
      expect(await found({ actor: 'token:ann' }, 'oldest')).toEqual([10, 20, 50]);
      expect(await found({ actor: 'token:ann', act: 'apply' })).toEqual([50]);
      expect(await found({ act: 'rollout.' })).toEqual([20, 10]);
      expect(await found({ object: 'Application/web' })).toEqual([40, 30]);
      // Nothing but itself, whatever a pattern would make of it.
      expect(await found({ object: 'Application/web_' })).toEqual([40]);
      expect(await found({ object: 'Application/%' })).toEqual([]);
      expect(await found({ object: 'application/web' })).toEqual([]);
      expect(await found({ from: 20, to: 40 })).toEqual([30, 20]);
      expect(await found({ from: 41, object: 'Application/' })).toEqual([50]);
    }));

  it('chains the many entries of one transaction in their order', () =>
    test(async ({ store }) => {
      const count = 1_100;
      await store.transact(async ({ audit }) => {
        for (let at = 0; at < count; at += 1)
          await audit.append({
            at,
            actor: 'fleet:x',
            act: 'apply',
            object: 'Cluster/x',
            ...(at % 2 === 0 && { reason: 'r' }),
          });
      });
      const entries = await allPages((page) => store.read.audit.list(page, 'oldest'), 500);
      expect(entries.map(({ at }) => at)).toEqual(Array.from({ length: count }, (_, at) => at));
      const verifier = new ChainVerifier();
      expect(entries.map((each) => verifier.take(each)).filter((broken) => broken !== null)).toEqual([]);
    }));

  it('chains the entries in the order of their commits, however many write at once, and leaves out what was rolled back', () =>
    test(async ({ store }) => {
      const entry = (object: string): AuditEntry => ({ at: 1, actor: 'token:ada', act: 'apply', object });
      const writes = Array.from({ length: 20 }, (_, index) =>
        store
          .transact(async (unit) => {
            await unit.audit.append(entry(`Source/s${index}`));
            // Written with the commit: until then nobody waits for it.
            await unit.settings.set(`written-${index}`, 'yes');
            await unit.audit.append({ ...entry(`Application/a${index}`), detail: { after: { index } } });
            if (index % 5 === 0) throw new Error('changed its mind');
          })
          .catch((error: Error) => error.message),
      );
      const failed = (await Promise.all(writes)).filter((message) => message === 'changed its mind');
      expect(failed).toHaveLength(4);
      const chain = await allPages((page) => store.read.audit.list(page, 'oldest'), 7);
      expect(chain).toHaveLength(32);
      const verifier = new ChainVerifier(chain.at(-1)?.hash);
      expect(chain.map((each) => verifier.take(each))).toEqual(chain.map(() => null));
      expect(verifier.end()).toBeNull();
      expect(chain[0]?.previous).toBe(AUDIT_GENESIS);
    }));

  it('keeps a setting until it is set anew', () =>
    test(async ({ store: { read } }) => {
      expect(await read.settings.get('alive')).toBeNull();
      await read.settings.set('alive', '100');
      await read.settings.set('alive', '200');
      expect(await read.settings.get('alive')).toBe('200');
      await read.settings.set('other', '');
      expect([...(await read.settings.of(['alive', 'none', 'other']))].sort()).toEqual([
        ['alive', '200'],
        ['other', ''],
      ]);
    }));
}
