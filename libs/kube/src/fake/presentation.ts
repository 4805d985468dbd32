import { type JsonMap, mapOf, parseMap } from './json-tree.js';
import { apiVersionOf, type KindInfo } from './kinds.js';

/** How the client wants objects: whole, or their metadata alone. */
export type View = 'whole' | 'metadata';

/** The first media type of the Accept header that is known decides; a Table is not, so the next one is taken. */
export function viewOf(accept: string | undefined): View {
  for (const part of (accept ?? '').split(',')) {
    if (part.includes('as=PartialObjectMetadata')) return 'metadata';
    if (!part.includes('as=') && part.includes('json')) return 'whole';
  }
  return 'whole';
}

/** The stored text as the client asked for it. */
export function present(json: string, kind: KindInfo, view: View): string {
  if (view === 'metadata') {
    const metadata = JSON.stringify(mapOf(parseMap(json)['metadata']));
    return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${metadata}}`;
  }
  return kind.custom === undefined || kind.custom.storage ? json : inVersion(json, kind);
}

/** Conversion without a webhook changes the version alone. */
function inVersion(json: string, kind: KindInfo): string {
  return JSON.stringify({ ...parseMap(json), kind: kind.kind, apiVersion: apiVersionOf(kind) });
}

/** Items of a list of built-in kinds bear no kind of their own. */
export function presentItem(json: string, kind: KindInfo, view: View): string {
  const text = present(json, kind, view);
  if (view === 'metadata' || kind.custom !== undefined) return text;
  const prefix = `{"kind":"${kind.kind}","apiVersion":"${apiVersionOf(kind)}",`;
  return text.startsWith(prefix) ? `{${text.slice(prefix.length)}` : text;
}

export function listHead(kind: KindInfo, view: View): string {
  return view === 'metadata'
    ? '"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1"'
    : `"kind":"${kind.kind}List","apiVersion":"${apiVersionOf(kind)}"`;
}

/** Members in the order in which the API server writes them; what is undefined stays away. */
export function inOrder(object: JsonMap, kind: KindInfo, storageVersion: string): JsonMap {
  const { kind: _kind, apiVersion: _version, metadata, spec, status, ...rest } = object;
  const out: JsonMap = { kind: kind.kind, apiVersion: storageVersion };
  if (metadata !== undefined) out['metadata'] = metadata;
  Object.assign(out, rest);
  if (spec !== undefined) out['spec'] = spec;
  if (status !== undefined) out['status'] = status;
  return out;
}
