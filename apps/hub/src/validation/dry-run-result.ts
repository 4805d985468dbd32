import type { DryRunAnswer } from '#contract';
import type { StoredCluster } from '#ports';
import { clustersText } from './findings-text.js';

/** Most answers that differ which a refusal has the words of. */
const MAX_ANSWERS = 3;

/** What became of asking a cluster; an answer is one that refuses something. */
export interface Tried {
  readonly cluster: Pick<StoredCluster, 'name'>;
  readonly outcome: 'taken' | 'silent' | 'late' | 'offline' | 'unable' | DryRunAnswer;
}

export interface DryRunResult {
  /** What clusters refuse, each answer with those who gave it, in one sentence; null: nothing. */
  readonly refusal: string | null;
  /** Clusters that did not answer, and those that were not asked. */
  readonly warnings: readonly string[];
}

/** Why clusters were not asked, as it is told of so many. */
const NOT_ASKED = {
  late: 'for want of time',
  offline: 'offline',
  unable: 'with an agent that does not tell what its cluster serves',
} as const;

/** Joins what the clusters of a first wave said. */
export function dryRunResult(tried: readonly Tried[]): DryRunResult {
  const answers = new Map<string, { readonly answer: DryRunAnswer; readonly clusters: Tried['cluster'][] }>();
  for (const { cluster, outcome } of tried) {
    if (typeof outcome === 'string') continue;
    const key = JSON.stringify([outcome.refused, outcome.more]);
    const found = answers.get(key) ?? { answer: outcome, clusters: [] };
    found.clusters.push(cluster);
    answers.set(key, found);
  }
  const sorted = [...answers.values()].sort((a, b) => b.clusters.length - a.clusters.length);
  const [first, ...others] = sorted.slice(0, MAX_ANSWERS).map(({ answer, clusters }, index) => {
    const whose = clustersText(clusters);
    return index === 0
      ? `${whose} refused it when it was tried: ${answerText(answer)}`
      : `${whose.replace(/^C/, 'c')}: ${answerText(answer)}`;
  });
  const rest = sorted.slice(MAX_ANSWERS).reduce((sum, { clusters }) => sum + clusters.length, 0);
  const more = rest === 0 ? [] : [`and ${rest} more clusters refused it for other reasons`];
  return {
    refusal: first === undefined ? null : [first, ...others, ...more].join('; '),
    warnings: [...silentText(tried), ...notAskedText(tried)],
  };
}

function answerText({ refused, more }: DryRunAnswer): string {
  const [first] = refused;
  if (first === undefined) return '';
  const { kind, namespace, name, message } = first;
  const count = refused.length + more - 1;
  const others = count > 0 ? ` and ${count} more ${count === 1 ? 'object' : 'objects'}` : '';
  const title = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  return `${title}: ${message.replace(/\.$/, '')} (rule dry-run)${others}`;
}

function silentText(tried: readonly Tried[]): readonly string[] {
  const silent = tried.filter(({ outcome }) => outcome === 'silent').map(({ cluster }) => cluster);
  return silent.length === 0 ? [] : [`${clustersText(silent)} did not answer whether it would take the release`];
}

function notAskedText(tried: readonly Tried[]): readonly string[] {
  const reasons = (['late', 'offline', 'unable'] as const).map((outcome) => ({
    why: NOT_ASKED[outcome],
    clusters: tried.filter((each) => each.outcome === outcome).map(({ cluster }) => cluster),
  }));
  const left = reasons.flatMap(({ clusters }) => clusters);
  if (left.length === 0) return [];
  const told = reasons.filter(({ clusters }) => clusters.length > 0);
  const why = told.map(({ why: each, clusters }) => `${clusters.length} ${each}`).join(', ');
  return [`${clustersText(left)} could not be asked whether it would take the release (${why})`];
}
