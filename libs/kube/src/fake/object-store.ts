import { type JsonMap, listOf, mapOf, parseMap, textOf } from './json-tree.js';
import { type KindInfo, storageKey } from './kinds.js';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One object as JSON text: a third of the memory of a parsed one, and ready to be sent. */
export interface StoredObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly json: string;
  readonly resourceVersion: number;
  /** UIDs of the owners. */
  readonly owners?: readonly string[];
  /** `Kind/name` of the owners. */
  readonly ownerNames?: readonly string[];
}

export interface StoreEvent {
  readonly type: EventType;
  readonly object: StoredObject;
  /** What the object was before: a watch by labels must tell that it left. */
  readonly previous: StoredObject | undefined;
}

export interface StoreLimits {
  /** How much of the past a watch can ask for. */
  readonly events: number;
  readonly eventBytes: number;
}

export const defaultLimits: StoreLimits = { events: 512, eventBytes: 512 * 1024 };

/** What one cluster holds, and the latest part of how it came to. */
export class ObjectStore {
  private readonly kinds = new Map<string, Map<string, StoredObject>>();
  private readonly byUid = new Map<string, StoredObject>();
  /** UIDs of what each owner has, by the owner's UID. */
  private readonly dependents = new Map<string, Set<string>>();
  private log: StoreEvent[] = [];
  private logBytes = 0;
  private version: number;
  /** Watches may ask from this version on; older ones are gone. */
  private oldest: number;
  private readonly listeners = new Set<(event: StoreEvent) => void>();

  constructor(
    private readonly limits: StoreLimits = defaultLimits,
    startAt = 1000,
  ) {
    this.version = startAt;
    this.oldest = startAt;
  }

  get resourceVersion(): number {
    return this.version;
  }

  get oldestVersion(): number {
    return this.oldest;
  }

  onEvent(listener: (event: StoreEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get(key: string, namespace: string, name: string): StoredObject | undefined {
    return this.kinds.get(key)?.get(`${namespace}/${name}`);
  }

  /** Sorted by namespace and name, as the API server lists them. */
  list(key: string, namespace?: string): StoredObject[] {
    const all = this.kinds.get(key);
    if (all === undefined) return [];
    const out: StoredObject[] = [];
    for (const object of all.values()) if (namespace === undefined || object.namespace === namespace) out.push(object);
    return out.sort((a, b) => order(a, b));
  }

  /** Whether an object with this UID is there. */
  hasUid(uid: string): boolean {
    return this.byUid.has(uid);
  }

  /** What names the UID as one of its owners, of every kind unless told, in the order of `list`. */
  ownedBy(uid: string, key?: string): StoredObject[] {
    const out: StoredObject[] = [];
    for (const each of this.dependents.get(uid) ?? []) {
      const object = this.byUid.get(each);
      if (object !== undefined && (key === undefined || object.key === key)) out.push(object);
    }
    return out.sort((a, b) => order(a, b));
  }

  *all(): Iterable<StoredObject> {
    for (const objects of this.kinds.values()) yield* objects.values();
  }

  /** The version that the next write will get. */
  nextVersion(): number {
    return this.version + 1;
  }

  /** Writes the object, whose metadata.resourceVersion is set here. */
  put(kind: KindInfo, object: JsonMap): StoredObject {
    this.version += 1;
    const metadata = mapOf(object['metadata']);
    metadata['resourceVersion'] = String(this.version);
    const stored = storedObject(storageKey(kind), object, this.version);
    let objects = this.kinds.get(stored.key);
    if (objects === undefined) this.kinds.set(stored.key, (objects = new Map<string, StoredObject>()));
    const id = `${stored.namespace}/${stored.name}`;
    const previous = objects.get(id);
    if (previous !== undefined) this.unlink(previous);
    objects.set(id, stored);
    this.link(stored);
    this.publish({ type: previous === undefined ? 'ADDED' : 'MODIFIED', object: stored, previous });
    return stored;
  }

  /** Takes the object away; its last state, with the version of the deletion, goes to the watches. */
  remove(stored: StoredObject): StoredObject {
    const objects = this.kinds.get(stored.key);
    const id = `${stored.namespace}/${stored.name}`;
    this.unlink(objects?.get(id) ?? stored);
    objects?.delete(id);
    if (objects?.size === 0) this.kinds.delete(stored.key);
    this.version += 1;
    const object = parseMap(stored.json);
    mapOf(object['metadata'])['resourceVersion'] = String(this.version);
    const last = storedObject(stored.key, object, this.version);
    this.publish({ type: 'DELETED', object: last, previous: stored });
    return last;
  }

  /** Events after `version`, oldest first. Ask `oldestVersion` first. */
  since(version: number): readonly StoreEvent[] {
    const at = this.log.findIndex((event) => event.object.resourceVersion > version);
    return at < 0 ? [] : this.log.slice(at);
  }

  /** Forgets the past: watches from before get 410. */
  compact(): void {
    this.log = [];
    this.logBytes = 0;
    this.oldest = this.version;
  }

  restore(version: number, objects: readonly { readonly key: string; readonly object: JsonMap }[]): void {
    this.kinds.clear();
    this.byUid.clear();
    this.dependents.clear();
    this.version = version;
    for (const { key, object } of objects) {
      const stored = storedObject(key, object, Number(mapOf(object['metadata'])['resourceVersion']));
      let kind = this.kinds.get(key);
      if (kind === undefined) this.kinds.set(key, (kind = new Map<string, StoredObject>()));
      kind.set(`${stored.namespace}/${stored.name}`, stored);
      this.link(stored);
    }
    this.compact();
  }

  private link(stored: StoredObject): void {
    this.byUid.set(stored.uid, stored);
    for (const owner of stored.owners ?? []) {
      const known = this.dependents.get(owner);
      if (known === undefined) this.dependents.set(owner, new Set([stored.uid]));
      else known.add(stored.uid);
    }
  }

  private unlink(stored: StoredObject): void {
    this.byUid.delete(stored.uid);
    for (const owner of stored.owners ?? []) {
      const known = this.dependents.get(owner);
      known?.delete(stored.uid);
      if (known?.size === 0) this.dependents.delete(owner);
    }
  }

  private publish(event: StoreEvent): void {
    this.log.push(event);
    this.logBytes += event.object.json.length;
    if (this.log.length > this.limits.events || this.logBytes > this.limits.eventBytes) this.forget();
    for (const listener of this.listeners) listener(event);
  }

  /** Drops a quarter at once, so that the log isn't shifted for every write. */
  private forget(): void {
    const drop = Math.max(1, this.log.length >> 2);
    for (const event of this.log.slice(0, drop)) {
      this.logBytes -= event.object.json.length;
      this.oldest = event.object.resourceVersion;
    }
    this.log = this.log.slice(drop);
  }
}

function order(a: StoredObject, b: StoredObject): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function storedObject(key: string, object: JsonMap, resourceVersion: number): StoredObject {
  const metadata = mapOf(object['metadata']);
  const references = listOf(metadata['ownerReferences']).map(mapOf);
  const stored: StoredObject = {
    key,
    namespace: textOf(metadata['namespace']),
    name: textOf(metadata['name']),
    uid: textOf(metadata['uid']),
    json: JSON.stringify(object),
    resourceVersion,
  };
  if (references.length === 0) return stored;
  const ownerNames = references.map((owner) => `${textOf(owner['kind'])}/${textOf(owner['name'])}`);
  return { ...stored, owners: references.map((owner) => textOf(owner['uid'])), ownerNames };
}
