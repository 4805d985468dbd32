import type { JsonObject } from '#domain';
import type { Logger } from '#kit';
import { APPLICATION_LABEL, groupOf, isMetadataEnough, type KindPath, refKey, refOf, watchKind } from '#kube';
import type { Kube } from '#ports';
import { detach } from '../../common.js';

/** Told of live objects that bear our label, whichever application they belong to. */
export interface ObjectListener {
  onObject(key: string, object: JsonObject): void;
  /** It was deleted, or lost our label. */
  onGone(key: string, object: JsonObject): void;
  /** All objects of a kind at a resource version, of one namespace where that is told: others of it are gone. */
  onListed(groupKind: string, present: ReadonlySet<string>, resourceVersion: number, namespace?: string): void;
  /** Whether it looks at more of a kind's objects than their metadata, also where that tells all there is to most. */
  wantsWhole(groupKind: string): boolean;
}

/** What one watch is for: a kind, in one namespace where the agent is kept to some. */
export interface WatchPlace {
  readonly kind: KindPath;
  readonly namespace?: string;
}

export interface KindWatchesOptions {
  readonly kube: Kube;
  readonly idleMs: number;
  readonly random: () => number;
  readonly logger: Logger;
}

interface Running {
  readonly place: WatchPlace;
  readonly metadataOnly: boolean;
  readonly stop: AbortController;
  readonly users: Set<ObjectListener>;
}

/** One watch for each kind (and namespace, where the agent is kept to some) that any application holds, shared by all of them. */
export class KindWatches {
  private readonly running = new Map<string, Running>();
  private readonly listeners = new Set<ObjectListener>();

  constructor(private readonly options: KindWatchesOptions) {}

  /** What a listener needs from now on; watches that nobody needs end. */
  want(listener: ObjectListener, places: readonly WatchPlace[]): void {
    this.listeners.add(listener);
    const wanted = new Set(places.map(placeKey));
    for (const place of places) {
      const present = this.running.get(placeKey(place));
      if (present === undefined) {
        this.start(place, new Set([listener]));
        continue;
      }
      present.users.add(listener);
      if (present.metadataOnly && listener.wantsWhole(groupKindOf(place.kind))) this.restart(present);
    }
    for (const [key, { users, stop }] of this.running) {
      if (wanted.has(key)) continue;
      users.delete(listener);
      if (users.size > 0) continue;
      stop.abort();
      this.running.delete(key);
    }
  }

  /** Lists and tells everything of some kinds once more: what was seen of it is to be judged anew. */
  renew(groupKinds: ReadonlySet<string>): void {
    for (const running of [...this.running.values()]) {
      if (groupKinds.has(groupKindOf(running.place.kind))) this.restart(running);
    }
  }

  drop(listener: ObjectListener): void {
    this.want(listener, []);
    this.listeners.delete(listener);
  }

  close(): void {
    for (const { stop } of this.running.values()) stop.abort();
    this.running.clear();
    this.listeners.clear();
  }

  private restart({ place, stop, users }: Running): void {
    stop.abort();
    this.start(place, users);
  }

  private start(place: WatchPlace, users: Set<ObjectListener>): void {
    const { kube, idleMs, random, logger } = this.options;
    const stop = new AbortController();
    const { kind, namespace } = place;
    const groupKind = groupKindOf(kind);
    const isEnough = isMetadataEnough(kind.apiVersion, kind.kind);
    const metadataOnly = isEnough && ![...users].some((user) => user.wantsWhole(groupKind));
    this.running.set(placeKey(place), { place, metadataOnly, stop, users });
    const each = (act: (listener: ObjectListener) => void): void => {
      for (const one of this.listeners) act(one);
    };
    const watching = watchKind({
      kube,
      kind,
      ...(namespace !== undefined && { namespace }),
      labelSelector: APPLICATION_LABEL,
      metadataOnly,
      idleMs,
      random,
      signal: stop.signal,
      onList: (objects, resourceVersion) => {
        const keyed = objects.map((object) => [refKey(refOf(object)), object] as const);
        for (const [key, object] of keyed) each((one) => one.onObject(key, object));
        const present = new Set(keyed.map(([key]) => key));
        each((one) => one.onListed(groupKind, present, resourceVersion, namespace));
      },
      onEvent: (type, object) => {
        const key = refKey(refOf(object));
        if (type === 'DELETED') each((one) => one.onGone(key, object));
        else each((one) => one.onObject(key, object));
      },
      onTrouble: (message) => logger.info({ kind: kind.kind, why: message }, 'the watch is broken; opening it again'),
    });
    detach(watching, logger);
  }
}

/** A slash more than a group and a kind have, so that none is taken for another. */
function placeKey({ kind, namespace }: WatchPlace): string {
  return namespace === undefined ? groupKindOf(kind) : `${groupKindOf(kind)}/${namespace}`;
}

/** `apps/Deployment`. */
export function groupKindOf(ref: { readonly apiVersion: string; readonly kind: string }): string {
  return `${groupOf(ref.apiVersion)}/${ref.kind}`;
}
