import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { configMap, deployment, job, secret, service } from './samples.js';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';

/** What an agent does to a cluster; the same on a simulated one and on a real one. */
export function describeAgentSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`an agent on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const shop = (image?: string): JsonObject[] => [
      configMap('settings', { colour: 'blue' }),
      service('web'),
      deployment('web', image),
    ];
    const core = (rig: Rig, plural: string, name: string) =>
      `/api/v1/namespaces/${rig.cluster.namespace}/${plural}/${name}`;
    const apps = (rig: Rig, plural: string, name: string) =>
      `/apis/apps/v1/namespaces/${rig.cluster.namespace}/${plural}/${name}`;

    it('joins, tells what the cluster is, and brings a first release to healthy', () =>
      withRig(async (rig) => {
        const assigned = await rig.assign(shop());
        await rig.start();
        await rig.healthy(assigned);
        const report = rig.hub.latest(rig.application);
        expect(report).toMatchObject({
          phase: 'healthy',
          generation: 1,
          digest: assigned.digest,
          runs: assigned.digest,
          objects: 3,
          findings: [],
          boot: 1,
        });
        expect(rig.hub.reports[0]).toMatchObject({ phase: 'progressing', generation: 1, runs: '' });
        expect(rig.hub.heartbeats.at(-1)?.sequence).toBe(1);
        const facts = rig.hub.heartbeats.find((heartbeat) => heartbeat.facts !== undefined)?.facts;
        expect(facts).toMatchObject({ 'kubernetes.minor': '1.36', nodes: expect.stringMatching(/^[1-9]/) });
        const live = await rig.get(core(rig, 'configmaps', 'settings'));
        expect(live).toMatchObject({
          data: { colour: 'blue' },
          metadata: { labels: { 'flotilla.dev/application': rig.application } },
        });
      }));

    it('writes nothing when a new generation changes nothing, nor when it looks at everything again', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign(shop()));
        rig.kube.requests = [];
        await rig.healthy(await rig.assign(shop()));
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
        await rig.stop();
        rig.kube.requests = [];
        await rig.start();
        await rig.hub.until(rig.application, (report) => report.boot === 2 && report.phase === 'healthy');
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
      }));

    it('writes only the object that changed', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign(shop()));
        rig.kube.requests = [];
        await rig.healthy(await rig.assign(shop('registry.example/web:1.1')));
        expect(rig.kube.writes(rig.cluster.agentNamespace).map(({ path }) => path)).toEqual([
          apps(rig, 'deployments', 'web'),
        ]);
      }));

    it(
      "tells a bad image as failed, in the kubelet's own words",
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign(shop()));
          const { generation } = await rig.assign(shop('registry.example/web:bad'));
          const report = await rig.hub.until(
            rig.application,
            (each) => each.generation === generation && each.phase === 'failed',
            60_000,
          );
          expect(report).toMatchObject({ cause: 'health', findings: [{ kind: 'Deployment', name: 'web' }] });
          expect(report.findings[0]?.reason).toMatch(/ErrImagePull|ImagePullBackOff/);
          expect(report.findings[0]?.message).toContain('registry.example/web:bad');
          await rig.healthy(await rig.assign(shop()), 30_000);
        }),
      120_000,
    );

    it(
      'tells a Job whose pod never starts as failed, which no backoff limit counts',
      () =>
        withRig(async (rig) => {
          await rig.start();
          const { generation } = await rig.assign([job('migrate', {}, 'registry.example/job:bad')]);
          const report = await rig.hub.until(
            rig.application,
            (each) => each.generation === generation && each.phase === 'failed',
            60_000,
          );
          expect(report).toMatchObject({ cause: 'health', findings: [{ kind: 'Job', name: 'migrate' }] });
          expect(report.findings[0]?.reason).toMatch(/ErrImagePull|ImagePullBackOff/);
          expect(report.findings[0]?.message).toContain('registry.example/job:bad');
        }),
      120_000,
    );

    it('prunes what a release no longer has, once the rest is healthy', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([...shop(), configMap('old'), secret('older', { a: 'b' })]));
        await rig.healthy(await rig.assign(shop()));
        expect(await rig.get(core(rig, 'configmaps', 'old'))).toBeNull();
        expect(await rig.get(core(rig, 'secrets', 'older'))).toBeNull();
        expect(rig.hub.latest(rig.application)?.objects).toBe(3);
      }));

    it('leaves alone what says so, and what is no longer its own', () =>
      withRig(async (rig) => {
        await rig.start();
        const kept = {
          ...configMap('kept'),
          metadata: { name: 'kept', annotations: { 'flotilla.dev/prune': 'disabled' } },
        };
        await rig.healthy(await rig.assign([...shop(), kept, configMap('given-away')]));
        await rig.healthy(await rig.assign([...shop(), kept, configMap('given-away')], { drift: 'off' }));
        await rig.edit(core(rig, 'configmaps', 'given-away'), {
          metadata: { labels: { 'flotilla.dev/application': 'other' } },
        });
        await rig.healthy(await rig.assign(shop()));
        expect(await rig.get(core(rig, 'configmaps', 'kept'))).not.toBeNull();
        expect(await rig.get(core(rig, 'configmaps', 'given-away'))).not.toBeNull();
      }));

    it('deletes nothing and changes nothing when a release would delete more than its budget', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([...shop(), configMap('a'), configMap('b'), configMap('c')]));
        const { generation } = await rig.assign(shop('registry.example/web:1.1'), { maxDeletions: 2 });
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
        );
        expect(report.message).toContain('it would delete 3 objects');
        expect(report.cause).toBe('sync');
        for (const each of ['a', 'b', 'c']) expect(await rig.get(core(rig, 'configmaps', each))).not.toBeNull();
        const live = await rig.get(apps(rig, 'deployments', 'web'));
        expect(JSON.stringify(live)).toContain('web:1.0');
      }));

    it('puts a manual change and a manual deletion back within a second, and says which fields', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign(shop()));
        await rig.edit(core(rig, 'configmaps', 'settings'), { data: { colour: 'red', added: 'by hand' } });
        await rig.live(
          core(rig, 'configmaps', 'settings'),
          (live) => JSON.stringify(live?.['data']) === '{"colour":"blue"}',
          1_000,
        );
        await rig.remove(core(rig, 'services', 'web'));
        await rig.live(core(rig, 'services', 'web'), (live) => live !== null, 1_000);
        const report = await rig.hub.until(
          rig.application,
          (each) => (each.drift?.corrected ?? 0) >= 2 && each.phase === 'healthy',
        );
        const fields = rig.hub.reports.flatMap((each) => each.drift?.fields ?? []);
        expect(fields).toContain(`ConfigMap ${rig.cluster.namespace}/settings: data.colour`);
        expect(report.drift?.drifted).toBe(0);
      }));

    it('only tells of drift where the application asks for that', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign(shop(), { drift: 'report' }));
        await rig.edit(core(rig, 'configmaps', 'settings'), { data: { colour: 'red' } });
        const report = await rig.hub.until(rig.application, (each) => each.drift?.drifted === 1);
        expect(report.drift?.fields).toEqual([`ConfigMap ${rig.cluster.namespace}/settings: data.colour`]);
        expect(await rig.get(core(rig, 'configmaps', 'settings'))).toMatchObject({ data: { colour: 'red' } });
      }));

    it("refuses another application's object, and tells all errors, not only the first", () =>
      withRig(async (rig) => {
        const labels = { 'flotilla.dev/application': 'somebody-else' };
        const taken = (name: string) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, labels },
          data: { a: '1' },
        });
        const collection = `/api/v1/namespaces/${rig.cluster.namespace}/configmaps`;
        await rig.create(collection, taken('theirs'));
        await rig.create(collection, taken('theirs-too'));
        await rig.start();
        const { generation } = await rig.assign([...shop(), configMap('theirs'), configMap('theirs-too')]);
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
        );
        expect(report.findings.map((finding) => finding.name).sort()).toEqual(['theirs', 'theirs-too']);
        expect(report.findings[0]?.message).toContain('somebody-else');
        expect(await rig.get(apps(rig, 'deployments', 'web'))).toBeNull();
        const adopt = (name: string) => ({
          ...configMap(name, { a: '2' }),
          metadata: { name, annotations: { 'flotilla.dev/adopt': 'enabled' } },
        });
        await rig.healthy(await rig.assign([...shop(), adopt('theirs'), adopt('theirs-too')]));
        expect(await rig.get(`${collection}/theirs`)).toMatchObject({ data: { a: '2' } });
      }));

    it("tells the API server's own words for what it refuses, and no Secret's values", () =>
      withRig(async (rig) => {
        await rig.start();
        const { spec } = deployment('broken') as { spec: JsonObject };
        const bad = {
          ...deployment('broken'),
          spec: { ...spec, template: { metadata: { labels: { app: 'broken' } } } },
        };
        const odd = secret('Not_A_Name', { password: 'hunter2-is-refused' });
        const { generation } = await rig.assign([bad, odd]);
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
        );
        expect(report.findings.map((finding) => finding.kind).sort()).toEqual(['Deployment', 'Secret']);
        expect(JSON.stringify(report)).toContain('spec.template.spec.containers: Required value');
        await rig.healthy(await rig.assign([secret('fine', { password: 'hunter2-is-secret' })]));
        await rig.edit(core(rig, 'secrets', 'fine'), { stringData: { password: 'changed-by-hand' } });
        await rig.hub.until(rig.application, (each) => (each.drift?.corrected ?? 0) > 0);
        const all = JSON.stringify(rig.hub.reports) + rig.log.join('');
        for (const value of ['hunter2', 'changed-by-hand', Buffer.from('hunter2-is-secret').toString('base64')]) {
          expect(all).not.toContain(value);
        }
      }));

    it('refuses what it cannot verify, says so, and changes nothing', () =>
      withRig(async (rig) => {
        await rig.start();
        const first = await rig.assign(shop());
        await rig.healthy(first);
        const good = rig.hub.manifest();
        const changed = { ...first, generation: 2, digest: 'f'.repeat(64) };
        const asked = (generation: number) => ({ [rig.application]: { ...changed, generation } });
        rig.kube.requests = [];
        const refused = async (generation: number, words: RegExp): Promise<void> => {
          const report = await rig.hub.until(
            rig.application,
            (each) => each.generation === generation && each.phase === 'refused',
          );
          expect(report.message).toMatch(words);
          expect(report.runs).toBe(first.digest);
        };
        const { privateKey } = (await import('node:crypto')).generateKeyPairSync('ed25519');
        await rig.hub.put(rig.hub.sign({ ...good, sequence: 10, applications: asked(2) }, privateKey));
        await refused(2, /wrong signature/);
        const signed = rig.hub.sign({ ...good, sequence: 10, applications: asked(3) });
        await rig.hub.put({ ...signed, payload: signed.payload.replace('"sequence":10', '"sequence":11') });
        await refused(3, /wrong signature/);
        const foreign = '00000000-0000-4000-8000-000000000000';
        await rig.hub.put(rig.hub.sign({ ...good, sequence: 10, cluster: foreign, applications: asked(4) }));
        await refused(4, /is for the cluster/);
        await rig.hub.put(rig.hub.sign({ ...good, protocol: 9, sequence: 10, applications: asked(5) }));
        await refused(5, /one apart/);
        await rig.hub.put(rig.hub.sign({ ...good, sequence: 0, applications: asked(6) }));
        await refused(6, /lower than 1/);
        await rig.hub.put(rig.hub.sign({ ...good, sequence: 10, applications: asked(0) }));
        await refused(0, /generation 0 is lower than 1/);
        // A bundle under another's digest: what is on the bus does not hash to what the manifest says.
        await rig.hub.bus.putBundle('f'.repeat(64), (await import('node:zlib')).gzipSync('[]'));
        await rig.hub.put(rig.hub.sign({ ...good, sequence: 12, applications: asked(7) }));
        await refused(7, /digest is/);
        expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
        // And the old release is still enforced.
        await rig.edit(core(rig, 'configmaps', 'settings'), { data: { colour: 'red' } });
        await rig.live(
          core(rig, 'configmaps', 'settings'),
          (live) => JSON.stringify(live?.['data']) === '{"colour":"blue"}',
        );
      }));

    it('goes on enforcing what it accepted when it restarts with the hub and the bus gone, and reports when they return', () =>
      withRig(async (rig) => {
        await rig.start();
        const assigned = await rig.assign(shop());
        await rig.healthy(assigned);
        await rig.hub.eventually(
          () => (rig.log.length >= 0 && rig.agent?.state().sequence === 1 ? true : undefined),
          () => 'the manifest was not held',
        );
        await rig.stop();
        rig.bus.stop();
        await rig.edit(core(rig, 'configmaps', 'settings'), { data: { colour: 'red' } });
        const before = rig.hub.reports.length;
        await rig.start({ hub: { url: 'https://127.0.0.1:1' } });
        await rig.live(
          core(rig, 'configmaps', 'settings'),
          (live) => JSON.stringify(live?.['data']) === '{"colour":"blue"}',
        );
        await rig.remove(apps(rig, 'deployments', 'web'));
        await rig.live(apps(rig, 'deployments', 'web'), (live) => live !== null);
        expect(rig.hub.reports.length).toBe(before);
        rig.bus.start();
        const report = await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy');
        expect(report).toMatchObject({ generation: assigned.generation, runs: assigned.digest });
      }));

    it('withdraws an application where the hub says so, and never because it vanished from the manifest', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign(shop()));
        await rig.hub.forget(rig.application);
        await rig.hub.eventually(
          () => (rig.agent?.state().sequence === 2 ? true : undefined),
          () => 'the manifest was not taken up',
        );
        await rig.edit(core(rig, 'configmaps', 'settings'), { data: { colour: 'red' } });
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(await rig.get(core(rig, 'configmaps', 'settings'))).toMatchObject({ data: { colour: 'red' } });
        await rig.healthy(await rig.assign(shop(), { generation: 5 }));
        const over = await rig.assign(null, { generation: 6, maxDeletions: 2 });
        await rig.hub.until(rig.application, (each) => each.generation === over.generation && each.phase === 'failed');
        expect(await rig.get(apps(rig, 'deployments', 'web'))).not.toBeNull();
        await rig.healthy(await rig.assign(null, { generation: 7 }));
        expect(rig.hub.latest(rig.application)).toMatchObject({ runs: '', objects: 0 });
        expect(await rig.get(core(rig, 'configmaps', 'settings'))).toBeNull();
        await rig.live(apps(rig, 'deployments', 'web'), (live) => live === null);
      }));

    it('tells when it was healthy for as long as asked, and each break', () =>
      withRig(async (rig) => {
        await rig.start();
        const assigned = await rig.assign(shop(), { healthyForMs: 400, drift: 'off' });
        await rig.healthy(assigned);
        const steady = await rig.hub.until(rig.application, (each) => each.steadyMs >= 400);
        expect(steady).toMatchObject({ phase: 'healthy', breaks: 0 });
        await rig.remove(core(rig, 'configmaps', 'settings'));
        const broken = await rig.hub.until(rig.application, (each) => each.breaks === 1 && each.phase !== 'healthy');
        expect(broken).toMatchObject({ steadyMs: 0, findings: [{ name: 'settings', health: 'missing' }] });
      }));
  });
}
