import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { mapAt, mapsAt, textAt } from '#kube';
import { configMap, deployment, secret, service } from '../agent/samples.js';
import { WebhookServer } from '../helpers/webhook-server.js';
import { BigRig } from './big-rig.js';

const admission = '/apis/admissionregistration.k8s.io/v1';

type Sort = 'Mutating' | 'Validating';

describe('an agent on a real control plane whose admission webhooks', () => {
  /** Registers a webhook for what is written into the rig's namespace, and makes sure that the API server asks it by now. */
  async function register({ rig }: BigRig, server: WebhookServer, sort: Sort): Promise<() => Promise<void>> {
    const { kube, namespace } = rig.cluster;
    const name = `${namespace}-${randomBytes(2).toString('hex')}`;
    const plural = `${sort.toLowerCase()}webhookconfigurations`;
    const rule = { operations: ['CREATE', 'UPDATE'], apiVersions: ['v1'], scope: 'Namespaced' };
    const body: JsonObject = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: `${sort}WebhookConfiguration`,
      metadata: { name },
      webhooks: [
        {
          name: 'test.example.com',
          clientConfig: server.clientConfig,
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          rules: [
            { ...rule, apiGroups: [''], resources: ['configmaps', 'secrets', 'services'] },
            { ...rule, apiGroups: ['apps'], resources: ['deployments'] },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          failurePolicy: 'Fail',
          timeoutSeconds: 10,
        },
      ],
    };
    const { status } = await kube.request({ method: 'POST', path: `${admission}/${plural}`, body });
    expect(status).toBe(201);
    const probe = { metadata: { name: 'probe' } };
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const asked = server.requests;
    while (server.requests === asked) {
      await kube.request({ method: 'POST', path, query: { dryRun: 'All' }, body: probe });
      await sleep(50);
    }
    return async () => {
      await kube.request({ method: 'DELETE', path: `${admission}/${plural}/${name}` });
    };
  }
  async function withWebhook(sort: Sort, work: (big: BigRig, server: WebhookServer) => Promise<void>): Promise<void> {
    await BigRig.use(async (big) => {
      const server = await WebhookServer.start();
      const unregister = await register(big, server, sort);
      try {
        await work(big, server);
      } finally {
        await unregister();
        await server.close();
      }
    });
  }
  const shop = (): readonly JsonObject[] => [
    configMap('settings', { colour: 'blue' }),
    service('web'),
    deployment('web'),
  ];
  const at = ({ rig }: BigRig, kind: 'Deployment' | 'ConfigMap', name: string): string =>
    kind === 'Deployment'
      ? `/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments/${name}`
      : `/api/v1/namespaces/${rig.cluster.namespace}/configmaps/${name}`;
  const containersOf = (object: JsonObject | null): readonly JsonObject[] =>
    mapsAt(mapAt(mapAt(mapAt(object ?? {}, 'spec'), 'template'), 'spec'), 'containers');

  it('add a sidecar, a label and an annotation leave it content, and a second pass is all no-op', () =>
    withWebhook('Mutating', async (big, server) => {
      server.mutate = (object) => {
        if (object['kind'] !== 'Deployment') return [];
        if (containersOf(object).some((each) => each['name'] === 'sidecar')) return [];
        const sidecar = { name: 'sidecar', image: 'registry.example/mesh:1' };
        const annotations = { ...mapAt(mapAt(object, 'metadata'), 'annotations'), 'mesh.example.com/injected': 'true' };
        return [
          { op: 'add', path: '/spec/template/spec/containers/-', value: sidecar },
          { op: 'add', path: '/metadata/annotations', value: annotations },
          { op: 'add', path: '/metadata/labels/mesh', value: 'in' },
        ];
      };
      await big.rig.start();
      await big.bring(shop());
      const live = await big.rig.get(at(big, 'Deployment', 'web'));
      expect(containersOf(live).map((each) => each['name'])).toEqual(['main', 'sidecar']);
      await big.expectNoOp(shop());
      // What it adds is not ours to take away with the next release either.
      const next = [
        configMap('settings', { colour: 'blue' }),
        service('web'),
        deployment('web', 'registry.example/web:1.1'),
      ];
      await big.bring(next);
      expect(containersOf(await big.rig.get(at(big, 'Deployment', 'web')))).toHaveLength(2);
      await big.expectNoOp(next);
    }));

  it('change the very fields that Git has leave it content too, and it writes each object once', () =>
    withWebhook('Mutating', async (big, server) => {
      server.mutate = (object) => {
        if (object['kind'] === 'ConfigMap' && mapAt(object, 'data')['colour'] !== undefined)
          return [{ op: 'replace', path: '/data/colour', value: 'green' }];
        if (object['kind'] !== 'Deployment') return [];
        const image = textAt(containersOf(object)[0] ?? {}, 'image').replace('registry.example', 'mirror.example');
        return [
          { op: 'replace', path: '/spec/template/spec/containers/0/image', value: image },
          { op: 'add', path: '/spec/template/spec/containers/0/resources', value: { requests: { cpu: '250m' } } },
        ];
      };
      await big.rig.start();
      await big.bring(shop());
      const [main] = containersOf(await big.rig.get(at(big, 'Deployment', 'web')));
      expect(main).toMatchObject({ image: 'mirror.example/web:1.0', resources: { requests: { cpu: '250m' } } });
      await big.expectNoOp(shop());
    }));

  it('change something else each time are no reason to write without end', () =>
    withWebhook('Mutating', async (big, server) => {
      let count = 0;
      server.mutate = (object) => {
        if (object['kind'] !== 'ConfigMap') return [];
        count += 1;
        const annotations = { ...mapAt(mapAt(object, 'metadata'), 'annotations'), 'example.com/seen': `${count}` };
        return [{ op: 'add', path: '/metadata/annotations', value: annotations }];
      };
      await big.rig.start();
      await big.bring(shop());
      big.rig.kube.requests = [];
      await sleep(5_000);
      expect(big.rig.kube.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    }));

  it('deny are told in their own words, with every object, and no value of a Secret; nothing of the stage is written', () =>
    withWebhook('Validating', async (big, server) => {
      await big.rig.start();
      await big.bring(shop());
      const settled = await big.settled(shop());
      // A webhook may echo whatever it was shown.
      server.refuse = (object) => {
        const name = textAt(mapAt(object, 'metadata'), 'name');
        if (name === 'settings' || object['kind'] === 'Secret')
          return `no ${name} today: ${JSON.stringify(mapAt(object, 'data'))}`;
        return null;
      };
      const password = `hunter2-${randomBytes(4).toString('hex')}`;
      const next = [
        configMap('settings', { colour: 'red' }),
        service('web'),
        deployment('web', 'registry.example/web:1.1'),
        secret('login', { password }),
      ];
      const { generation } = await big.rig.assign(next);
      const report = await big.rig.hub.until(
        big.rig.application,
        (each) => each.generation === generation && each.phase === 'failed',
      );
      expect(report.cause).toBe('sync');
      expect(report.findings.map(({ name }) => name)).toContain('settings');
      expect(report.message).toContain('admission webhook "test.example.com" denied the request: no settings today');
      expect(await big.versions(shop())).toEqual(settled);
      const told = JSON.stringify(big.rig.hub.reports) + big.rig.log.join('');
      expect(told).not.toContain(password);
      expect(told).not.toContain(Buffer.from(password).toString('base64'));
      // It is tried again by itself, and everything that it said then is news.
      server.refuse = (object) =>
        object['kind'] === 'Secret' ? `no secret: ${JSON.stringify(mapAt(object, 'data'))}` : null;
      await big.rig.hub.until(
        big.rig.application,
        (each) => each.generation === generation && each.findings.some(({ kind }) => kind === 'Secret'),
        30_000,
      );
      const all = JSON.stringify(big.rig.hub.reports) + big.rig.log.join('');
      expect(all).not.toContain(Buffer.from(password).toString('base64'));
      server.refuse = null;
      await big.rig.healthy({ ...(await big.rig.assign(next)) }, 30_000);
      await big.expectNoOp(next);
    }));
});
