import type { JsonObject } from '../json.js';
import { mapOf } from './schema-document.js';

/** `Deployment shop/web`, as people call it. */
export function titleOf(object: JsonObject): string {
  const { name, namespace } = mapOf(object['metadata']) as Readonly<Record<string, unknown>>;
  const [kind, own] = [object['kind'], name].map((each) => (typeof each === 'string' ? each.slice(0, 253) : '?'));
  return `${kind} ${typeof namespace === 'string' ? `${namespace.slice(0, 63)}/` : ''}${own}`;
}
