import { assertNever, type Selector, type SelectorExpression } from '#domain';

const FACT = 'fact.';

/** Collects a statement's parameters and hands out their places. */
export class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/**
 * The selector as a condition over clusters `c`, meaning exactly what #domain's matchesSelector means, so that pages are cut by
 * the database. Labels by matchLabels use the GIN index; the rest filters rows (10,000 clusters in about 10 ms).
 */
export function selectorToSql(selector: Selector, parameters: Parameters): string {
  const labels: Record<string, string> = {};
  const conditions: string[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (key.startsWith(FACT)) conditions.push(`${valueOf(key, parameters)} = ${parameters.add(value)}`);
    else labels[key] = value;
  }
  if (Object.keys(labels).length > 0) conditions.push(`c.labels @> ${parameters.add(JSON.stringify(labels))}::jsonb`);
  for (const expression of selector.matchExpressions ?? []) conditions.push(expressionToSql(expression, parameters));
  return conditions.length === 0 ? 'true' : conditions.map((each) => `(${each})`).join(' and ');
}

function expressionToSql({ key, operator, values = [] }: SelectorExpression, parameters: Parameters): string {
  const value = valueOf(key, parameters);
  switch (operator) {
    case 'In':
      return `${value} = any(${parameters.add(values)}::text[])`;
    case 'NotIn':
      // As in Kubernetes, an absent key is not in any list.
      return `${value} is null or ${value} <> all(${parameters.add(values)}::text[])`;
    case 'Exists':
      return `${value} is not null`;
    case 'DoesNotExist':
      return `${value} is null`;
    default:
      return assertNever(operator, 'selector operator');
  }
}

/** A fact goes before a label that happens to bear its prefixed key. */
function valueOf(key: string, parameters: Parameters): string {
  const label = `c.labels ->> ${parameters.add(key)}::text`;
  if (!key.startsWith(FACT)) return `(${label})`;
  return `coalesce(c.facts ->> ${parameters.add(key.slice(FACT.length))}::text, ${label})`;
}
