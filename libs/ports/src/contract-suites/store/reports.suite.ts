import { expect, it } from '@jest/globals';
import { allPages, type StoreTest } from './opened-store.js';
import { reportOf } from './samples.js';

export function reports(test: StoreTest): void {
  it('keeps the latest of each application and cluster, and answers what was news', () =>
    test(async ({ store: { read } }) => {
      const first = [reportOf('u2', 1, 1), reportOf('u1', 1, 5), reportOf('u1', 1, 1, { application: 'api' })];
      expect(await read.reports.upsert(first, 10)).toEqual(first);
      expect(await read.reports.upsert(first, 20)).toEqual([]);
      expect(await read.reports.get('web', 'u1')).toEqual({ report: first[1], at: 10 });
      expect(await read.reports.get('web', 'u9')).toBeNull();
      expect(await read.reports.upsert([], 30)).toEqual([]);
    }));

  it.each([
    ['an older sequence', 2, 4, false],
    ['the same again', 2, 5, false],
    ['a newer sequence', 2, 6, true],
    ['an earlier start with a higher sequence', 1, 99, false],
    ['a later start with a lower sequence', 3, 1, true],
  ])('takes %s for what it is', (_case, boot, seq, isNews) =>
    test(async ({ store: { read } }) => {
      await read.reports.upsert([reportOf('u1', 2, 5)], 10);
      const report = reportOf('u1', boot, seq, { phase: 'failed' });
      expect(await read.reports.upsert([report], 20)).toEqual(isNews ? [report] : []);
      expect((await read.reports.get('web', 'u1'))?.report.phase).toBe(isNews ? 'failed' : 'healthy');
    }),
  );

  it('takes the newest of several in one batch, whatever their order', () =>
    test(async ({ store: { read } }) => {
      const newest = reportOf('u1', 2, 3, { phase: 'progressing' });
      const other = reportOf('u2', 1, 1);
      const batch = [reportOf('u1', 2, 1), newest, reportOf('u1', 1, 9), other, reportOf('u1', 2, 2), { ...newest }];
      expect(await read.reports.upsert(batch, 10)).toEqual([newest, other]);
      expect((await read.reports.get('web', 'u1'))?.report).toEqual(newest);
    }));

  it("ends with the newest when two hubs bring a cluster's reports at once, each told to one of them", () =>
    test(async ({ store, another }) => {
      const other = await another();
      const uids = Array.from({ length: 30 }, (_, index) => `u${index}`);
      const batch = (seq: number): ReturnType<typeof reportOf>[] => uids.map((uid) => reportOf(uid, 1, seq));
      const news = await Promise.all([
        store.transact((unit) => unit.reports.upsert(batch(2), 10)),
        other.transact((unit) => unit.reports.upsert([...batch(3)].reverse(), 10)),
        store.transact((unit) => unit.reports.upsert(batch(1), 10)),
        other.transact((unit) => unit.reports.upsert(batch(3), 10)),
      ]);
      expect(news.flat().filter((report) => report.seq === 3)).toHaveLength(30);
      for (const uid of uids) expect((await store.read.reports.get('web', uid))?.report.seq).toBe(3);
    }));

  it('lists by cluster and, page by page, by application', () =>
    test(async ({ store: { read } }) => {
      const web = ['u3', 'u1', 'u2', 'u5', 'u4'].map((uid) => reportOf(uid, 1, 1));
      await read.reports.upsert([...web, reportOf('u1', 1, 1, { application: 'api' })], 10);
      expect((await read.reports.ofCluster('u1')).map(({ report }) => report.application)).toEqual(['api', 'web']);
      await read.reports.upsert([reportOf('u1', 4, 1, { application: 'api' })], 11);
      expect([await read.reports.boots('u1'), await read.reports.boots('none')]).toEqual([4, 0]);
      const listed = await allPages((page) => read.reports.ofApplication('web', page), 2);
      expect(listed.map(({ report }) => report.cluster)).toEqual(['u1', 'u2', 'u3', 'u4', 'u5']);
    }));
}
