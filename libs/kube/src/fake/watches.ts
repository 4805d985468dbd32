import { ApiError, failureStatus } from './api-error.js';
import { type ClusterState, type ResourceRequest } from './cluster-state.js';
import { parseMap } from './json-tree.js';
import { apiVersionOf, storageKey } from './kinds.js';
import { type EventType, type StoredObject, type StoreEvent } from './object-store.js';
import { present, viewOf } from './presentation.js';
import { objectTest, selectObjects } from './reads.js';

/** Takes one event: its type and the object as JSON text. */
export type WatchSink = (type: EventType | 'BOOKMARK' | 'ERROR', object: string) => void;

export interface OpenWatch {
  /** Sends a bookmark now, where the client allows them. */
  bookmark(): void;
  close(): void;
}

function startVersion(state: ClusterState, request: ResourceRequest): number | undefined {
  const text = request.query['resourceVersion'];
  if (text === undefined || text === '' || text === '0') return undefined;
  const version = Number(text);
  if (!Number.isInteger(version)) throw new ApiError(400, `Invalid value: ${JSON.stringify(text)}: resourceVersion`);
  return version;
}

/**
 * Starts a watch: what the query asks of the past comes at once, what happens from now on as it happens.
 * A version that is too old is told by an ERROR event with a Status 410, as the API server does.
 */
export function openWatch(state: ClusterState, request: ResourceRequest, sink: WatchSink): OpenWatch {
  const { kind, query } = request;
  const key = storageKey(kind);
  const namespace = kind.namespaced && request.namespace !== '' ? request.namespace : undefined;
  const test = objectTest(query);
  const view = viewOf(request.accept);
  const bookmarks = query['allowWatchBookmarks'] === 'true' || query['allowWatchBookmarks'] === '1';
  const fits = (stored: StoredObject): boolean => test === undefined || test(parseMap(stored.json));

  const send = (event: StoreEvent): void => {
    if (event.object.key !== key || (namespace !== undefined && event.object.namespace !== namespace)) return;
    let type = event.type;
    if (test !== undefined && type !== 'DELETED') {
      const was = event.previous !== undefined && fits(event.previous);
      const is = fits(event.object);
      if (!was && !is) return;
      type = !is ? 'DELETED' : was ? 'MODIFIED' : 'ADDED';
    } else if (test !== undefined && !fits(event.object)) return;
    sink(type, present(event.object.json, kind, view));
  };
  const bookmark = (annotations = ''): void => {
    const [name, version] =
      view === 'metadata' ? ['PartialObjectMetadata', 'meta.k8s.io/v1'] : [kind.kind, apiVersionOf(kind)];
    const metadata = `{"resourceVersion":"${state.store.resourceVersion}"${annotations}}`;
    sink('BOOKMARK', `{"kind":"${name}","apiVersion":"${version}","metadata":${metadata}}`);
  };

  const from = startVersion(state, request);
  const wantsInitial = query['sendInitialEvents'] === 'true';
  if (from !== undefined && !wantsInitial) {
    if (from < state.store.oldestVersion) {
      const message = `too old resource version: ${from} (${state.store.oldestVersion})`;
      sink('ERROR', JSON.stringify(failureStatus(410, message)));
      return { bookmark: () => undefined, close: () => undefined };
    }
    for (const event of state.store.since(from)) send(event);
  } else if (query['sendInitialEvents'] !== 'false') {
    for (const stored of selectObjects(state, request)) sink('ADDED', present(stored.json, kind, view));
    if (wantsInitial && bookmarks) bookmark(',"annotations":{"k8s.io/initial-events-end":"true"}');
  }
  const stop = state.store.onEvent(send);
  return { bookmark: () => (bookmarks ? bookmark() : undefined), close: stop };
}
