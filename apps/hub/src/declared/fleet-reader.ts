import { Inject, Injectable } from '@nestjs/common';
import {
  API_VERSION,
  FLEET_NAME,
  fleetSpecSchema,
  RESOURCE_KINDS,
  type FleetDrift,
  type FleetExport,
  type FleetStatus,
  type Resource,
} from '#contract';
import { canonicalJson, type Hold } from '#domain';
import type { ResourceKind, Store, StoredCluster, StoredResource, Unit } from '#ports';
import { notFound } from '../http/access/refusals.js';
import { currentDocument, storedDocument, wantedDocument } from '../http/views/current-document.js';
import { holdView } from '../http/views/hold-view.js';
import { bareResource } from '../http/views/resource-view.js';
import { iso } from '../http/views/time.js';
import { STORE } from '../parts.js';
import { pauseReasons } from './brakes.js';
import { readDeclared, type DeclaredObject } from './declared-objects.js';
import { keyOf } from './fleet-pass.js';
import { withAuthors } from './who-changed.js';

/** Most objects that are named as declared by no file. */
const MOST_NAMED = 100;
const PAGE = 1_000;

/** In the order in which they are written: what others refer to first. */
const ORDER: readonly Resource['kind'][] = [
  'Fleet',
  'Source',
  'Strategy',
  'Policy',
  'Application',
  'Cluster',
  'Freeze',
  'Hold',
  'Pause',
];

/** Tells how what there is stands to what the files declare, and writes all of it as files. */
@Injectable()
export class FleetReader {
  constructor(@Inject(STORE) private readonly store: Store) {}

  /** @throws RejectedError `not-found`: the fleet is not declared in Git. */
  async fleet(): Promise<StoredResource> {
    const fleet = await this.store.read.resources.get('Fleet', FLEET_NAME);
    if (!fleet) throw notFound('Fleet', FLEET_NAME);
    return fleet;
  }

  async status(): Promise<FleetStatus> {
    const fleet = await this.fleet();
    const { source: name, path, byHand, prune, apply } = fleetSpecSchema.parse(fleet.spec);
    const [source, declared] = await Promise.all([
      this.store.read.resources.get('Source', name),
      readDeclared(this.store.read),
    ]);
    const { revision } = (source?.status ?? {}) as { revision?: string };
    const holds = [...holdsOf(fleet), ...(source ? holdsOf(source) : [])];
    const { documents } = await this.export();
    const changed = declared ? await this.drift(declared.objects, documents) : [];
    const drift = declared ? await withAuthors(this.store.read, changed, declared.at) : [];
    const isApplied = declared?.revision === revision && declared?.generation === fleet.generation;
    const late = declared === null ? 'new' : 'pending';
    const state = holds.length > 0 ? 'held' : !isApplied ? late : drift.length > 0 ? 'drifted' : 'current';
    const keys = new Set(declared?.objects.map(keyOf));
    const undeclared = documents
      .map(({ kind, metadata }) => keyOf({ kind, name: metadata.name }))
      .filter((key) => !keys.has(key));
    return {
      ...{ source: name, path, byHand, prune, apply, state },
      ...(revision !== undefined && { revision }),
      ...(declared && {
        applied: { revision: declared.revision, at: iso(declared.at), objects: declared.objects.length },
      }),
      ...{ holds: holds.map(holdView), drift, undeclared: undeclared.slice(0, MOST_NAMED) },
    };
  }

  /** Everything that documents can declare, so that it applies again as it is; in a stable order, without what only hubs write. */
  async export(): Promise<FleetExport> {
    const { read } = this.store;
    const clusters = await this.clusters();
    const applications = await this.resources('Application');
    const documents: Resource[] = [];
    for (const kind of [...RESOURCE_KINDS].sort((a, b) => rank(a) - rank(b))) {
      if (kind === 'Cluster') documents.push(...clusters.map(exported));
      else if (kind === 'Freeze') documents.push(...present(await currentDocument(read, kind, FLEET_NAME)));
      else if (kind === 'Hold') documents.push(...clusters.flatMap(held));
      else if (kind === 'Pause') documents.push(...(await this.pauses(applications)));
      else documents.push(...(kind === 'Application' ? applications : await this.resources(kind)));
    }
    return { documents };
  }

  private async drift(objects: readonly DeclaredObject[], all: readonly Resource[]): Promise<FleetDrift[]> {
    const present = new Map(all.map((each) => [keyOf({ kind: each.kind, name: each.metadata.name }), each]));
    const drift: FleetDrift[] = [];
    for (const { kind, name, file, document } of objects) {
      const found = present.get(keyOf({ kind, name }));
      // Of what an export leaves out there is something all the same: the strategy that is built in, a cluster that leaves.
      const now = found ? wantedDocument(found) : await currentDocument(this.store.read, kind, name);
      if (now && canonicalJson(now) === canonicalJson(document)) continue;
      drift.push({ kind, name, file, change: now ? 'changed' : 'deleted', declared: document, now });
    }
    return drift;
  }

  private async resources(kind: ResourceKind): Promise<Resource[]> {
    const all = await this.store.read.resources.list(kind);
    return all.map(storedDocument).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Those that stay, in the order of their names, whatever the database's is. */
  private async clusters(): Promise<StoredCluster[]> {
    const clusters: StoredCluster[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.store.read.clusters.list({ limit: PAGE, ...(after !== undefined && { after }) });
      clusters.push(...page.items.filter(({ state }) => state !== 'leaving'));
      if (page.next === undefined) return clusters.sort((a, b) => (a.name < b.name ? -1 : 1));
      after = page.next;
    }
  }

  private async pauses(applications: readonly Resource[]): Promise<Resource[]> {
    const names = applications.map(({ metadata }) => metadata.name);
    const reasons = await pauseReasons(this.store.read, names);
    return [...reasons].map(([name, reason]) => bareResource('Pause', name, { reason }));
  }
}

/** With its agent, where one joined: another hub takes it in by that. */
function exported({ uid, name, labels, publicKey }: StoredCluster): Resource {
  return {
    apiVersion: API_VERSION,
    kind: 'Cluster',
    metadata: { name, ...(publicKey !== null && { uid }), labels: inOrder(labels) },
    ...(publicKey !== null && { spec: { agentKey: publicKey } }),
  };
}

function held({ name, hold }: StoredCluster): Resource[] {
  return hold ? [bareResource('Hold', name, { reason: hold.reason })] : [];
}

/** The database has labels in an order of its own. */
function inOrder(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rank(kind: Resource['kind']): number {
  const at = ORDER.indexOf(kind);
  return at < 0 ? ORDER.indexOf('Application') - 0.5 : at;
}

function present(document: Resource | null): Resource[] {
  return document ? [document] : [];
}

function holdsOf({ status }: StoredResource): readonly Hold[] {
  return (status['holds'] ?? []) as unknown as readonly Hold[];
}

/** The names of objects that files declare, with where: `apps/web.yaml of source fleet`. */
export async function declaredBy(unit: Unit, kind: Resource['kind']): Promise<ReadonlyMap<string, string>> {
  const declared = await readDeclared(unit);
  const objects = declared?.objects.filter((object) => object.kind === kind) ?? [];
  return new Map(objects.map(({ name, file }) => [name, `${file} of source ${declared?.source ?? ''}`]));
}
