import { Inject, Injectable } from '@nestjs/common';
import { applicationSpecSchema, sourceNamesOf } from '#contract';
import {
  coversClusters,
  coversPlacement,
  isUnbounded,
  seesApplication,
  type LoadedRow,
  type Scope,
  type Selector,
} from '#domain';
import type { Store, StoredCluster, StoredResource, Unit } from '#ports';
import { STORE } from '../../parts.js';

/** How much of an object some scopes hold. */
export type Sight = 'all' | 'part' | 'none';

/** Whether scopes hold all of what an application or a rollout is about, or only some of its clusters. */
@Injectable()
export class Reach {
  constructor(@Inject(STORE) private readonly store: Store) {}

  /** All: every cluster that it was planned for, or of one without any, wherever its application may be placed. */
  async ofRollout(
    scopes: readonly Scope[],
    application: string,
    number: number,
    read: Unit = this.store.read,
  ): Promise<Sight> {
    if (!seesApplication(scopes, application)) return 'none';
    if (coversPlacement(scopes, application, null)) return 'all';
    const { targets, held } = await read.rollouts.reach(application, number, scopes);
    if (targets > 0) return held === targets ? 'all' : 'part';
    const resource = await read.resources.get('Application', application);
    return this.holdsPlacement(scopes, application, resource) ? 'all' : 'part';
  }

  /** All: wherever its placement may take it, and wherever it runs or is rolled out to now. */
  async ofApplication(
    scopes: readonly Scope[],
    resource: Pick<StoredResource, 'name' | 'spec'>,
    read: Unit = this.store.read,
  ): Promise<Sight> {
    const { name } = resource;
    if (!seesApplication(scopes, name)) return 'none';
    if (coversPlacement(scopes, name, null)) return 'all';
    if (!this.holdsPlacement(scopes, name, resource)) return 'part';
    const present = (await read.rollouts.header(name))?.rollout?.id;
    const rows = (await read.rollouts.rows(name, { all: true })).filter((each) => isAtWork(each, present));
    const clusters = await clustersOf(
      read,
      rows.map(({ row }) => row.uid),
    );
    return clusters !== null && coversClusters(scopes, name, clusters) ? 'all' : 'part';
  }

  /** Whether wherever the application may be placed, clusters that come later included, is held. By its spec alone. */
  holdsPlacement(scopes: readonly Scope[], name: string, resource: Pick<StoredResource, 'spec'> | null): boolean {
    if (coversPlacement(scopes, name, null)) return true;
    return resource !== null && coversPlacement(scopes, name, placementOf(resource));
  }

  /** Sources and strategies are nobody's own: who sees an application that uses one sees it. The default strategy is everybody's. */
  async seesUsed(
    scopes: readonly Scope[],
    kind: 'Source' | 'Strategy',
    name: string,
    read: Unit = this.store.read,
  ): Promise<boolean> {
    return (
      (kind === 'Strategy' && name === 'default') ||
      isUnbounded(scopes) ||
      (await this.used(scopes, kind, read)).has(name)
    );
  }

  /** Names of the sources, or of the strategies, that the applications use which the scopes hold. */
  async used(
    scopes: readonly Scope[],
    kind: 'Source' | 'Strategy',
    read: Unit = this.store.read,
  ): Promise<ReadonlySet<string>> {
    const applications = await read.resources.list('Application');
    const seen = applications.filter(({ name }) => seesApplication(scopes, name));
    if (kind === 'Source') return new Set(seen.flatMap(({ spec }) => [...sourceNamesOf(spec)]));
    return new Set(seen.map(({ spec }) => spec['strategy']).filter((name) => typeof name === 'string'));
  }
}

/** The selector of a placement; null: it takes every cluster, or can't be read any more. */
export function placementOf({ spec }: Pick<StoredResource, 'spec'>): Selector | null {
  return applicationSpecSchema.safeParse(spec).data?.placement.selector ?? null;
}

function isAtWork({ row }: LoadedRow, present: string | undefined): boolean {
  return (row.assignment?.release ?? null) !== null || (present !== undefined && row.rollout === present);
}

/** Null where one of them is unknown by now. */
async function clustersOf(read: Unit, uids: readonly string[]): Promise<readonly StoredCluster[] | null> {
  const joined = new Map((await read.clusters.joined()).map((cluster) => [cluster.uid, cluster]));
  const found: StoredCluster[] = [];
  for (const uid of uids) {
    const cluster = joined.get(uid) ?? (await read.clusters.get(uid));
    if (!cluster) return null;
    found.push(cluster);
  }
  return found;
}
