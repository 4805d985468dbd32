import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TrustView, Why } from '#contract';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, startTestHub, type TestHub } from '../helpers/test-hub.js';

const WITHIN_MS = 90_000;
const CASE_MS = 300_000;
const makeKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('keys that somebody else keeps', () => {
  let test: TestHub;
  let clusters: SimulatedClusters;
  let keyFile: string;
  const [first, second] = [makeKey(), makeKey()];

  beforeAll(async () => {
    test = await startTestHub({}, undefined, {
      prepare: async (folder) => {
        keyFile = path.join(folder, 'keys.pem');
        await writeFile(keyFile, first);
        return { FLOTILLA_MANIFEST_KEY_FILE: keyFile };
      },
    });
    clusters = await SimulatedClusters.start(test, [{ name: 'dev-1', labels: { env: 'dev' } }]);
  }, CASE_MS);

  afterAll(async () => {
    await clusters?.stop();
    await test?.stop();
  }, CASE_MS);

  const until = (what: string, is: (now: TrustView) => boolean): Promise<TrustView> =>
    eventually(what, () => test.api.get<TrustView>('/api/v1/trust'), is, WITHIN_MS);
  const statesOf = ({ manifestKeys }: TrustView): string => manifestKeys.map(({ state }) => state).join();

  it(
    'are told to agents when they are added, and used when they are put first',
    async () => {
      await until('the first is held', ({ behindCount }) => behindCount === 0);
      await expect(test.api.post('/api/v1/trust/rotate', { what: 'manifest-key' })).rejects.toThrow(/kept-outside/);
      await writeFile(keyFile, first + second);
      const told = await until('both are held', (now) => statesOf(now) === 'current,next' && now.behindCount === 0);
      expect(told).toMatchObject({ keptBy: 'outside', generation: 2, rotating: true });
      expect(told.status).toMatch(/put it first in the file/);
      await writeFile(keyFile, second + first);
      const used = await until('the second signs', (now) => statesOf(now) === 'gone,current' && now.behindCount === 0);
      expect(used).toMatchObject({ generation: 3, rotating: false });
      await writeFile(keyFile, second);
      await until('the first is forgotten', (now) => statesOf(now) === 'current');
    },
    CASE_MS,
  );

  it(
    'are believed on after the database was restored from before they were told of',
    async () => {
      const before = await until('everybody holds what is in force', ({ behindCount }) => behindCount === 0);
      const { trust } = test.hub.store.read;
      const stored = await trust.get();
      if (stored === null) throw new Error('nothing is stored');
      await trust.put({ ...stored, generation: 1 });
      const after = await until('the hub has gone past what agents hold', (now) => now.generation > before.generation);
      expect(after.manifestKeys).toEqual(before.manifestKeys);
      await until('everybody holds it', ({ behindCount }) => behindCount === 0);
    },
    CASE_MS,
  );

  it(
    'are waited for where they are lost, which whoever asks why is told, and nothing is signed by another',
    async () => {
      const before = await test.api.get<TrustView>('/api/v1/trust');
      await writeFile(keyFile, makeKey());
      const lost = await until('it is missed', ({ problem }) => problem !== undefined);
      expect(lost.problem).toContain(before.manifestKeys[0]?.id);
      expect(lost.manifestKeys[0]).toMatchObject({ id: before.manifestKeys[0]?.id, state: 'current' });
      const ready = await test.api.raw('GET', '/readyz');
      expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('signer-unavailable')]);
      const why = await test.api.get<Why>('/api/v1/why/clusters/dev-1');
      expect(why.sentence).toMatch(/^Nothing new goes out to any cluster/);
      expect(why.holds[0]).toMatchObject({ code: 'unsigned' });
      expect(why.can).toContain('flotilla trust');
      expect(JSON.stringify(why)).not.toContain(keyFile);
      const sequence = clusters.agent('dev-1').agents.get('dev-1')?.state().sequence;

      await writeFile(keyFile, second);
      await until('it is back', ({ problem, behindCount }) => problem === undefined && behindCount === 0);
      expect((await test.api.raw('GET', '/readyz')).status).toBe(200);
      expect(clusters.agent('dev-1').agents.get('dev-1')?.state().sequence).toBeGreaterThan(sequence ?? 0);
    },
    CASE_MS,
  );

  it(
    'give way to others where an admin says that they are lost, and clusters that are not joined again believe nothing',
    async () => {
      const before = await test.api.get<TrustView>('/api/v1/trust');
      await expect(test.api.post('/api/v1/trust/finish', { all: true })).rejects.toThrow(/not-rotating/);
      await writeFile(keyFile, makeKey());
      await until('it is missed', ({ problem }) => problem !== undefined);
      await test.api.post('/api/v1/trust/finish', { all: true, reason: 'the vault burnt' });
      const anew = await until('the other signs', (now) => now.problem === undefined && statesOf(now) === 'current');
      expect(anew.manifestKeys[0]?.id).not.toBe(before.manifestKeys[0]?.id);
      expect(anew.generation).toBeGreaterThan(before.generation);
      expect(anew.behind).toMatchObject([{ name: 'dev-1', held: before.generation }]);
      expect((await test.api.raw('GET', '/readyz')).status).toBe(200);
    },
    CASE_MS,
  );
});
