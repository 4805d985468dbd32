import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { Rig } from '../agent/rig.js';
import { configMap, secret } from '../agent/samples.js';
import { Mutation, until, withPolicy } from './admission.js';
import { openReal } from './open-real.js';

describe('admission', () => {
  const withRig = async (work: (rig: Rig) => Promise<void>): Promise<void> => {
    const rig = await Rig.open(await openReal());
    try {
      await work(rig);
    } catch (error) {
      process.stderr.write(`${rig.log.slice(-20).join('')}\n${JSON.stringify(rig.hub.reports.slice(-3), null, 1)}\n`);
      throw error;
    } finally {
      await rig.close();
    }
  };
  const core = (rig: Rig, plural: string, named: string) =>
    `/api/v1/namespaces/${rig.cluster.namespace}/${plural}/${named}`;

  it(
    'never makes a Namespace anew, whatever words it is refused with',
    () =>
      withRig(async (rig) => {
        const name = `data-${randomBytes(3).toString('hex')}`;
        const space = (v: string): JsonObject => ({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name, annotations: { 'flotilla.dev/recreate': 'enabled', v } },
        });
        const path = `/api/v1/namespaces/${name}`;
        const metadata = async () => ((await rig.get(path))?.['metadata'] ?? {}) as JsonObject;
        await rig.start();
        await rig.healthy(await rig.assign([space('1')]));
        const { uid } = await metadata();
        const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['UPDATE'] };
        const expression = "object.metadata.annotations['v'] == '1'";
        const policy = { rules: [rule], expression, message: "'field is immutable'" };
        const work = async (): Promise<void> => {
          const request = { method: 'PATCH', path, query: { dryRun: 'All' } } as const;
          const contentType = 'application/merge-patch+json';
          const body = { metadata: { annotations: { v: '0' } } };
          await until(async () => (await rig.cluster.kube.request({ ...request, contentType, body })).status === 422);
          const { generation } = await rig.assign([space('2')]);
          const report = await rig.hub.until(
            rig.application,
            (each) => each.generation === generation && each.phase === 'failed',
            30_000,
          );
          expect(report.findings[0]?.message).toContain('field is immutable');
          expect((await metadata())['uid']).toBe(uid);
          expect(rig.kube.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
        };
        await withPolicy(rig, policy, work, name);
        await rig.assign(null);
        await until(
          async () => (await rig.get(path)) === null || (await metadata())['deletionTimestamp'] !== undefined,
        );
      }),
    90_000,
  );

  it('keeps in its inventory what admission does not let it delete, says so, and deletes it later', () =>
    withRig(async (rig) => {
      await rig.start();
      await rig.healthy(await rig.assign([configMap('kept'), configMap('old'), configMap('older')]));
      const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['DELETE'] };
      const policy = { rules: [rule], expression: "oldObject.metadata.name != 'old'", message: "'the old one stays'" };
      let generation = -1;
      await withPolicy(rig, policy, async () => {
        // A policy is enforced a moment after it is there.
        await rig.create(`/api/v1/namespaces/${rig.cluster.namespace}/configmaps`, configMap('old-probe'));
        await untilDenied(rig, core(rig, 'configmaps', 'old'));
        ({ generation } = await rig.assign([configMap('kept')]));
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
          30_000,
        );
        expect(report).toMatchObject({ objects: 2, findings: [{ kind: 'ConfigMap', name: 'old' }] });
        expect(report.findings[0]?.message).toContain('the old one stays');
        expect(await rig.get(core(rig, 'configmaps', 'older'))).toBeNull();
      });
      await rig.hub.until(
        rig.application,
        (each) => each.generation === generation && each.phase === 'healthy' && each.objects === 1,
        60_000,
      );
      expect(await rig.get(core(rig, 'configmaps', 'old'))).toBeNull();
    }));

  it("tells of all that admission denies, in admission's own words but for the values of Secrets", () =>
    withRig(async (rig) => {
      const rule = {
        apiGroups: [''],
        apiVersions: ['v1'],
        resources: ['configmaps', 'secrets'],
        operations: ['CREATE'],
      };
      const policy = {
        rules: [rule],
        expression: "!object.metadata.name.startsWith('odd')",
        message:
          "'not with ' + (has(object.data) ? object.data.map(k, string(object.data[k])).join(' ') : '') + ', said the policy'",
      };
      await withPolicy(rig, policy, async () => {
        await untilRefused(rig);
        await rig.start();
        const { generation } = await rig.assign([
          configMap('odd-map', { colour: 'mauve' }),
          secret('odd-keys', { token: 'a-value-of-a-secret' }),
          configMap('fine'),
        ]);
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
          30_000,
        );
        expect(report.findings.map((each) => each.name).sort()).toEqual(['odd-keys', 'odd-map']);
        const told = Object.fromEntries(report.findings.map((each) => [each.name, each.message]));
        expect(told['odd-map']).toContain('not with mauve, said the policy');
        expect(told['odd-keys']).toContain('said the policy');
        const out = JSON.stringify(rig.hub.reports) + rig.log.join('');
        expect(out).not.toContain('a-value-of-a-secret');
        expect(out).not.toContain(Buffer.from('a-value-of-a-secret').toString('base64'));
      });
    }));

  it('finds at its verification of everything what another mutating webhook makes of the same objects', () =>
    withRig(async (rig) => {
      await rig.start({ timing: { verifyMs: 1_500 } });
      await rig.healthy(await rig.assign([configMap('settings', { colour: 'blue' })]));
      const path = core(rig, 'configmaps', 'settings');
      const dataOf = (live: JsonObject | null) => (live?.['data'] ?? {}) as JsonObject;
      expect(dataOf(await rig.get(path))).toEqual({ colour: 'blue' });
      const webhook = await Mutation.start(rig, { op: 'add', path: '/data/region', value: 'eu-west-1' });
      try {
        await rig.live(path, (live) => dataOf(live)['region'] === 'eu-west-1', 30_000);
        const report = await rig.hub.until(rig.application, (each) => (each.drift?.corrected ?? 0) > 0, 30_000);
        expect(report.drift?.fields).toEqual([`ConfigMap ${rig.cluster.namespace}/settings: data.region`]);
        // After that it is as the webhook makes it: nothing more is written, however often it is verified.
        const before = rig.kube.writes(rig.cluster.agentNamespace).length;
        await new Promise((resolve) => setTimeout(resolve, 4_000));
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toHaveLength(before);
      } finally {
        await webhook.close();
      }
    }));

  async function untilDenied(rig: Rig, path: string): Promise<void> {
    const query = { dryRun: 'All' };
    await until(async () => (await rig.cluster.kube.request({ method: 'DELETE', path, query })).status === 422);
  }

  async function untilRefused(rig: Rig): Promise<void> {
    const path = `/api/v1/namespaces/${rig.cluster.namespace}/configmaps`;
    const query = { dryRun: 'All' };
    const body = configMap('odd-probe');
    await until(async () => (await rig.cluster.kube.request({ method: 'POST', path, query, body })).status === 422);
  }
});
