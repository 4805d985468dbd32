import type { PolicyFindingView } from '#contract';
import type { PolicyObject } from './reads.js';
import type { FindingsShown, PoliciesShown } from './search.js';

/** A policy as the list shows it. */
export interface PolicyRow {
  readonly policy: PolicyObject;
  /** Applications that it holds up now, and that it warns of now. */
  readonly refuses: readonly string[];
  readonly warns: readonly string[];
  /** When what it said last was mended; absent: it says something, or never did of late. */
  readonly quietSince?: string;
}

/** Pure: what each policy says now, by the findings of all of them. */
export function policyRows(
  policies: readonly PolicyObject[],
  findings: readonly PolicyFindingView[],
): readonly PolicyRow[] {
  const byPolicy = new Map<string, PolicyFindingView[]>();
  for (const finding of findings) byPolicy.set(finding.policy, [...(byPolicy.get(finding.policy) ?? []), finding]);
  return policies.map((policy) => {
    const mine = byPolicy.get(policy.metadata.name) ?? [];
    const standing = (outcome: string): readonly string[] => [
      ...new Set(mine.filter((each) => each.until === undefined && each.outcome === outcome).map(applicationOf)),
    ];
    const [refuses, warns] = [standing('refused'), standing('warned')];
    const ends = mine.flatMap(({ until }) => until ?? []).sort();
    const quietSince = refuses.length + warns.length === 0 ? ends.at(-1) : undefined;
    return { policy, refuses, warns, ...(quietSince !== undefined && { quietSince }) };
  });
}

const applicationOf = ({ application }: PolicyFindingView): string => application;

const IS_SHOWN: Readonly<Record<PoliciesShown, (row: PolicyRow) => boolean>> = {
  all: () => true,
  refusing: ({ refuses }) => refuses.length > 0,
  warning: ({ warns }) => warns.length > 0,
  quiet: ({ refuses, warns }) => refuses.length + warns.length === 0,
};

/** Pure: what a name, a kind, a rule or an application is a part of. */
export function chosenPolicies(
  rows: readonly PolicyRow[],
  { q, show }: { readonly q: string; readonly show: PoliciesShown },
): readonly PolicyRow[] {
  return rows.filter((row) => {
    const { metadata, spec } = row.policy;
    const words = [
      ...[metadata.name, spec.mode, ...spec.match.kinds, ...spec.rules.map(({ name }) => name)],
      ...[...row.refuses, ...row.warns],
    ];
    return IS_SHOWN[show](row) && hasWord(words, q);
  });
}

const IS_FOUND: Readonly<Record<FindingsShown, (finding: PolicyFindingView) => boolean>> = {
  all: () => true,
  refused: ({ outcome, until }) => until === undefined && outcome === 'refused',
  warned: ({ outcome, until }) => until === undefined && outcome === 'warned',
  over: ({ until }) => until !== undefined,
};

/** Pure: findings by application, rule, object or cluster. */
export function chosenFindings(
  findings: readonly PolicyFindingView[],
  { q, show }: { readonly q: string; readonly show: FindingsShown },
): readonly PolicyFindingView[] {
  return findings.filter(
    (finding) =>
      IS_FOUND[show](finding) &&
      hasWord([finding.application, finding.rule, ...finding.objects, ...finding.clusters], q),
  );
}

function hasWord(words: readonly string[], q: string): boolean {
  const wanted = q.trim().toLowerCase();
  return wanted === '' || words.some((word) => word.toLowerCase().includes(wanted));
}
