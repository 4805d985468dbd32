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
  /** All objects of a kind at a resource version: others of it are gone. */
  onListed(groupKind: string, present: ReadonlySet<string>, resourceVersion: number): void;
}

export interface KindWatchesOptions {
  readonly kube: Kube;
  readonly idleMs: number;
  readonly random: () => number;
  readonly logger: Logger;
}

interface Running {
  readonly stop: AbortController;
  readonly users: Set<ObjectListener>;
}

/** One watch for each kind that any application holds, shared by all of them. */
export class KindWatches {
  private readonly running = new Map<string, Running>();
  private readonly listeners = new Set<ObjectListener>();

  constructor(private readonly options: KindWatchesOptions) {}

  /** The kinds that a listener needs from now on; watches that nobody needs end. */
  want(listener: ObjectListener, kinds: readonly KindPath[]): void {
    this.listeners.add(listener);
    const wanted = new Set(kinds.map(groupKindOf));
    for (const kind of kinds) {
      const present = this.running.get(groupKindOf(kind));
      if (present !== undefined) present.users.add(listener);
      else this.start(kind, listener);
    }
    for (const [groupKind, { users, stop }] of this.running) {
      if (wanted.has(groupKind)) continue;
      users.delete(listener);
      if (users.size > 0) continue;
      stop.abort();
      this.running.delete(groupKind);
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

  private start(kind: KindPath, listener: ObjectListener): void {
    const { kube, idleMs, random, logger } = this.options;
    const stop = new AbortController();
    const groupKind = groupKindOf(kind);
    this.running.set(groupKind, { stop, users: new Set([listener]) });
    const each = (act: (listener: ObjectListener) => void): void => {
      for (const one of this.listeners) act(one);
    };
    const watching = watchKind({
      kube,
      kind,
      labelSelector: APPLICATION_LABEL,
      metadataOnly: isMetadataEnough(kind.apiVersion, kind.kind),
      idleMs,
      random,
      signal: stop.signal,
      onList: (objects, resourceVersion) => {
        const keyed = objects.map((object) => [refKey(refOf(object)), object] as const);
        for (const [key, object] of keyed) each((one) => one.onObject(key, object));
        const present = new Set(keyed.map(([key]) => key));
        each((one) => one.onListed(groupKind, present, resourceVersion));
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

/** `apps/Deployment`. */
export function groupKindOf(ref: { readonly apiVersion: string; readonly kind: string }): string {
  return `${groupOf(ref.apiVersion)}/${ref.kind}`;
}
