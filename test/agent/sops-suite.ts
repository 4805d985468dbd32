import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { AskKind } from '#contract';
import { carryFiles, type JsonObject, sealOf } from '#domain';
import { mapAt, mapsAt, textAt } from '#kube';
import type { KubeResponse } from '#ports';
import { load } from 'js-yaml';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap } from './samples.js';

const folder = path.resolve('apps/agent/src/steps/unseal/fixtures');
const text = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
/** As the hub carries it, with its file. */
const sealed = (name: string): JsonObject => {
  const object = load(text(name)) as JsonObject;
  return carryFiles([object], new Map([[sealOf(object) ?? '', text(name)]]))[0] ?? {};
};
const base64 = (value: string): string => Buffer.from(value).toString('base64');

/** None of these may be anywhere but in the objects that they were decrypted for. */
const VALUES = [
  'shop-reader-v3ry-s3cret',
  'token-of-the-shop',
  'k3y-of-th3-map',
  'alice-of-th3-list',
  'pa=ss w0rd#of;env',
  't0p-of-th3-ini',
] as const;
const SPELLINGS = VALUES.flatMap((value) => [value, base64(value).replace(/=+$/, '')]);

const files: JsonObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'files' },
  data: Object.fromEntries(
    ['settings.yaml', 'app.env', 'app.ini'].map((name) => [name, base64(text(name.replace('.', '.enc.')))]),
  ),
};

/** Objects that SOPS encrypted, on their way into a cluster; the same on a simulated one and on a real one. */
export function describeSopsSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`encrypted objects on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const core = (rig: Rig, plural: string, named: string) =>
      `/api/v1/namespaces/${rig.cluster.namespace}/${plural}/${named}`;
    const keysAt = (rig: Rig) => `/api/v1/namespaces/${rig.cluster.agentNamespace}/secrets`;
    const failed = async (rig: Rig, generation: number) =>
      await rig.hub.until(rig.application, (each) => each.generation === generation && each.phase === 'failed', 60_000);

    it(
      'are decrypted in the cluster alone, say which key they miss, and take a rotated one with no restart',
      () =>
        withRig(async (rig) => {
          const told: string[] = [];
          const askAll = async (): Promise<void> => {
            for (const kind of ['tree', 'diff', 'events'] as const satisfies readonly AskKind[]) {
              told.push(JSON.stringify(await rig.hub.ask(kind, rig.application)));
            }
          };
          await rig.start();
          const bundle = [
            configMap('plain', { a: '1' }),
            sealed('secret.enc.yaml'),
            sealed('config-map.enc.yaml'),
            files,
          ];
          const first = await rig.assign(bundle);
          const report = await failed(rig, first.generation);
          expect(report).toMatchObject({ cause: 'sync', runs: '' });
          expect(report.findings.map((each) => `${each.kind} ${each.name}: ${each.reason}`).sort()).toEqual([
            'ConfigMap partly: KeyMissing',
            'Secret db: KeyMissing',
            'Secret files: KeyMissing',
          ]);
          const keys = `${rig.cluster.agentNamespace}/flotilla-sops-age`;
          expect(report.message).toContain(
            `it is encrypted for age1pept0huwa4yndf7sumaqx47rsdcfeta7uwqv7a6tdhqd8l0qg4jqqptgdt, and the Secret ${keys} is not there`,
          );
          expect(await rig.get(core(rig, 'configmaps', 'plain'))).toBeNull();

          // The same agent finds it when it tries again.
          const metadata = { name: 'flotilla-sops-age' };
          const stringData = { 'keys.txt': text('keys.txt') };
          await rig.create(keysAt(rig), { apiVersion: 'v1', kind: 'Secret', metadata, stringData });
          await rig.healthy(first, 60_000);
          const db = await rig.get(core(rig, 'secrets', 'db'));
          expect(db).toMatchObject({
            data: { user: base64(VALUES[0]), port: base64('5432'), token: base64(VALUES[1]) },
          });
          expect(JSON.stringify(db)).not.toContain('sops');
          expect(await rig.get(core(rig, 'configmaps', 'partly'))).toMatchObject({
            data: { colour: 'blue', key_encrypted: VALUES[2] },
          });
          const held = mapAt((await rig.get(core(rig, 'secrets', 'files'))) ?? {}, 'data');
          expect(Buffer.from(textAt(held, 'app.env'), 'base64').toString()).toBe(text('decrypted/app.env'));
          await askAll();

          // Drift of what was encrypted is told by its fields alone, and put back.
          await rig.edit(core(rig, 'configmaps', 'partly'), { data: { key_encrypted: 'by hand' } });
          await rig.live(
            core(rig, 'configmaps', 'partly'),
            (live) => mapAt(live ?? {}, 'data')['key_encrypted'] === VALUES[2],
            30_000,
          );
          await rig.hub.until(rig.application, ({ drift }) => (drift?.corrected ?? 0) > 0, 30_000);
          await rig.healthy(await rig.assign(bundle, { drift: 'report' }), 60_000);
          await rig.edit(core(rig, 'configmaps', 'partly'), { data: { key_encrypted: `was ${VALUES[2]}` } });
          await rig.edit(core(rig, 'secrets', 'db'), { stringData: { user: `was ${VALUES[0]}` } });
          await rig.hub.until(rig.application, ({ drift }) => (drift?.drifted ?? 0) === 2, 30_000);
          await askAll();

          // Another key, and what the API server echoes.
          const rotated = [
            configMap('plain', { a: '2' }),
            sealed('secret-rotated.enc.yaml'),
            sealed('config-map.enc.yaml'),
            files,
          ];
          const next = await rig.assign(rotated);
          expect((await failed(rig, next.generation)).message).toMatch(
            /^Secret \S*db: it is encrypted for age1zn7ex23/,
          );
          await rig.edit(`${keysAt(rig)}/flotilla-sops-age`, { stringData: { 'next.agekey': text('rotated.agekey') } });
          await rig.healthy(next, 60_000);
          rig.kube.intercept = ({ method, path: at }) =>
            method === 'PATCH' && at.endsWith('/plain') ? refusal() : null;
          const echoed = await rig.assign([configMap('plain', { a: '4' }), ...rotated.slice(1)]);
          expect((await failed(rig, echoed.generation)).message).toContain('denied the request');
          await askAll();
          rig.kube.intercept = () => null;
          await rig.healthy(await rig.assign(rotated), 60_000);
          await rig.stop();
          await rig.start();
          await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy', 60_000);
          await askAll();
          // What is no longer in Git, and was applied by an agent that is gone.
          await rig.stop();
          await rig.start();
          await rig.assign([configMap('plain', { a: '3' })], { maxDeletions: 0 });
          await rig.hub.until(rig.application, (each) => each.phase === 'failed', 60_000);
          await askAll();

          const all = [...told, ...rig.log, JSON.stringify(rig.hub.reports), await records(rig)];
          for (const spelling of SPELLINGS) {
            expect(all.filter((each) => each.includes(spelling)).map((each) => [spelling, each.slice(0, 500)])).toEqual(
              [],
            );
          }
          expect(all.join('')).toContain('denied the request');
          expect(all.join('')).toContain('(hidden');
          expect(all.join('')).toContain('ENC[AES256_GCM');
        }),
      240_000,
    );
  });
}

function refusal(): KubeResponse {
  const message = `admission webhook "policy.example.com" denied the request: ${VALUES.join(' and ')} are weak, and so is ${base64(VALUES[0])}`;
  return { status: 403, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message } };
}

/** All that the agent's own Secrets hold, but for the keys. */
async function records(rig: Rig): Promise<string> {
  const path = `/api/v1/namespaces/${rig.cluster.agentNamespace}/secrets`;
  const { body } = await rig.cluster.kube.request({ method: 'GET', path });
  return mapsAt(body, 'items')
    .filter((each) => mapAt(each, 'metadata')['name'] !== 'flotilla-sops-age')
    .flatMap((each) => Object.values(mapAt(each, 'data')))
    .map((value) => Buffer.from(typeof value === 'string' ? value : '', 'base64'))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8'))
    .join('\n');
}
