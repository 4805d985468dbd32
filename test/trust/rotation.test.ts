import { X509Certificate } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { localAccessSchema, type SyncAnswer, type TrustView } from '#contract';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { TestApi } from '../helpers/test-api.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 90_000;
const CASE_MS = 300_000;

/** Whoever is away holds nobody up. */
const AT_ONCE = {
  waves: [
    {
      name: 'all',
      selector: {},
      maxConcurrency: '100%',
      maxFailures: 0,
      maxUnreachable: '100%',
      ackTimeout: '60s',
      progressDeadline: '90s',
      healthyFor: '500ms',
    },
  ],
};

/**
 * A rotation with nothing played: hub, PostgreSQL, nats-server and agents are the real ones; only the clusters' API servers are
 * simulated.
 */
describe('a rotation of what agents believe', () => {
  let test: TestHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;
  const opened = new Map<string, TestApi>();

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({});
    await cp(path.resolve('deploy/demo/repository'), repository.folder, { recursive: true });
    await repository.commit('the shop', {});
    const plans = [1, 2, 3].map((number) => ({ name: `dev-${number}`, labels: { env: 'dev' } }));
    clusters = await SimulatedClusters.start(test, plans);
    await test.api.post('/api/v1/apply', {
      documents: [
        { kind: 'Strategy', name: 'at-once', spec: AT_ONCE },
        { kind: 'Source', name: 'shop', spec: { url: repository.folder, interval: '1h' } },
        {
          kind: 'Application',
          name: 'shop',
          spec: { source: 'shop', path: 'overlays/dev', strategy: 'at-once', namespace: 'shop' },
        },
      ].map(({ kind, name, spec }) => ({ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec })),
    });
    await rolloutSettled(test.api, 'shop', 1, WITHIN_MS);
  }, CASE_MS);

  afterAll(async () => {
    for (const each of opened.values()) each.close();
    await clusters?.stop();
    await test?.stop();
    await repository?.remove();
  }, CASE_MS);

  const inData = (name: string): Promise<string> => readFile(path.join(test.folder, 'data', name), 'utf8');
  /** Trusting what this machine's own command line trusts now. */
  const api = async (): Promise<TestApi> => {
    const access = await inData('admin.json');
    const known = opened.get(access);
    if (known) return known;
    const fresh = new TestApi(localAccessSchema.parse(JSON.parse(access)));
    opened.set(access, fresh);
    return fresh;
  };
  const view = async (): Promise<TrustView> => (await api()).get('/api/v1/trust');
  const until = (what: string, is: (now: TrustView) => boolean): Promise<TrustView> =>
    eventually(what, view, is, WITHIN_MS);
  /** Nothing is left of the one before, in files either. */
  const isOver = ({ rotating, behindCount, manifestKeys, authorities }: TrustView): boolean =>
    !rotating && behindCount === 0 && manifestKeys.length === 1 && authorities.length === 1;
  const blocks = async (name: string, label: string): Promise<number> =>
    (await inData(name)).split(`-----BEGIN ${label}-----`).length - 1;
  /** What the API shows whom: the subject of the certificate's authority. */
  const shownBy = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.issuer ?? '');
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const portOfApi = async (): Promise<number> =>
    Number(new URL(localAccessSchema.parse(JSON.parse(await inData('admin.json'))).url).port);

  async function runEverywhere(tag: string, names = clusters.names()): Promise<void> {
    const name = 'base/kustomization.yaml';
    const text = await readFile(path.join(repository.folder, name), 'utf8');
    const revision = await repository.commit(tag, { [name]: text.replaceAll(/newTag: .*/g, `newTag: ${tag}`) });
    const answer = await (await api()).post<SyncAnswer>('/api/v1/sources/shop/sync');
    expect(answer).toMatchObject({ revision, errors: [] });
    for (const each of names) {
      const ready = (): Promise<string | null> => clusters.readyTag(each);
      await eventually(`${each} runs ${tag}`, ready, (running) => running === tag, WITHIN_MS);
    }
  }

  it(
    'of the key that signs manifests waits for a cluster that is offline, over a restart of the hub, and then goes through',
    async () => {
      const before = await until('everybody holds the first', ({ behindCount }) => behindCount === 0);
      expect(before).toMatchObject({ generation: 1, rotating: false, keptBy: 'hub', without: [] });
      await clusters.stopAgent('dev-3');
      const told = await test.api.post<TrustView>('/api/v1/trust/rotate', { what: 'manifest-key', reason: 'yearly' });
      expect(told).toMatchObject({ generation: 2, rotating: true });
      expect(told.manifestKeys.map(({ state }) => state)).toEqual(['current', 'next']);
      await expect(test.api.post('/api/v1/trust/rotate', { what: 'manifest-key' })).rejects.toThrow(/409 rotating/);

      // A cluster that joins meanwhile believes both from the start.
      await clusters.add({ name: 'dev-4', labels: { env: 'dev' } });
      const waiting = await until('dev-3 alone is waited for', ({ behindCount }) => behindCount === 1);
      expect(waiting.behind).toMatchObject([{ name: 'dev-3', held: 1 }]);
      expect(waiting.status).toMatch(/waiting for dev-3/);

      await test.restart();
      await until('the hub goes on waiting', ({ behindCount }) => behindCount === 1);
      await runEverywhere('1.0.1', ['dev-1', 'dev-2', 'dev-4']);
      expect((await view()).manifestKeys.map(({ state }) => state)).toEqual(['current', 'next']);

      await clusters.startAgent('dev-3');
      const over = await until('it is over', isOver);
      expect(over.generation).toBe(3);
      expect(over.status).toMatch(/^Nothing is being rotated, generation 3/);
      expect(over.manifestKeys).toMatchObject([{ id: told.manifestKeys[1]?.id, state: 'current' }]);
      expect(await blocks('keys/manifest-key.pem', 'PRIVATE KEY')).toBe(1);
      await runEverywhere('1.0.2');
    },
    CASE_MS,
  );

  it(
    'of the authority goes through while agents run, and everybody comes back to a bus that was started again',
    async () => {
      const [old] = (await view()).authorities;
      const issuer = await shownBy(await portOfApi());
      await clusters.stopAgent('dev-2');
      await (await api()).post<TrustView>('/api/v1/trust/rotate', { what: 'ca' });
      const waiting = await until('dev-2 alone is waited for', ({ behindCount }) => behindCount === 1);
      expect(waiting.authorities.map(({ state }) => state)).toEqual(['current', 'next']);
      expect(await shownBy(await portOfApi())).toBe(issuer);
      expect(await blocks('tls/ca.pem', 'CERTIFICATE')).toBe(2);

      await clusters.startAgent('dev-2');
      const over = await until('it is over', isOver);
      expect(over.authorities).toMatchObject([{ id: waiting.authorities[1]?.id, state: 'current' }]);
      expect(over.authorities[0]?.id).not.toBe(old?.id);
      const after = await shownBy(await portOfApi());
      expect(after).not.toBe(issuer);
      expect(after).toBe(new X509Certificate(await inData('tls/ca.pem')).subject);
      expect(await shownBy(Number((await inData('nats/port')).trim()))).toBe(after);
      expect(await blocks('tls/ca.pem', 'CERTIFICATE')).toBe(1);
      expect(await blocks('tls/ca-key.pem', 'PRIVATE KEY')).toBe(1);
      // What was trusted before is trusted no more, and the CA that everybody may fetch is the one that is.
      expect((await (await api()).raw('GET', '/api/v1/ca')).text).toBe(await inData('tls/ca.pem'));

      await test.restart();
      await until('everybody is back', ({ behind, behindCount }) => behindCount === 0 && behind.length === 0);
      await runEverywhere('1.0.3');
      // An agent that starts anew believes what it stored, whatever it was installed with.
      await clusters.stopAgent('dev-1');
      await clusters.startAgent('dev-1');
      await runEverywhere('1.0.4');
    },
    CASE_MS,
  );

  it(
    'goes on without a cluster that does not come back, which then believes nothing until it is joined again',
    async () => {
      const ran = await clusters.readyTag('dev-3');
      await clusters.stopAgent('dev-3');
      await (await api()).post<TrustView>('/api/v1/trust/rotate', { what: 'manifest-key' });
      await until('dev-3 alone is waited for', ({ behindCount }) => behindCount === 1);
      await expect((await api()).post('/api/v1/trust/finish', { without: ['dev-9'] })).rejects.toThrow(/404 not-found/);
      const left = await (await api()).post<TrustView>('/api/v1/trust/finish', { without: ['dev-3'], reason: 'burnt' });
      expect(left.behind.map(({ name }) => name)).toContain('dev-3');
      const over = await until('it is over', ({ rotating, behindCount }) => !rotating && behindCount === 1);
      await expect((await api()).post('/api/v1/trust/finish', { all: true })).rejects.toThrow(/409 not-rotating/);
      await clusters.startAgent('dev-3');
      await runEverywhere('1.0.5', ['dev-1', 'dev-2', 'dev-4']);
      const still = await view();
      expect(still).toMatchObject({ generation: over.generation, behind: [{ name: 'dev-3' }] });
      expect(await clusters.readyTag('dev-3')).toBe(ran);
      const { items } = await (await api()).get<{ items: { act: string }[] }>('/api/v1/audit?limit=200');
      const acts = new Set(items.map(({ act }) => act));
      for (const act of ['rotate', 'announce', 'switch', 'retire', 'finish']) expect(acts).toContain(`trust.${act}`);
    },
    CASE_MS,
  );
});
