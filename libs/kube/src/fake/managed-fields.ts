import { contestedFields, dropNulls, mergeApplied, pruneFields } from './apply-merge.js';
import { ApiError, type StatusCause } from './api-error.js';
import {
  compareFields,
  differenceOf,
  fieldsOf,
  type FieldSet,
  intersectionOf,
  isEmptySet,
  pathsOf,
  unionOf,
  withoutPaths,
} from './field-sets.js';
import { equalJson, isMap, type JsonMap, listOf, mapAt, textOf } from './json-tree.js';
import { apiVersionOf, type KindInfo } from './kinds.js';

export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
}

/** One entry of `metadata.managedFields`. */
interface Entry {
  readonly manager: Manager;
  readonly apiVersion: string;
  readonly time: string;
  readonly fields: FieldSet;
}

function entriesOf(object: JsonMap | undefined): Entry[] {
  const metadata = object?.['metadata'];
  if (!isMap(metadata)) return [];
  return listOf(metadata['managedFields']).flatMap((each) => {
    if (!isMap(each)) return [];
    const manager: Manager = {
      name: textOf(each['manager']),
      operation: each['operation'] === 'Apply' ? 'Apply' : 'Update',
      subresource: textOf(each['subresource']),
    };
    const fields = isMap(each['fieldsV1']) ? each['fieldsV1'] : {};
    return [{ manager, apiVersion: textOf(each['apiVersion']), time: textOf(each['time']), fields }];
  });
}

function sameManager(a: Manager, b: Manager): boolean {
  return a.name === b.name && a.operation === b.operation && a.subresource === b.subresource;
}

function writeEntries(object: JsonMap, entries: readonly Entry[]): void {
  const metadata = mapAt(object, 'metadata');
  const kept = entries.filter((entry) => !isEmptySet(entry.fields));
  if (kept.length === 0) {
    delete metadata['managedFields'];
    return;
  }
  const order = (entry: Entry): string => `${entry.manager.operation} ${entry.time} ${entry.manager.name}`;
  kept.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  metadata['managedFields'] = kept.map((entry) => {
    const out: JsonMap = { manager: entry.manager.name, operation: entry.manager.operation };
    out['apiVersion'] = entry.apiVersion;
    out['time'] = entry.time;
    out['fieldsType'] = 'FieldsV1';
    out['fieldsV1'] = entry.fields;
    if (entry.manager.subresource !== '') out['subresource'] = entry.manager.subresource;
    return out;
  });
}

/** Fields that nobody manages: the object's identity, and what the server itself writes. */
const unmanaged: readonly (readonly string[])[] = [
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata', '.'],
  ...[
    'name',
    'namespace',
    'generateName',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ].map((name) => ['f:metadata', `f:${name}`]),
];

/** A status that the main resource ignores is nobody's by it, and the other way round. */
function managedPart(set: FieldSet, kind: KindInfo, subresource: string): FieldSet {
  // A built-in kind's spec is no map, which somebody could own as such.
  const out = withoutPaths(set, kind.custom === undefined ? [...unmanaged, ['f:spec', '.']] : unmanaged);
  if (subresource === 'status') return withoutPaths(out, [['f:spec']]);
  return kind.statusSubresource ? withoutPaths(out, [['f:status']]) : out;
}

export interface ApplyRequest {
  readonly live: JsonMap | undefined;
  readonly applied: JsonMap;
  readonly kind: KindInfo;
  readonly manager: Manager;
  readonly force: boolean;
  readonly now: string;
}

export interface ApplyResult {
  readonly object: JsonMap;
  /** To be called when defaults are filled in: writes `metadata.managedFields`. */
  readonly seal: (object: JsonMap) => void;
}

/**
 * Server-side apply: what the manager applied before and dropped goes, unless somebody else owns it too.
 * @throws ApiError 409 with one cause per field that another manager owns with another value, unless forced.
 */
export function applyConfiguration(request: ApplyRequest): ApplyResult {
  const { live, kind, manager } = request;
  const rule = kind.mergeRule;
  const applied = dropNulls(request.applied) as JsonMap;
  const own = managedPart(fieldsOf(applied, rule), kind, manager.subresource);
  const entries = entriesOf(live);
  const mine = entries.find((entry) => sameManager(entry.manager, manager));
  let others = entries.filter((entry) => entry !== mine);
  let merged = mergeApplied(live, applied, rule) as JsonMap;

  const contested = others.map((entry) => contestedFields(own, entry.fields, live, merged, rule));
  const anyConflict = contested.some((set) => !isEmptySet(set));
  if (anyConflict && !request.force) throw conflictOf(others, contested);
  if (anyConflict) {
    others = others.map((entry, at) => ({ ...entry, fields: differenceOf(entry.fields, contested[at] ?? {}) }));
  }

  if (mine !== undefined) {
    const dropped = differenceOf(mine.fields, own);
    if (!isEmptySet(dropped)) {
      const kept = others.reduce<FieldSet>((all, entry) => unionOf(all, entry.fields), own);
      const gone = differenceOf(dropped, kept);
      if (!isEmptySet(gone)) merged = (pruneFields(merged, gone, kept, rule) ?? {}) as JsonMap;
    }
  }
  return {
    object: merged,
    seal: (object) => {
      const apiVersion = apiVersionOf(kind);
      const unchanged = mine !== undefined && mine.apiVersion === apiVersion && equalJson(mine.fields, own);
      const time = unchanged ? mine.time : request.now;
      writeEntries(object, [...others, { manager, apiVersion, time, fields: own }]);
    },
  };
}

function conflictOf(others: readonly Entry[], contested: readonly FieldSet[]): ApiError {
  const causes: StatusCause[] = [];
  others.forEach((entry, at) => {
    const via = entry.manager.subresource === '' ? '' : ` with subresource "${entry.manager.subresource}"`;
    const using = entry.manager.operation === 'Apply' ? '' : ` using ${entry.apiVersion}`;
    for (const field of pathsOf(contested[at] ?? {})) {
      const message = `conflict with "${entry.manager.name}"${via}${using}`;
      causes.push({ reason: 'FieldManagerConflict', message, field });
    }
  });
  const plural = causes.length === 1 ? 'conflict' : 'conflicts';
  const lines = causes.map((cause) => `${cause.message}: ${cause.field ?? ''}`).join('\n');
  return new ApiError(409, `Apply failed with ${causes.length} ${plural}: ${lines}`, { causes }, 'Conflict');
}

/** Ownership after a create, an update or a patch: who changed a field owns it, and nobody owns what is gone. */
export function trackUpdate(
  live: JsonMap | undefined,
  object: JsonMap,
  kind: KindInfo,
  manager: Manager,
  now: string,
): void {
  const changes = compareFields(live ?? {}, object, kind.mergeRule);
  const changed = managedPart(changes.changed, kind, manager.subresource);
  const entries = entriesOf(live);
  if (isEmptySet(changed) && isEmptySet(changes.removed)) {
    writeEntries(object, entries);
    return;
  }
  const mine = entries.find((entry) => sameManager(entry.manager, manager));
  const touched = unionOf(changed, changes.removed);
  const out = entries
    .filter((entry) => entry !== mine)
    .map((entry) => {
      const lost = intersectionOf(entry.fields, touched);
      return isEmptySet(lost) ? entry : { ...entry, fields: differenceOf(entry.fields, lost) };
    });
  const fields = differenceOf(unionOf(mine?.fields ?? {}, changed), changes.removed);
  const unchanged = mine !== undefined && equalJson(mine.fields, fields);
  out.push({ manager, apiVersion: apiVersionOf(kind), time: unchanged ? mine.time : now, fields });
  writeEntries(object, out);
}
