import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { configMap } from '../agent/samples.js';
import { eventually } from '../helpers/test-hub.js';
import { WebhookServer } from '../helpers/webhook-server.js';
import { Unruly, version, WAIT_MS } from './unruly-cluster.js';

const opened: Unruly[] = [];

async function open(): Promise<Unruly> {
  const unruly = await Unruly.open();
  opened.push(unruly);
  return unruly;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((unruly) => unruly.close()));
}, WAIT_MS);

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const quick = { timing: { retryMs: 100, retryMaxMs: 6_000 } };

interface Gadgets {
  readonly group: string;
  /** The first is the one that is stored. */
  readonly versions: readonly string[];
  readonly conversion?: JsonObject;
}

function groupName(): string {
  return `g${randomBytes(3).toString('hex')}.test.flotilla.dev`;
}

function definition({ group, versions, conversion }: Gadgets, served = versions): JsonObject {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Gadget', plural: 'gadgets', singular: 'gadget', listKind: 'GadgetList' },
      ...(conversion !== undefined && { conversion }),
      versions: versions.map((name, at) => ({ name, served: served.includes(name), storage: at === 0, schema })),
    },
  };
}

function gadget(apiVersion: string, v = '1'): JsonObject {
  return { apiVersion, kind: 'Gadget', metadata: { name: 'it' }, spec: { v } };
}

/** Makes the kind, and waits until it is served. */
async function define(unruly: Unruly, gadgets: Gadgets): Promise<string> {
  const at = await unruly.make(DEFINITIONS, definition(gadgets));
  for (const name of gadgets.versions) await served(unruly, gadgets.group, name);
  return at;
}

async function served(unruly: Unruly, group: string, name: string): Promise<void> {
  // Just after a kind of the same name went, the API server is not ready for some time.
  const path = `/apis/${group}/${name}/gadgets`;
  const ask = () => unruly.rig.cluster.kube.request({ method: 'GET', path });
  await eventually('the kind is served', ask, ({ status }) => status === 200, WAIT_MS);
}

function gadgetAt({ rig }: Unruly, apiVersion: string): string {
  return `/apis/${apiVersion}/namespaces/${rig.cluster.namespace}/gadgets/it`;
}

describe('a conversion webhook that never answers', () => {
  it('keeps its own objects from being looked at, and no others from being put back', async () => {
    const unruly = await open();
    const { rig } = unruly;
    const server = await WebhookServer.start();
    try {
      const group = groupName();
      const webhook = { conversionReviewVersions: ['v1'], clientConfig: server.clientConfig };
      await define(unruly, { group, versions: ['v1', 'v2'], conversion: { strategy: 'Webhook', webhook } });
      await unruly.start(quick);
      await rig.healthy(await rig.assign([...version('1'), gadget(`${group}/v2`)]), WAIT_MS);
      expect(server.requests).toBeGreaterThan(0);
      // A restart is when everything is looked at.
      await rig.stop();
      server.mood = 'hang';
      await unruly.changeByHand('a');
      const before = rig.hub.reports.length;
      const from = performance.now();
      await unruly.start(quick);
      await unruly.hasValue('a', '1');
      const told = await rig.hub.until(rig.application, ({ boot }) => boot === 2, WAIT_MS);
      expect(told.phase).toBe('progressing');
      expect(told.findings.map(({ kind }) => kind)).toEqual(['Gadget']);
      await unruly.changeByHand('b');
      await unruly.hasValue('b', '1');
      const isGadget = (path: string): boolean => path.includes(group);
      expect(unruly.proxy.count(({ path, at }) => at >= from && isGadget(path))).toBeLessThan(30);
      server.mood = 'allow';
      await rig.hub.until(rig.application, ({ phase }) => phase === 'healthy', 120_000);
      expect(unruly.phases(before)).not.toContain('failed');
    } finally {
      await server.close();
    }
  }, 240_000);
});

describe('a kind', () => {
  it('that somebody deletes is missed by its own objects alone, and they are made anew when it comes back', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    const group = groupName();
    const apiVersion = `${group}/v1`;
    const at = await define(unruly, { group, versions: ['v1'] });
    await unruly.start(quick);
    const assigned = await rig.assign([...version('1'), gadget(apiVersion)]);
    await rig.healthy(assigned, WAIT_MS);
    await rig.remove(at);
    await rig.live(at, (live) => live === null, WAIT_MS);
    const told = await rig.hub.until(rig.application, ({ phase }) => phase !== 'healthy', WAIT_MS);
    expect(told.findings.map(({ kind }) => kind)).toEqual(['Gadget']);
    const from = performance.now();
    for (const name of ['a', 'b']) {
      await unruly.changeByHand(name);
      await unruly.hasValue(name, '1');
    }
    await sleep(Math.max(0, 5_000 - (performance.now() - from)));
    expect(proxy.count((each) => each.at >= from && each.path.includes(group))).toBeLessThan(40);
    await define(unruly, { group, versions: ['v1'] });
    await rig.live(gadgetAt(unruly, apiVersion), (live) => live !== null, WAIT_MS);
    await rig.hub.until(rig.application, ({ phase }) => phase === 'healthy', WAIT_MS);
    // Its watch is open again, too.
    await rig.edit(gadgetAt(unruly, apiVersion), { spec: { v: 'by hand' } });
    const isBack = (live: JsonObject | null): boolean => JSON.stringify(live?.['spec']) === '{"v":"1"}';
    await rig.live(gadgetAt(unruly, apiVersion), isBack, WAIT_MS);
  }, 180_000);

  it('that is served by another version now leaves no orphan when its object goes from Git', async () => {
    const unruly = await open();
    const { rig } = unruly;
    const group = groupName();
    const gadgets = { group, versions: ['v1', 'v1beta1'] };
    const at = await define(unruly, gadgets);
    await unruly.start(quick);
    await rig.healthy(await rig.assign([configMap('a', { v: '1' }), gadget(`${group}/v1beta1`)]), WAIT_MS);
    const spec = definition(gadgets, ['v1'])['spec'] ?? {};
    await rig.edit(at, { spec });
    await rig.live(`/apis/${group}/v1beta1/gadgets`, (list) => list === null, WAIT_MS);
    await rig.healthy(await rig.assign([configMap('a', { v: '2' })]), WAIT_MS);
    await rig.live(gadgetAt(unruly, `${group}/v1`), (live) => live === null, WAIT_MS);
  });
});

describe('an aggregated API whose server is away', () => {
  it('holds up a release that needs it, calls nothing failed, and leaves what is there to be put back', async () => {
    const unruly = await open();
    const { rig, proxy } = unruly;
    const group = groupName();
    await unruly.start(quick);
    await rig.healthy(await rig.assign(version('1')), WAIT_MS);
    await unruly.make('/apis/apiregistration.k8s.io/v1/apiservices', {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1.${group}` },
      spec: {
        group,
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: 'nobody', namespace: rig.cluster.namespace },
      },
    });
    // Until the API server knows that it can't be asked: before, it knows nothing of it.
    const isKnown = async (): Promise<boolean> => {
      const { status } = await rig.cluster.kube.request({ method: 'GET', path: `/apis/${group}/v1` });
      return status === 503;
    };
    for (let tries = 0; !(await isKnown()) && tries < 300; tries += 1) await sleep(100);
    const before = rig.hub.reports.length;
    const stuck = await rig.assign([...version('2'), gadget(`${group}/v1`)]);
    const isTold = ({ generation, findings }: { generation: number; findings: readonly unknown[] }): boolean =>
      generation === stuck.generation && findings.length > 0;
    const told = await rig.hub.until(rig.application, isTold, WAIT_MS);
    expect(told.phase).toBe('progressing');
    expect(told.findings.map(({ kind }) => kind)).toEqual(['Gadget']);
    expect(await unruly.valueOf('a')).toBe('1');
    const from = performance.now();
    await unruly.changeByHand('same');
    await unruly.hasValue('same', '1');
    await sleep(Math.max(0, 4_000 - (performance.now() - from)));
    expect(proxy.count(({ at, path }) => at >= from && path.includes(group))).toBeLessThan(40);
    expect(unruly.phases(before)).not.toContain('failed');
    await rig.healthy(await rig.assign(version('3')), WAIT_MS);
  });
});
