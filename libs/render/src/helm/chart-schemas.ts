import type { JsonValue } from '#domain';
import { isObject } from './parse-printed.js';

const schema = /(^|\/)values\.schema\.json$/;

/** What Helm has with it. */
const bundled = /^https?:\/\/json-schema\.org\/(draft-0[467]|draft\/20(19-09|20-12))\/schema#?$/;

/** A schema of a chart's values that refers to what is not in it. */
export interface OutsideSchema {
  /** Path below the chart. */
  readonly file: string;
  /** `https://example.org/schema.json` */
  readonly reference: string;
}

/**
 * Finds the schemas that Helm would fetch parts of, or read from wherever a `file:` URL points. A chart's author can't do much about
 * those of others, so they are left out rather than a reason to refuse the chart.
 */
export function findOutsideSchemas(files: ReadonlyMap<string, Buffer>): readonly OutsideSchema[] {
  const found: OutsideSchema[] = [];
  for (const [file, content] of files) {
    if (!schema.test(file)) continue;
    let document: JsonValue;
    try {
      document = JSON.parse(content.toString('utf8')) as JsonValue;
    } catch {
      // Helm says what is wrong with it.
      continue;
    }
    const reference = outsideOf(document);
    if (reference !== null) found.push({ file, reference });
  }
  return found;
}

function outsideOf(document: JsonValue): string | null {
  const ids = new Set<string>();
  const references = new Set<string>();
  const pending: JsonValue[] = [document];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) pending.push(...(value as readonly JsonValue[]));
    else if (isObject(value)) {
      for (const [key, each] of Object.entries(value)) {
        if (typeof each !== 'string') pending.push(each);
        else if (key === '$id' || key === 'id') ids.add(each);
        else if (/^\$(ref|dynamicRef|recursiveRef|schema)$/.test(key)) references.add(each);
      }
    }
  }
  const outside = [...references].find(
    (each) => !each.startsWith('#') && !bundled.test(each) && !ids.has(each.replace(/#.*$/, '')),
  );
  return outside ?? null;
}
