import { setImmediate as breathe } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { bundleCheck, KUBERNETES_MINOR_FACT, neededVersions, type Finding, type JsonObject } from '#domain';
import type { Store, StoredCluster } from '#ports';
import { STORE } from '../parts.js';
import { ClusterApis } from './cluster-apis.js';
import { keepNewest } from '#kit';
import { readBundle } from '../steps/render/read-bundle.js';

/** How long agents are waited for, for what the hub does not know of their clusters yet, ms. */
const WAIT_MS = 5_000;
/** The rest of the hub has its turn after so many objects. */
const SLICE = 100;
/** Findings of one bundle at most; whoever has so many mends the first ones first. */
const MAX_FINDINGS = 100;
/** Results that are kept, of those that were asked for last. */
const MAX_KNOWN = 2_000;

export interface CheckedMember {
  readonly cluster: StoredCluster;
  readonly digest: string;
}

/** What some clusters, which serve the same, have to say of one bundle. */
export interface Checked {
  readonly digest: string;
  readonly clusters: readonly StoredCluster[];
  readonly findings: readonly Finding[];
  /** Whether the clusters' schemas were all there. */
  readonly isKnown: boolean;
}

/** Holds each bundle to what each distinct API server among its clusters serves: however many they are, it is done once. */
@Injectable()
export class CheckMembers {
  private readonly known = new Map<string, Pick<Checked, 'findings' | 'isKnown'>>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly apis: ClusterApis,
  ) {}

  async check(members: readonly CheckedMember[]): Promise<readonly Checked[]> {
    const groups = new Map<string, CheckedMember[]>();
    for (const member of members) {
      const { apis = '', facts } = member.cluster;
      const key = `${member.digest} ${apis} ${facts[KUBERNETES_MINOR_FACT] ?? ''}`;
      groups.set(key, [...(groups.get(key) ?? []), member]);
    }
    const bundles = new Map<string, Promise<readonly JsonObject[]>>();
    const objectsOf = (digest: string): Promise<readonly JsonObject[]> => {
      const objects = bundles.get(digest) ?? readBundle(this.store.read, digest).then((found) => found ?? []);
      bundles.set(digest, objects);
      return objects;
    };
    return await Promise.all(
      [...groups].map(async ([key, group]): Promise<Checked> => {
        const [first] = group;
        const clusters = group.map(({ cluster }) => cluster);
        const digest = first?.digest ?? '';
        const known = this.known.get(key);
        if (known) return { digest, clusters, ...known };
        const found = await this.one(await objectsOf(digest), clusters);
        // Who tells nothing has nothing else to say until it does.
        if (found.isKnown || first?.cluster.apis === undefined) keepNewest(this.known, key, found, MAX_KNOWN);
        return { digest, clusters, ...found };
      }),
    );
  }

  private async one(
    objects: readonly JsonObject[],
    clusters: readonly StoredCluster[],
  ): Promise<Pick<Checked, 'findings' | 'isKnown'>> {
    const needed = neededVersions(objects);
    const { index, documents } = await this.apis.of(clusters, needed, WAIT_MS);
    const kubernetes = clusters[0]?.facts[KUBERNETES_MINOR_FACT];
    const check = bundleCheck(objects, {
      groupVersions: index && new Set(Object.keys(index)),
      documents,
      ...(kubernetes !== undefined && { kubernetes }),
    });
    const findings: Finding[] = [];
    for (const [at, object] of objects.entries()) {
      if (at % SLICE === SLICE - 1) await breathe();
      findings.push(...check(object));
      if (findings.length >= MAX_FINDINGS) break;
    }
    // What the API server gives no hash of can't be asked for: it is as known as it will be.
    const isKnown = index !== null && needed.every((of) => !Object.hasOwn(index, of) || documents.has(of));
    return { findings, isKnown };
  }
}
