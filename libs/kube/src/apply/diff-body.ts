import type { JsonObject, JsonValue } from '#domain';
import { decoded, isSealed, isSecret, type MarkValue, type SecretMask } from './mask-secret.js';
import { isMap, mapAt } from './object-ref.js';

/** What the API server writes by itself, and what kubectl copies of a whole object. */
const SERVER_METADATA = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** An object as a person compares it, with marks in place of whatever is secret. */
export function diffBody(object: JsonObject, masks: readonly SecretMask[], mark: MarkValue): JsonObject {
  const { status: _status, ...rest } = object;
  const metadata: Record<string, JsonValue> = { ...mapAt(object, 'metadata') };
  for (const field of SERVER_METADATA) delete metadata[field];
  const { [LAST_APPLIED]: _applied, ...annotations } = mapAt(metadata, 'annotations');
  if (Object.keys(annotations).length > 0) metadata['annotations'] = annotations;
  else delete metadata['annotations'];
  const shown: JsonObject = { ...rest, metadata };
  const marked = isSecret(object) ? withMarks(shown, mark) : isSealed(object) ? withoutValues(shown, mark) : shown;
  return masks.reduce<JsonValue>((body, mask) => mask.hideIn(body, mark), marked) as JsonObject;
}

/** What was encrypted as a whole may be secret anywhere. */
function withoutValues({ apiVersion, kind, metadata, ...fields }: JsonObject, mark: MarkValue): JsonObject {
  const marked = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(marked);
    if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, marked(each)]));
    return mark(JSON.stringify(value));
  };
  return {
    apiVersion: apiVersion ?? '',
    kind: kind ?? '',
    metadata: metadata ?? {},
    ...(marked(fields) as JsonObject),
  };
}

function withMarks(secret: JsonObject, mark: MarkValue): JsonObject {
  const result: Record<string, JsonValue> = { ...secret };
  for (const field of ['data', 'stringData']) {
    const values = secret[field];
    if (values === undefined || values === null) continue;
    // What is no map is no Secret that the API server would take, and hides its values all the same.
    if (!isMap(values)) result[field] = mark(JSON.stringify(values));
    else {
      result[field] = Object.fromEntries(
        Object.entries(values).map(([key, value]) => {
          const text = typeof value === 'string' ? value : JSON.stringify(value);
          return [key, mark(field === 'data' ? decoded(text) : text)];
        }),
      );
    }
  }
  return result;
}
