import { RejectedError } from '#kit';

import type { ClusterPlan } from './simulate.js';

export interface PlanOptions {
  readonly count: number;
  /** Names are this, a dash and a number; `sim` unless told. */
  readonly prefix?: string;
  /** `KEY=VALUE` or `KEY=VALUE:WEIGHT,VALUE:WEIGHT…`: the weights say how many clusters get which value. */
  readonly labels?: readonly string[];
}

interface Spread {
  readonly key: string;
  readonly values: readonly { readonly value: string; readonly weight: number }[];
}

const regions = [
  ['aws', 'eu-central-1'],
  ['aws', 'us-east-1'],
  ['gce', 'europe-west4'],
  ['gce', 'us-central1'],
  ['azure', 'westeurope'],
] as const;

function parseLabel(text: string): Spread {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(0, equals));
  const values = text
    .slice(equals + 1)
    .split(',')
    .map((each) => {
      const [, value = '', weight] = /^([^:]*)(?::(\d+))?$/.exec(each) ?? [];
      return { value, weight: weight === undefined ? 1 : Number(weight) };
    });
  if (key === '' || values.some(({ value, weight }) => value === '' || weight === 0)) {
    throw new RejectedError(
      'simulator-label',
      `--label ${JSON.stringify(text)} must be KEY=VALUE, or KEY=VALUE:WEIGHT,VALUE:WEIGHT such as env=dev:1,staging:3,prod:16.`,
    );
  }
  return { key, values };
}

/** The values in proportion, the same for the same number: the first clusters get the first value. */
function valueFor(spread: Spread, at: number, count: number): string {
  const total = spread.values.reduce((sum, { weight }) => sum + weight, 0);
  let until = 0;
  for (const { value, weight } of spread.values) {
    until += weight;
    if (at < Math.round((until * count) / total)) return value;
  }
  return spread.values.at(-1)?.value ?? '';
}

/** @throws RejectedError for a label that can't be read. */
export function planClusters({ count, prefix = 'sim', labels = [] }: PlanOptions): ClusterPlan[] {
  const spreads = labels.map(parseLabel);
  const digits = Math.max(3, String(count).length);
  return Array.from({ length: count }, (_, at) => {
    const [provider, region] = regions[at % regions.length] ?? regions[0];
    return {
      name: `${prefix}-${String(at + 1).padStart(digits, '0')}`,
      labels: Object.fromEntries(spreads.map((spread) => [spread.key, valueFor(spread, at, count)])),
      make: { provider: `${provider}://`, nodeLabels: { 'topology.kubernetes.io/region': region } },
    };
  });
}
