import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '#kit';
import type { StatusMessage, Store } from '#ports';
import { createFakeStore } from '#store';
import { PlacedReports } from './placed-reports.js';

/** A store in which these applications are placed on these clusters, and that counts how often it is asked. */
function placing(rows: readonly { readonly uid: string; readonly application: string }[]) {
  const store = createFakeStore();
  const placed = [...rows];
  const asked: (readonly string[])[] = [];
  const rollouts = {
    ...store.read.rollouts,
    placed: (uids: readonly string[]) => {
      asked.push([...uids].sort());
      return Promise.resolve(placed.filter(({ uid }) => uids.includes(uid)));
    },
  };
  const metrics = createMetrics();
  const read: Store['read'] = { ...store.read, rollouts };
  const reports = new PlacedReports({ ...store, read }, metrics);
  const dropped = async (): Promise<number> => {
    const line = (await metrics.text()).split('\n').find((each) => /reports_dropped_total \d/.test(each));
    return Number(line?.split(' ')[1] ?? Number.NaN);
  };
  return { reports, placed, asked, dropped };
}

const says = (cluster: string, application: string): StatusMessage => ({
  cluster,
  application,
  body: new Uint8Array(),
});

describe('what clusters report', () => {
  it('is let through where it is of an application that is placed there, in its order', async () => {
    const { reports } = placing([
      { uid: 'c1', application: 'web' },
      { uid: 'c2', application: 'pay' },
    ]);
    const batch = [says('c2', 'pay'), says('c1', 'web'), says('c1', 'pay'), says('c2', 'web')];
    expect(await reports.sift(batch)).toEqual([says('c2', 'pay'), says('c1', 'web')]);
  });

  it('is dropped and counted under names that were made up, at one question a batch', async () => {
    const { reports, asked, dropped } = placing([{ uid: 'c1', application: 'web' }]);
    const made = Array.from({ length: 500 }, (_, index) => says('c1', `made-up-${index}`));
    expect(await reports.sift([...made, says('c9', 'web')])).toEqual([]);
    expect(asked).toEqual([['c1', 'c9']]);
    expect(await dropped()).toBe(501);
  });

  it('costs no question where everything was found before', async () => {
    const { reports, asked } = placing([{ uid: 'c1', application: 'web' }]);
    for (let index = 0; index < 5; index += 1) {
      expect(await reports.sift([says('c1', 'web')])).toHaveLength(1);
    }
    expect(asked).toHaveLength(1);
  });

  it('is let through from the moment at which it is placed', async () => {
    const { reports, placed } = placing([{ uid: 'c1', application: 'web' }]);
    expect(await reports.sift([says('c1', 'pay')])).toEqual([]);
    placed.push({ uid: 'c1', application: 'pay' });
    expect(await reports.sift([says('c1', 'pay'), says('c1', 'web')])).toHaveLength(2);
  });
});
