import { FLEET_NAME, resourceSchemas, type Resource } from '#contract';
import type { StoredResource, Unit } from '#ports';
import { brakeReason } from '../../declared/brakes.js';
import { bareResource, clusterDocument, defaultStrategyView } from './resource-view.js';
import { iso } from './time.js';

/** What there is of an object, as the document that would declare it; null: it is not there. */
export async function currentDocument(unit: Unit, kind: Resource['kind'], name: string): Promise<Resource | null> {
  if (kind === 'Cluster') {
    const cluster = await unit.clusters.byName(name);
    return cluster && clusterDocument(cluster);
  }
  if (kind === 'Freeze') {
    const freeze = await unit.freeze.get();
    const until = freeze?.until === undefined ? {} : { until: iso(freeze.until) };
    return freeze && bareResource('Freeze', FLEET_NAME, { reason: freeze.reason, ...until });
  }
  if (kind === 'Hold' || kind === 'Pause') {
    const reason = await brakeReason(unit, kind, name);
    return reason === null ? null : bareResource(kind, name, { reason });
  }
  const stored = await unit.resources.get(kind, name);
  if (stored) return storedDocument(stored);
  // What `get -o yaml` shows of the strategy that is there by itself applies again unchanged, too.
  if (kind !== 'Strategy' || name !== 'default') return null;
  const { status: _, ...shipped } = defaultStrategyView();
  return shipped;
}

/** With the defaults of fields that an older hub did not know: they are no change. */
export function storedDocument({ kind, name, spec }: Pick<StoredResource, 'kind' | 'name' | 'spec'>): Resource {
  return bareResource(kind, name, resourceSchemas[kind].shape.spec.safeParse(spec).data ?? spec);
}

/** What a document would make of its object: nothing that only the hub writes. */
export function wantedDocument(resource: Resource): Resource {
  const { name } = resource.metadata;
  if (resource.kind === 'Cluster') return clusterDocument({ name, labels: resource.metadata.labels });
  if (resource.kind !== 'Freeze') return bareResource(resource.kind, name, resource.spec);
  const { reason, until } = resource.spec;
  return bareResource('Freeze', FLEET_NAME, { reason, ...(until !== undefined && { until: iso(Date.parse(until)) }) });
}
