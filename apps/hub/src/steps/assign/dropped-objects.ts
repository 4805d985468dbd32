import { replacedDigest, type BundleDrop, type JsonObject, type JsonValue, type Member, type TargetRow } from '#domain';

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

/** Two bundles, of which the second replaces the first in some cluster. */
export interface BundlePair {
  readonly from: string;
  readonly to: string;
}

/** Most objects that a drop names. */
const MOST_NAMED = 20;
const PRUNE_ANNOTATION = 'flotilla.dev/prune';

/** The distinct pairs of bundles that a start replaces, those that stay the same left out. */
export function replacedPairs(rows: readonly TargetRow[], members: readonly Member[]): readonly BundlePair[] {
  const byUid = new Map(rows.map((row) => [row.uid, row]));
  const pairs = new Map<string, BundlePair>();
  for (const { uid, digest: to } of members) {
    const from = replacedDigest(byUid.get(uid));
    if (from !== null && from !== to) pairs.set(`${from} ${to}`, { from, to });
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

/**
 * What one bundle has and the one that replaces it has not; null: nothing.
 * @param namespace the application's: an object that names none is the same as one that names it.
 */
export function dropBetween(
  { from, to }: BundlePair,
  before: readonly BundleObject[],
  after: readonly BundleObject[],
  namespace: string,
): BundleDrop | null {
  const keyOf = (object: BundleObject): string =>
    `${object.kind} ${object.namespace === '' ? namespace : object.namespace} ${object.name}`;
  const stays = new Set(after.map(keyOf));
  const dropped = before.filter((object) => !object.kept && !stays.has(keyOf(object)));
  if (dropped.length === 0) return null;
  return { from, to, dropped: dropped.length, of: before.length, objects: dropped.slice(0, MOST_NAMED).map(titleOf) };
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
