import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ensureCertificates } from '#bus';
import type { JsonObject } from '#domain';
import { mapAt, mapsAt } from '#kube';
import { openFakeCluster } from '#kube/fake';
import { serveKube } from '../../apps/simulator/src/kube-endpoint.js';
import { configMap, deployment } from '../agent/samples.js';
import { BigRig } from './big-rig.js';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const registrations = '/apis/apiregistration.k8s.io/v1/apiservices';

function definition(group: string): JsonObject {
  const spec = { type: 'object', properties: { title: { type: 'string' }, level: { type: 'string', default: 'low' } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `readings.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Reading', plural: 'readings' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  };
}

/** An API server of its own for one group, which the real one passes requests on to. */
class ExtensionServer {
  private readonly fake = openFakeCluster({ readyMs: 0 });
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'flotilla-extension-'));
  private server: ReturnType<typeof createServer> | null = null;
  private port = 0;

  constructor(
    private readonly group: string,
    private readonly namespace: string,
  ) {}

  /** @returns its port, the same each time. */
  async start(): Promise<number> {
    const { kube, cluster } = this.fake;
    if (this.port === 0) {
      await kube.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: this.namespace } } });
      await kube.request({ method: 'POST', path: definitions, body: definition(this.group) });
    }
    const { certPem, keyPem } = await ensureCertificates(this.folder, { names: [], ips: [] });
    const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
      const url = new URL(request.url ?? '/', 'https://localhost');
      serveKube(cluster, url.pathname, url.searchParams, request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    return this.port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  }

  async close(): Promise<void> {
    await this.stop();
    this.fake.kube.close();
    this.fake.cluster.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('an agent on a real control plane, with APIs that come and go', () => {
  const reading = (group: string, name = 'one'): JsonObject => ({
    apiVersion: `${group}/v1`,
    kind: 'Reading',
    metadata: { name },
    spec: { title: name },
  });
  const post = async ({ rig }: BigRig, at: string, body: JsonObject): Promise<void> => {
    const { status, body: answer } = await rig.cluster.kube.request({ method: 'POST', path: at, body });
    expect([status, answer['message']]).toEqual([201, undefined]);
  };

  it('says which kind is missing and applies nothing, and goes on by itself once somebody defines it', () =>
    BigRig.use(async (big) => {
      const { rig } = big;
      const group = `${rig.application}.example.com`;
      const objects = [configMap('settings', { a: '1' }), reading(group)];
      await rig.start();
      const assigned = await rig.assign(objects);
      const report = await rig.hub.until(rig.application, (each) => each.phase === 'failed');
      expect(report.findings).toMatchObject([{ kind: 'Reading', name: 'one', reason: 'NoSuchKind' }]);
      expect(report.message).toContain(`the cluster serves no kind Reading in ${group}/v1`);
      expect(await rig.get(`/api/v1/namespaces/${rig.cluster.namespace}/configmaps/settings`)).toBeNull();
      await post(big, definitions, definition(group));
      try {
        await rig.healthy(assigned, 60_000);
        await big.expectNoOp(objects);
      } finally {
        await rig.remove(`${definitions}/readings.${group}`);
      }
    }));

  it('applies to an aggregated API; while that is gone says so, keeps the rest as Git has it, and goes on when it is back', () =>
    BigRig.use(async (big) => {
      const { rig } = big;
      const { namespace } = rig.cluster;
      const group = `${rig.application}.example.com`;
      const extension = new ExtensionServer(group, namespace);
      const port = await extension.start();
      const registration: JsonObject = {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: `v1.${group}` },
        spec: {
          ...{ group, version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10, insecureSkipTLSVerify: true },
          service: { name: 'extension', namespace, port },
        },
      };
      const outside = { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] };
      const services = `/api/v1/namespaces/${namespace}/services`;
      try {
        await post(big, services, { metadata: { name: 'extension' }, spec: outside });
        await post(big, registrations, registration);
        const isThere = (live: JsonObject | null): boolean =>
          mapsAt(mapAt(live ?? {}, 'status'), 'conditions').some(
            (each) => each['type'] === 'Available' && each['status'] === 'True',
          );
        await rig.live(`${registrations}/v1.${group}`, isThere, 60_000);
        const objects = [configMap('settings', { colour: 'blue' }), deployment('web'), reading(group)];
        await rig.start();
        await big.bring(objects, 60_000);
        const where = `/apis/${group}/v1/namespaces/${namespace}/readings/one`;
        expect(await rig.get(where)).toMatchObject({ spec: { title: 'one', level: 'low' } });
        await big.expectNoOp(objects);

        await extension.stop();
        // Drift elsewhere is put back all the same.
        const settings = `/api/v1/namespaces/${namespace}/configmaps/settings`;
        await rig.edit(settings, { data: { colour: 'red' } });
        const isBlue = (live: JsonObject | null): boolean => JSON.stringify(live?.['data']) === '{"colour":"blue"}';
        await rig.live(settings, isBlue, 30_000);
        // A release meanwhile waits, and says for what.
        const next = [
          configMap('settings', { colour: 'green' }),
          deployment('web'),
          reading(group),
          reading(group, 'two'),
        ];
        const assigned = await rig.assign(next);
        const told = await rig.hub.until(
          rig.application,
          (each) => each.generation === assigned.generation && each.findings.some(({ kind }) => kind === 'Reading'),
          60_000,
        );
        expect(told.phase).toBe('progressing');
        expect(told.message).toContain('Reading');
        await extension.start();
        await rig.healthy(assigned, 120_000);
        await big.expectNoOp(next, 60_000);
      } finally {
        await rig.remove(`${registrations}/v1.${group}`);
        await rig.stop();
        await extension.close();
      }
    }));
});
