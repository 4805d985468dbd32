import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Kube } from '#ports';
import { openFakeCluster } from '../fake/fake-kube.js';
import { mapAt, mapsAt, textAt } from './object-ref.js';
import { type ApplicationRecord, RecordStore } from './record-store.js';

const NAMESPACE = 'flotilla-system';
const PATH = `/api/v1/namespaces/${NAMESPACE}/secrets`;

function recordOf(application: string): ApplicationRecord {
  return { cluster: 'c', application, assignment: { generation: 1 }, runs: '', inventory: [] };
}

describe('the records of an agent', () => {
  let kube: Kube;
  let close: () => void;

  beforeEach(async () => {
    const opened = openFakeCluster();
    kube = opened.kube;
    close = () => {
      opened.kube.close();
      opened.cluster.close();
    };
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body });
  });

  afterEach(() => close());

  const names = async (): Promise<readonly string[]> => {
    const { body } = await kube.request({ method: 'GET', path: PATH });
    return mapsAt(body, 'items')
      .map((each) => textAt(mapAt(each, 'metadata'), 'name'))
      .sort();
  };

  it('are read again with a bundle too large for one Secret', async () => {
    const bundle = randomBytes(1_500_000);
    await new RecordStore(kube, NAMESPACE).save(recordOf('shop'), 'a'.repeat(64), bundle);
    const store = new RecordStore(kube, NAMESPACE);
    expect(await store.loadAll()).toEqual({ records: [recordOf('shop')], broken: [] });
    expect(Buffer.from((await store.loadBundle('shop', 'a'.repeat(64))) ?? []).equals(bundle)).toBe(true);
    expect(await store.loadBundle('shop', 'b'.repeat(64))).toBeNull();
  });

  it('leave no chunk behind that a crash kept from being deleted, or from being recorded', async () => {
    const store = new RecordStore(kube, NAMESPACE);
    await store.save(recordOf('shop'), 'a'.repeat(64), randomBytes(700_000));
    // As a process leaves them that dies before it could write the record, or delete what the record before it had.
    const { body } = await kube.request({ method: 'GET', path: `${PATH}/flotilla-app-shop-aaaaaaaaaaaa-0` });
    const { resourceVersion: _version, uid: _uid, ...metadata } = mapAt(body, 'metadata');
    const stray = { ...body, metadata: { ...metadata, name: 'flotilla-app-shop-0123456789ab-3' } };
    await kube.request({ method: 'POST', path: PATH, body: stray });
    // Its name is as a chunk's would be.
    await store.save(recordOf('shop-0123456789ab-1'), 'b'.repeat(64), randomBytes(10));
    const somebodys = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'flotilla-app-shop-0123456789ab-4' } };
    await kube.request({ method: 'POST', path: PATH, body: somebodys });
    await new RecordStore(kube, NAMESPACE).loadAll();
    expect(await names()).toEqual([
      'flotilla-app-shop',
      'flotilla-app-shop-0123456789ab-1',
      'flotilla-app-shop-0123456789ab-4',
      'flotilla-app-shop-aaaaaaaaaaaa-0',
      'flotilla-app-shop-aaaaaaaaaaaa-1',
    ]);
  });

  it('keep the chunks of a record that can not be read', async () => {
    const store = new RecordStore(kube, NAMESPACE);
    await store.save(recordOf('shop'), 'a'.repeat(64), randomBytes(700_000));
    await kube.request({
      method: 'PATCH',
      path: `${PATH}/flotilla-app-shop`,
      contentType: 'application/merge-patch+json',
      body: { data: { record: Buffer.from('no record').toString('base64') } },
    });
    expect(await new RecordStore(kube, NAMESPACE).loadAll()).toEqual({ records: [], broken: ['flotilla-app-shop'] });
    expect(await names()).toHaveLength(3);
  });
});
