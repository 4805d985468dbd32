import type { JsonObject, JsonValue } from '#domain';
import { APPLICATION_LABEL } from './marks.js';
import { groupOf, isMap, mapAt, textAt } from './object-ref.js';

const POD_GROUPS = new Set(['', 'apps', 'batch']);

/** What an export has that is the server's: an apply that names another version or UID than the live one is refused for ever. */
const SERVER_METADATA = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/** What controllers count in annotations, and kubectl's copy of what it applied: whoever puts those back never comes to an end. */
const OTHERS_ANNOTATIONS = new Set([
  'deployment.kubernetes.io/revision',
  'deprecated.daemonset.template.generation',
  'kubectl.kubernetes.io/last-applied-configuration',
]);

export interface NormaliseInput {
  readonly application: string;
  /** For namespaced objects that name none. */
  readonly namespace: string;
  readonly namespaced: boolean;
}

/**
 * An object of a bundle as it is applied: with our label and its namespace, and without what server-side apply would own, or
 * see as a change, at every pass: status, what an export carries of the server's own, `stringData`, ports without their protocol,
 * the rules of an aggregated role.
 */
export function normaliseObject(object: JsonObject, input: NormaliseInput): JsonObject {
  const { status: _status, ...rest } = object;
  const { namespace, annotations, ...metadata } = without(mapAt(object, 'metadata'), SERVER_METADATA);
  const result: Record<string, JsonValue> = {
    ...rest,
    metadata: {
      ...metadata,
      ...(annotations !== undefined && {
        annotations: isMap(annotations) ? without(annotations, OTHERS_ANNOTATIONS) : annotations,
      }),
      ...(input.namespaced && { namespace: typeof namespace === 'string' ? namespace : input.namespace }),
      labels: { ...mapAt(metadata, 'labels'), [APPLICATION_LABEL]: input.application },
    },
  };
  if (object['kind'] === 'Secret' && object['apiVersion'] === 'v1') joinStringData(result);
  // A controller fills them in, and takes them back from whoever sets them.
  if (object['kind'] === 'ClusterRole' && isMap(object['aggregationRule'])) delete result['rules'];
  const spec = result['spec'];
  // Kinds of other groups may look alike and have no such field.
  if (isMap(spec) && POD_GROUPS.has(groupOf(textAt(object, 'apiVersion')))) {
    result['spec'] = object['kind'] === 'Service' ? withProtocols(spec, 'ports') : withoutTimes(spec);
  }
  return result;
}

function without(map: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.has(key)));
}

function joinStringData(secret: Record<string, JsonValue>): void {
  const plain = secret['stringData'];
  delete secret['stringData'];
  if (!isMap(plain)) return;
  const encoded = Object.entries(plain).map(([key, value]) => [
    key,
    Buffer.from(typeof value === 'string' ? value : '').toString('base64'),
  ]);
  secret['data'] = { ...mapAt(secret, 'data'), ...(Object.fromEntries(encoded) as JsonObject) };
}

/** The merge key of a port holds its protocol: one that is left to the default, or null, would be another port at the next pass. */
function withProtocols(holder: JsonObject, key: string): JsonObject {
  const ports = holder[key];
  if (!Array.isArray(ports)) return holder;
  const full = (ports as readonly JsonValue[]).map((port) => {
    if (!isMap(port)) return port;
    const { protocol, ...rest } = port;
    return { protocol: protocol ?? 'TCP', ...rest };
  });
  return { ...holder, [key]: full };
}

/** Of a spec: its pod template, wherever it is, has no creation time and its ports have their protocol. */
function withoutTimes(spec: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...spec };
  for (const key of ['template', 'jobTemplate'] as const) {
    const template = result[key];
    if (isMap(template)) result[key] = cleanTemplate(template);
  }
  return podSpec(result);
}

function cleanTemplate(template: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...template };
  const metadata = template['metadata'];
  if (isMap(metadata) && metadata['creationTimestamp'] === null) {
    const { creationTimestamp: _time, ...kept } = metadata;
    result['metadata'] = kept;
  }
  const spec = template['spec'];
  if (isMap(spec)) result['spec'] = withoutTimes(spec);
  return result;
}

function podSpec(spec: Record<string, JsonValue>): JsonObject {
  for (const key of ['containers', 'initContainers'] as const) {
    const containers = spec[key];
    if (!Array.isArray(containers)) continue;
    spec[key] = (containers as readonly JsonValue[]).map((each) => (isMap(each) ? withProtocols(each, 'ports') : each));
  }
  return spec;
}
