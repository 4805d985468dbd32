import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PolicyFindingView } from '#contract';
import type { CommandAnswer, Why } from '#contract';
import type { JsonObject } from '#domain';
import type { StoredRelease } from '#ports';
import { SimulatedClusters } from '../helpers/simulated-clusters.js';
import { eventually, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { TestRepository } from '../helpers/test-repository.js';

const WITHIN_MS = 90_000;
const CASE_MS = 180_000;

interface Status {
  readonly release?: number;
  readonly holds: readonly { readonly code: string; readonly message: string }[];
  readonly warnings: readonly string[];
}

const config = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: "1"}\n${more}`;
const pod = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: main, image: "${image}"}]}\n`;
const deployment = (spec: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  selector: {matchLabels: {app: shop}}\n  ${spec}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: main, image: "shop:1"}]}}\n`;
const DEFINITION = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, required: [size], properties: {size: {type: integer}}}}
`;
const widget = (spec: string): string =>
  `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: ${spec}\n`;

const SPEC = { source: 'app', path: 'app', namespace: 'default', strategy: 'at-once' };

/** What is looked at before the first wave: hub, bus, git and agents are the real ones, the clusters' API servers are simulated. */
describe('no bad release past the door', () => {
  let test: TestHub;
  let repository: TestRepository;
  let clusters: SimulatedClusters;

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({ 'app/config.yaml': config('settings') });
    clusters = await SimulatedClusters.start(
      test,
      ['a', 'b'].map((name) => ({ name, labels: { env: name === 'a' ? 'dev' : 'prod' } })),
    );
    await eventually(
      'both clusters tell what they serve',
      async () => (await test.hub.store.read.clusters.joined()).map(({ apis }) => apis?.length),
      (lengths) => lengths.length === 2 && lengths.every((length) => length === 64),
      WITHIN_MS,
    );
    await apply('Source', 'app', { url: repository.folder, interval: '1h' });
    await apply('Strategy', 'at-once', { waves: [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }] });
    await apply('Application', 'app', SPEC);
    await released(1);
  }, CASE_MS);

  afterAll(async () => {
    await clusters?.stop();
    await test?.stop();
    await repository?.remove();
  }, CASE_MS);

  const apply = (kind: string, name: string, spec: object): Promise<unknown> =>
    test.api.post('/api/v1/apply', {
      documents: [{ apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec }],
    });
  const commit = async (files: Readonly<Record<string, string | null>>): Promise<void> => {
    await repository.commit('change', files);
    await test.api.post('/api/v1/sources/app/sync');
  };
  const status = async (): Promise<Status> => {
    const { status: found } = await test.api.get<{ status: Status }>('/api/v1/applications/app');
    return found;
  };
  const findings = async (query = ''): Promise<PolicyFindingView[]> =>
    (await test.api.get<{ items: PolicyFindingView[] }>(`/api/v1/policy-findings${query}`)).items;
  const latest = async (): Promise<StoredRelease | null> => test.hub.store.read.releases.latest('app');
  const held = async (message: RegExp): Promise<void> => {
    const isSo = ({ holds }: Status): boolean =>
      holds.length === 1 && holds[0]?.code === 'validation' && message.test(holds[0].message);
    await eventually(`it is held, ${message.source}`, status, isSo, WITHIN_MS);
  };
  const released = async (number: number): Promise<void> => {
    await eventually(
      'nothing is in the way',
      status,
      ({ release, holds }) => release === number && holds.length === 0,
      WITHIN_MS,
    );
  };
  const there = async (at: string): Promise<number> =>
    (await clusters.request('a', { method: 'GET', path: at })).status;

  it(
    'refuses what the clusters’ schemas do not have, and what nobody serves, and goes on with what is mended',
    async () => {
      const before = await latest();
      expect(before?.details?.warnings ?? []).toEqual([]);
      await commit({ 'app/config.yaml': config('settings', 'immutible: true\n') });
      await held(
        /^Cluster "[ab]" and 1 more would not take it: ConfigMap settings, immutible: is no field there: did you mean immutable\? \(rule schema\/unknown-field\): mend it, and commit; what runs stays as it is$/,
      );
      await commit({ 'app/config.yaml': config('settings', 'immutable: "yes"\n') });
      await held(/immutable: must be true or false and is a text \(rule schema\/type\)/);
      await commit({ 'app/config.yaml': config('settings'), 'app/shop.yaml': deployment('replicsa: 3') });
      await held(
        /^Cluster "[ab]" and 1 more would not take it: Deployment shop, spec\.replicsa: is no field there: did you mean replicas\? \(rule schema\/unknown-field\)/,
      );
      await commit({ 'app/shop.yaml': deployment('replicas: "3"') });
      await held(/Deployment shop, spec\.replicas: must be a whole number and is a text \(rule schema\/type\)/);
      await commit({ 'app/shop.yaml': null, 'app/widget.yaml': widget('{size: 1}') });
      await held(/Widget w, apiVersion: example\.com\/v1 is not served there \(rule api\/unknown\)/);
      expect((await latest())?.number).toBe(before?.number);
      await commit({ 'app/definition.yaml': DEFINITION });
      await released(2);
      await commit({ 'app/widget.yaml': widget('{sise: 1}') });
      await held(/Widget w, spec\.sise: is no field there: did you mean size\? .*; and 1 more of that bundle/);
      await commit({ 'app/widget.yaml': null });
      await released(3);
    },
    CASE_MS,
  );

  it(
    'holds every object to the hub’s policies, by the cluster where they say so, and only warns where they are to',
    async () => {
      const rule = {
        name: 'tag',
        expression: 'containers.all(c, !c.image.endsWith(":latest"))',
        message: 'name a version',
      };
      await apply('Policy', 'images', { mode: 'refuse', match: { kinds: ['Pod'] }, rules: [rule] });
      await commit({ 'app/pod.yaml': pod('web:latest') });
      await held(/Pod web: name a version \(rule policy\/images\/tag\)/);
      expect(await findings()).toMatchObject([
        { policy: 'images', rule: 'tag', outcome: 'refused', objects: ['Pod web'], clusters: ['a', 'b'] },
      ]);
      const prod = { matchLabels: { env: 'prod' } };
      await apply('Policy', 'images', { mode: 'refuse', match: { kinds: ['Pod'], selector: prod }, rules: [rule] });
      await held(/^Cluster "b" would not take it: Pod web/);
      await apply('Policy', 'images', { mode: 'warn', match: { kinds: ['*'] }, rules: [rule] });
      await released(4);
      const warning = /Pod web: name a version \(rule policy\/images\/tag\)/;
      expect((await latest())?.details?.warnings).toEqual([expect.stringMatching(warning)]);
      expect(await findings()).toMatchObject([{ outcome: 'warned', message: 'name a version', clusterCount: 2 }]);
      // What is released already is told, and not taken back.
      await apply('Policy', 'images', { mode: 'refuse', match: { kinds: ['Pod'] }, rules: [rule] });
      await eventually('it is told', status, ({ warnings }) => warning.test(warnings.join()), WITHIN_MS);
      expect((await status()).holds).toEqual([]);
      const bad = apply('Policy', 'bad', {
        mode: 'refuse',
        match: { kinds: ['Pod'] },
        rules: [{ ...rule, expression: '1' }],
      });
      await expect(bad).rejects.toThrow(/rules\[0\]\.expression/);
      await test.api.delete('/api/v1/policies/images');
      await commit({ 'app/pod.yaml': null });
      await released(5);
      // What was found is kept for a while, as something that is over.
      expect(await findings()).toMatchObject([{ rule: 'tag', until: expect.any(String) }]);
      expect(await findings('?policy=others')).toEqual([]);
      expect((await test.api.get<{ status: object }>('/api/v1/applications/app')).status).not.toHaveProperty(
        'policies',
      );
    },
    CASE_MS,
  );

  it(
    'has the first wave’s API servers try everything, and begins nothing that they refuse',
    async () => {
      await commit({ 'app/other.yaml': config('elsewhere', '').replace('elsewhere', 'elsewhere, namespace: nowhere') });
      await held(
        /^Cluster "[ab]" and 1 more refused it when it was tried: ConfigMap nowhere\/elsewhere: namespaces "nowhere" not found \(rule dry-run\); what runs/,
      );
      // It is a release, for whoever wants to look at it; nobody was given it.
      expect((await latest())?.number).toBe(6);
      const uids = ['a', 'b'].map((name) => clusters.uid(name));
      const rows = await test.hub.store.read.rollouts.rows('app', { uids });
      expect(rows.map(({ row }) => row.assignment?.release)).not.toContain(6);
      expect(await there('/api/v1/namespaces/nowhere')).toBe(404);
      // A person is told the same, unless nobody is to be asked.
      const start = (body: object): Promise<CommandAnswer> =>
        test.api.post('/api/v1/applications/app/rollouts?dryRun=true', body);
      await expect(start({})).rejects.toThrow(
        /422 validation: Cluster "[ab]" and 1 more refused it when it was tried: .*or start it without asking them \(--skip-dry-run\)/,
      );
      expect(await start({ skipDryRun: true })).toMatchObject({ changed: true, dryRun: true });
      const why = await test.api.get<Why>('/api/v1/why/applications/app');
      expect(why.sentence).toMatch(/refused it when it was tried/);
      const space: JsonObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'nowhere' } };
      for (const name of ['a', 'b']) {
        await clusters.request(name, { method: 'POST', path: '/api/v1/namespaces', body: space });
      }
      await commit({ 'app/config.yaml': config('settings', 'immutable: false\n') });
      await released(7);
      await eventually(
        'it arrives',
        () => there('/api/v1/namespaces/nowhere/configmaps/elsewhere'),
        (code) => code === 200,
        WITHIN_MS,
      );
    },
    CASE_MS,
  );

  it(
    'lets through what the application does not want to be looked at, and says what it found all the same',
    async () => {
      await apply('Application', 'app', { ...SPEC, validation: { schema: 'warn', dryRun: false } });
      await commit({ 'app/other.yaml': null, 'app/config.yaml': config('settings', 'immutible: true\n') });
      await released(8);
      const found = (await latest())?.details?.warnings;
      expect(found).toEqual([expect.stringMatching(/ConfigMap settings, immutible: is no field there/)]);
      await apply('Application', 'app', { ...SPEC, validation: { schema: 'off', dryRun: false } });
      await commit({ 'app/config.yaml': config('settings', 'immutibles: true\n') });
      await released(9);
      expect((await latest())?.details?.warnings ?? []).toEqual([]);
    },
    CASE_MS,
  );
});
