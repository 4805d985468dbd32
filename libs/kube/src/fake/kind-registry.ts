import { kindsOfDefinition } from './custom-kinds.js';
import { type JsonMap, listOf, mapOf, parseMap, textOf } from './json-tree.js';
import { apiVersionOf, builtInByPath, builtInKinds, type KindInfo, lookupKey, storageKey } from './kinds.js';
import { type ObjectStore, type StoreEvent } from './object-store.js';

const builtInByStorageKey = new Map(builtInKinds.map((kind) => [storageKey(kind), kind]));
const definitionsKey = 'customresourcedefinitions.apiextensions.k8s.io';

/** The kinds that one cluster serves: the built-in ones, which all clusters share, and those of its established definitions. */
export class KindRegistry {
  private custom: ReadonlyMap<string, KindInfo> | undefined;

  constructor(private readonly store: ObjectStore) {
    store.onEvent((event) => this.follow(event));
  }

  find(group: string, version: string, plural: string): KindInfo | undefined {
    const key = lookupKey(group, version, plural);
    return builtInByPath.get(key) ?? this.customKinds().get(key);
  }

  /** The kind of what is stored under a key, in the version in which it is stored. */
  byStorageKey(key: string): KindInfo | undefined {
    const builtIn = builtInByStorageKey.get(key);
    if (builtIn !== undefined) return builtIn;
    for (const kind of this.customKinds().values()) {
      if (storageKey(kind) === key && kind.custom?.storage === true) return kind;
    }
    return undefined;
  }

  /** The kind of a reference, in whatever version it is stored. */
  byReference(apiVersion: string, kind: string): KindInfo | undefined {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    const fits = (each: KindInfo): boolean => each.group === group && each.kind === kind;
    return builtInKinds.find(fits) ?? [...this.customKinds().values()].find(fits);
  }

  customKinds(): ReadonlyMap<string, KindInfo> {
    this.custom ??= this.readDefinitions();
    return this.custom;
  }

  /** True for a group that serves anything, and for a group's version when one is given. */
  serves(group: string, version?: string): boolean {
    const fits = (kind: KindInfo): boolean =>
      kind.group === group && (version === undefined || kind.version === version);
    return builtInKinds.some(fits) || [...this.customKinds().values()].some(fits);
  }

  reset(): void {
    this.custom = undefined;
  }

  private follow(event: StoreEvent): void {
    if (event.object.key === definitionsKey) this.custom = undefined;
  }

  private readDefinitions(): ReadonlyMap<string, KindInfo> {
    const out = new Map<string, KindInfo>();
    for (const stored of this.store.list(definitionsKey)) {
      const definition = parseMap(stored.json);
      if (!isEstablished(definition)) continue;
      for (const kind of kindsOfDefinition(definition)) out.set(lookupKey(kind.group, kind.version, kind.plural), kind);
    }
    return out;
  }
}

export function isEstablished(definition: JsonMap): boolean {
  return listOf(mapOf(definition['status'])['conditions']).some((each) => {
    const condition = mapOf(each);
    return textOf(condition['type']) === 'Established' && condition['status'] === 'True';
  });
}

/** `deployments.apps/v1`: for messages. */
export function kindName(kind: KindInfo): string {
  return `${apiVersionOf(kind)}, Kind=${kind.kind}`;
}
