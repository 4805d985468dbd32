import type { ClusterIdentity, Labels } from './cluster.js';
import { assertNever } from './assert-never.js';

export type SelectorOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

export interface SelectorExpression {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values?: readonly string[];
}

/** As Kubernetes' LabelSelector; a key with the prefix `fact.` looks at the cluster's facts. Empty: everything. */
export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly SelectorExpression[];
}

/** The labels and, under `fact.<key>`, the facts of a cluster: what a selector looks at. */
export function selectable(cluster: Pick<ClusterIdentity, 'labels' | 'facts'>): Labels {
  const merged: Record<string, string> = { ...cluster.labels };
  for (const [key, value] of Object.entries(cluster.facts)) merged[`fact.${key}`] = value;
  return merged;
}

/** Whether all of the selector's requirements hold; as in Kubernetes, NotIn also matches an absent key. */
export function matchesSelector(selector: Selector, labels: Labels): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!Object.hasOwn(labels, key) || labels[key] !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((expression) => matchesExpression(expression, labels));
}

function matchesExpression({ key, operator, values = [] }: SelectorExpression, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return assertNever(operator, 'selector operator');
  }
}
