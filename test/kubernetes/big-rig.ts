import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { JsonObject, ManifestApplication } from '#domain';
import { collectionPath, Discovery, type KindPath, refOf } from '#kube';
import { Rig } from '../agent/rig.js';
import { openReal } from './open-real.js';

const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

interface Listed {
  /** Null where there is none. */
  readonly items: readonly { readonly metadata: Listing }[] | null;
}

interface Listing {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion: string;
}

/** An agent on the real control plane, and the means to look at every object that it applied. */
export class BigRig {
  private readonly discovery: Discovery;

  private constructor(readonly rig: Rig) {
    this.discovery = new Discovery(rig.cluster.kube);
  }

  /** Runs `work`; what it left outside its namespaces is taken away, however it ends. */
  static async use(work: (big: BigRig) => Promise<void>): Promise<void> {
    const big = new BigRig(await Rig.open(await openReal()));
    const { rig } = big;
    try {
      await work(big);
    } catch (error) {
      process.stderr.write(`${rig.log.slice(-10).join('')}\n${JSON.stringify(rig.hub.reports.slice(-2), null, 1)}\n`);
      throw error;
    } finally {
      await rig.stop();
      await big.removeClusterWide();
      await rig.close();
    }
  }

  private readonly clusterWide = new Map<string, KindPath>();

  /** Assigns the objects, and waits until they are healthy. */
  async bring(
    objects: readonly JsonObject[],
    limitMs = 30_000,
    terms: Partial<ManifestApplication> = {},
  ): Promise<ManifestApplication> {
    const assigned = await this.rig.assign(objects, terms);
    await this.rig.healthy(assigned, limitMs);
    return assigned;
  }

  /** The resource version of every one of the objects, by kind, namespace and name; what is absent is not in it. */
  async versions(objects: readonly JsonObject[]): Promise<Readonly<Record<string, string>>> {
    const wanted = new Set(objects.map(nameOf));
    const found: Record<string, string> = {};
    for (const kind of await this.kindsOf(objects)) {
      const query = { labelSelector: `flotilla.dev/application=${this.rig.application}` };
      const request = { method: 'GET', path: collectionPath(kind), query, accept: METADATA_LIST } as const;
      const { status, body } = await this.rig.cluster.kube.request(request);
      if (status !== 200) throw new Error(`${request.path}: ${status}`);
      for (const { metadata } of (body as unknown as Listed).items ?? []) {
        const title = `${kind.apiVersion}/${kind.kind} ${metadata.namespace ?? ''}/${metadata.name}`;
        // The slices of a Service bear its labels, and so ours.
        if (wanted.has(`${kind.apiVersion}/${kind.kind} ${metadata.name}`)) found[title] = metadata.resourceVersion;
      }
    }
    return found;
  }

  /** The same, once the cluster's controllers have written the last of their statuses. */
  async settled(objects: readonly JsonObject[]): Promise<Readonly<Record<string, string>>> {
    const deadline = performance.now() + 60_000;
    for (let before = await this.versions(objects); ;) {
      await sleep(1_500);
      const now = await this.versions(objects);
      if (JSON.stringify(now) === JSON.stringify(before)) return now;
      if (performance.now() > deadline) throw new Error('the cluster never came to rest');
      before = now;
    }
  }

  /**
   * Has the agent read and dry-run everything, as it does once an hour and at each start: of no object the resource version
   * moves, and nothing is written. Then assigns the same once more, for which it asks nothing at all.
   */
  async expectNoOp(objects: readonly JsonObject[], limitMs = 30_000): Promise<void> {
    const { rig } = this;
    const before = await this.settled(objects);
    expect(Object.keys(before)).toHaveLength(objects.length);
    await rig.stop();
    rig.kube.requests = [];
    await rig.start();
    const { boot } = rig.agent?.state() ?? { boot: 0 };
    const report = await rig.hub.until(
      rig.application,
      (each) => each.boot === boot && each.phase === 'healthy',
      limitMs,
    );
    expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
    expect(this.dryRuns().size).toBe(objects.length);
    expect(report).toMatchObject({ objects: objects.length });
    expect([report.drift?.corrected ?? 0, report.drift?.drifted ?? 0]).toEqual([0, 0]);
    expect(await this.versions(objects)).toEqual(before);
    rig.kube.requests = [];
    await this.bring(objects, limitMs);
    expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
    expect(this.dryRuns().size).toBe(0);
    expect(await this.versions(objects)).toEqual(before);
  }

  /** Paths of what was dry-run. */
  dryRuns(): ReadonlySet<string> {
    return new Set(
      this.rig.kube.requests.flatMap(({ path, query }) => (query?.['dryRun'] === undefined ? [] : [path])),
    );
  }

  private async kindsOf(objects: readonly JsonObject[]): Promise<readonly KindPath[]> {
    const kinds = new Map<string, KindPath>();
    for (const { apiVersion, kind } of objects as readonly { readonly apiVersion: string; readonly kind: string }[]) {
      const key = `${apiVersion}/${kind}`;
      if (kinds.has(key)) continue;
      const found = await this.discovery.find(apiVersion, kind);
      if (found === null) throw new Error(`the cluster serves no ${key}`);
      kinds.set(key, found);
      if (!found.namespaced) this.clusterWide.set(key, found);
    }
    return [...kinds.values()];
  }

  private async removeClusterWide(): Promise<void> {
    const query = { labelSelector: `flotilla.dev/application=${this.rig.application}` };
    for (const kind of this.clusterWide.values()) {
      await this.rig.cluster.kube.request({ method: 'DELETE', path: collectionPath(kind), query });
    }
  }
}

function nameOf(object: JsonObject): string {
  const { apiVersion, kind, name } = refOf(object);
  return `${apiVersion}/${kind} ${name}`;
}
