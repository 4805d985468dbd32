import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { normaliseObject } from './normalise.js';

const input = { application: 'shop', namespace: 'shop-prod', namespaced: true };

describe('an object on its way to the cluster', () => {
  it('bears our label beside its own, and the default namespace where it names none', () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { team: 'x' } } };
    expect(normaliseObject(object, input)['metadata']).toEqual({
      name: 'a',
      namespace: 'shop-prod',
      labels: { team: 'x', 'flotilla.dev/application': 'shop' },
    });
    const named = { ...object, metadata: { name: 'a', namespace: 'other' } };
    expect(normaliseObject(named, input)['metadata']).toMatchObject({ namespace: 'other' });
    const global = normaliseObject({ ...object, kind: 'Namespace' }, { ...input, namespaced: false });
    expect(global['metadata']).not.toHaveProperty('namespace');
  });

  it('leaves out status, creation times and the ownership that an export carries', () => {
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', creationTimestamp: null, managedFields: [] },
      spec: { template: { metadata: { creationTimestamp: null, labels: { a: 'b' } }, spec: {} } },
      status: { replicas: 3 },
    };
    const normal = normaliseObject(object, input);
    expect(JSON.stringify(normal)).not.toMatch(/creationTimestamp|status|managedFields/);
    expect(normal['spec']).toEqual({ template: { metadata: { labels: { a: 'b' } }, spec: {} } });
  });

  it('leaves out what an export carries of the server and of controllers, which an apply of it would be at odds with', () => {
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'a',
        uid: 'x',
        resourceVersion: '7',
        generation: 3,
        selfLink: '/a',
        annotations: {
          'deployment.kubernetes.io/revision': '3',
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
          note: 'kept',
        },
      },
    };
    expect(normaliseObject(object, input)['metadata']).toEqual({
      name: 'a',
      namespace: 'shop-prod',
      annotations: { note: 'kept' },
      labels: { 'flotilla.dev/application': 'shop' },
    });
  });

  it('leaves the rules of an aggregated role to the controller that fills them in', () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'a' },
      rules: [],
    };
    const cluster = { ...input, namespaced: false };
    expect(normaliseObject(role, cluster)).toHaveProperty('rules', []);
    const aggregated = normaliseObject({ ...role, aggregationRule: { clusterRoleSelectors: [] } }, cluster);
    expect(aggregated).not.toHaveProperty('rules');
  });

  it('joins stringData into data, where stringData wins as it does in the API server', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { a: 'b2xk', b: 'Yg==' },
      stringData: { a: 'new' },
    };
    const normal = normaliseObject(secret, input);
    expect(normal['data']).toEqual({ a: 'bmV3', b: 'Yg==' });
    expect(normal).not.toHaveProperty('stringData');
  });

  it('fills in the protocol of ports, which is part of their key', () => {
    const service: JsonObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { ports: [{ port: 53, protocol: 'UDP' }, { port: 80 }, { port: 81, protocol: null }] },
    };
    expect(normaliseObject(service, input)['spec']).toEqual({
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 80, protocol: 'TCP' },
        { port: 81, protocol: 'TCP' },
      ],
    });
    const cron = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'a' },
      spec: {
        jobTemplate: { spec: { template: { spec: { containers: [{ name: 'c', ports: [{ containerPort: 1 }] }] } } } },
      },
    };
    expect(JSON.stringify(normaliseObject(cron, input))).toContain('{"protocol":"TCP","containerPort":1}');
  });

  it("leaves the spec of somebody's own kind as it is, however much it looks like one of Kubernetes", () => {
    const own = (kind: string): JsonObject => ({
      apiVersion: 'x.example.com/v1',
      kind,
      metadata: { name: 'a' },
      spec: { ports: [{ port: 1 }], containers: [{ name: 'c', ports: [{ containerPort: 1 }] }] },
    });
    for (const kind of ['Boat', 'Service', 'Deployment']) {
      expect(normaliseObject(own(kind), input)['spec']).toEqual(own(kind)['spec']);
    }
  });
});
