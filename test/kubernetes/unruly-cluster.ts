import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ControlPlaneAccess } from '#control-plane';
import type { JsonObject } from '#domain';
import { inClusterOptions, mapAt, openHttpKube, textAt } from '#kube';
import { Rig } from '../agent/rig.js';
import { configMap, deployment, service } from '../agent/samples.js';
import { KubeProxy, type ProxiedRequest, type Rule, type Treatment } from '../helpers/kube-proxy.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace } from './control-plane/with-namespace.js';

const CONFIG_MAP = /\/configmaps\/(\w[\w-]*)$/;
/** However busy the machine is. */
export const WAIT_MS = 60_000;

/** An agent that reaches a real API server through a proxy that does harm. */
export class Unruly {
  private readonly leavings: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly rig: Rig,
    readonly proxy: KubeProxy,
    readonly folder: string,
  ) {}

  static async open(plane: ControlPlaneAccess = sharedControlPlane()): Promise<Unruly> {
    const ca = readFileSync(plane.caFile, 'utf8');
    const [work, own] = await Promise.all([createNamespace(plane, 'unruly'), createNamespace(plane, 'agent')]);
    const proxy = await KubeProxy.start({ url: plane.url, ca });
    const kube = openHttpKube({ url: plane.url, access: { token: plane.adminToken, ca } });
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-unruly-'));
    const rig = await Rig.open({
      kube,
      namespace: work.name,
      agentNamespace: own.name,
      application: `unruly-${randomBytes(3).toString('hex')}`,
      close: async () => {
        kube.close();
        await proxy.close();
        await Promise.all([work.delete(), own.delete()]);
        rmSync(folder, { recursive: true, force: true });
      },
    });
    const unruly = new Unruly(rig, proxy, folder);
    unruly.writeToken(plane.adminToken);
    writeFileSync(path.join(folder, 'ca.crt'), proxy.caPem);
    return unruly;
  }

  /** As inside a cluster: token and authority from files, which may change. */
  writeToken(token: string): void {
    writeFileSync(path.join(this.folder, 'token'), token);
  }

  async start(timing: Parameters<Rig['start']>[0] = {}): Promise<void> {
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(this.proxy.port) };
    const kube = openHttpKube(inClusterOptions({ folder: this.folder, env }));
    this.leavings.push(async () => kube.close());
    await this.rig.start({ kube, ...timing });
  }

  /** Something cluster-wide for this test alone; it is gone at the end. */
  async make(collection: string, object: JsonObject): Promise<string> {
    await this.rig.create(collection, object);
    const at = `${collection}/${textAt(mapAt(object, 'metadata'), 'name')}`;
    this.leavings.push(() => this.rig.remove(at));
    return at;
  }

  configMapAt(name: string): string {
    return `/api/v1/namespaces/${this.rig.cluster.namespace}/configmaps/${name}`;
  }

  async valueOf(name: string): Promise<string> {
    return textAt(mapAt((await this.rig.get(this.configMapAt(name))) ?? {}, 'data'), 'v');
  }

  /** Waits until the live config map has this value. */
  async hasValue(name: string, value: string): Promise<void> {
    const isSo = (live: JsonObject | null): boolean => textAt(mapAt(live ?? {}, 'data'), 'v') === value;
    await this.rig.live(this.configMapAt(name), isSo, WAIT_MS);
  }

  async changeByHand(name: string): Promise<void> {
    await this.rig.edit(this.configMapAt(name), { data: { v: 'by hand' } });
  }

  /** Requests about one config map. */
  about(name: string): readonly ProxiedRequest[] {
    return this.proxy.requests.filter((request) => CONFIG_MAP.exec(request.path)?.[1] === name);
  }

  phases(from = 0): readonly string[] {
    return this.rig.hub.reports.slice(from).map(({ phase }) => phase);
  }

  async close(): Promise<void> {
    for (const leave of this.leavings.splice(0).reverse()) await leave();
    await this.rig.close();
  }
}

/** So many requests that are meant are treated so; the others, and those after them, go through. */
export function times(count: number, isMeant: (request: ProxiedRequest) => boolean, treatment: Treatment): Rule {
  let left = count;
  return (request) => {
    if (left <= 0 || !isMeant(request)) return undefined;
    left -= 1;
    return treatment;
  };
}

export const isWriteOf =
  (name: string) =>
  ({ isWrite, path: at }: ProxiedRequest): boolean =>
    isWrite && CONFIG_MAP.exec(at)?.[1] === name;

/** What most of these tests apply. */
export const version = (v: string): readonly JsonObject[] => [
  configMap('a', { v }),
  configMap('b', { v }),
  configMap('same', { v: '1' }),
  service('web'),
  deployment('web'),
];
