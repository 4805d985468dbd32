import { replacedDigest, type BundleDrop, type JsonObject, type JsonValue, type Member, type TargetRow } from '#domain';
import { CLUSTER_KINDS } from './cluster-kinds.js';

/** One object of a bundle by what makes it the same object: its group and kind, its namespace and its name. */
export interface BundleObject {
  /** `group/Kind`. */
  readonly kind: string;
  /** Empty: the application's, or none. */
  readonly namespace: string;
  readonly name: string;
  /** `flotilla.dev/prune: disabled`: it stays in the cluster when a bundle drops it. */
  readonly kept: boolean;
}

/** Two bundles, of which the second replaces the first in some cluster, and the namespaces of what names none there. */
export interface BundlePair {
  readonly from: string;
  readonly to: string;
  readonly namespaces: { readonly from: string; readonly to: string };
}

/** Most objects that a drop names. */
const MOST_NAMED = 20;
const PRUNE_ANNOTATION = 'flotilla.dev/prune';

/**
 * The distinct pairs of bundles that a start replaces, those that stay as and where they are left out.
 * @param namespaceOf the namespace of what a cluster has now, by its row. @param namespace the one that it gets.
 */
export function replacedPairs(
  rows: readonly TargetRow[],
  members: readonly Member[],
  namespaceOf: (row: TargetRow | undefined) => string,
  namespace: string,
): readonly BundlePair[] {
  const byUid = new Map(rows.map((row) => [row.uid, row]));
  const pairs = new Map<string, BundlePair>();
  for (const { uid, digest: to } of members) {
    const row = byUid.get(uid);
    const [from, there] = [replacedDigest(row), namespaceOf(row)];
    if (from === null || (from === to && there === namespace)) continue;
    pairs.set(`${from} ${to} ${there}`, { from, to, namespaces: { from: there, to: namespace } });
  }
  return [...pairs.values()];
}

/** The objects of a bundle's canonical JSON. */
export function objectsOfBundle(json: string): readonly BundleObject[] {
  const objects = JSON.parse(json) as readonly JsonObject[];
  return objects.map((object) => {
    const metadata = mapAt(object, 'metadata');
    const apiVersion = textAt(object, 'apiVersion');
    const slash = apiVersion.indexOf('/');
    return {
      kind: `${slash < 0 ? '' : apiVersion.slice(0, slash)}/${textAt(object, 'kind')}`,
      namespace: textAt(metadata, 'namespace'),
      name: textAt(metadata, 'name'),
      kept: textAt(mapAt(metadata, 'annotations'), PRUNE_ANNOTATION) === 'disabled',
    };
  });
}

/** What one bundle has and the one that replaces it has not; null: nothing. An object that names no namespace is in the application's. */
export function dropBetween(
  { from, to, namespaces }: BundlePair,
  before: readonly BundleObject[],
  after: readonly BundleObject[],
): BundleDrop | null {
  const stays = new Set(after.map((object) => keyOf(object, namespaces.to)));
  const dropped = before.filter((object) => !object.kept && !stays.has(keyOf(object, namespaces.from)));
  if (dropped.length === 0) return null;
  return { from, to, dropped: dropped.length, of: before.length, objects: dropped.slice(0, MOST_NAMED).map(titleOf) };
}

function keyOf({ kind, namespace, name }: BundleObject, of: string): string {
  const own = namespace === '' && !CLUSTER_KINDS.has(kind) ? of : namespace;
  return `${kind} ${own} ${name}`;
}

function titleOf({ kind, namespace, name }: BundleObject): string {
  return `${kind.slice(kind.indexOf('/') + 1)} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

function mapAt(object: JsonObject, key: string): JsonObject {
  const value: JsonValue | undefined = object[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function textAt(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}
