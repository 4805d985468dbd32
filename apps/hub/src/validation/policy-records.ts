import type { Finding } from '#domain';
import type { Checked } from './check-members.js';

/** Objects and clusters that are named of those that a rule was about. */
const NAMED = 3;
/** Most records of one application, and for how long one is kept that does not stand any more, ms. */
const MAX_RECORDS = 40;
const KEPT_MS = 30 * 86_400_000;

/** What one rule of a policy says of an application. */
export interface PolicyFinding {
  /** `policy/images/no-latest`. */
  readonly rule: string;
  /** `refused`: there is no release because of it. */
  readonly outcome: 'refused' | 'warned';
  readonly message: string;
  /** Titles of the first few; how many there are, as far as they were counted. */
  readonly objects: readonly string[];
  readonly objectCount: number;
  readonly clusters: readonly string[];
  readonly clusterCount: number;
}

/** The same with its time: kept with the application, also after it was mended. */
export interface PolicyRecord extends PolicyFinding {
  readonly since: number;
  /** When it was no more; absent: it stands. */
  readonly until?: number;
}

/** Pure: what policies found, by rule. What is released already is only told, whatever the policy's mode. */
export function policyFindings(
  checked: readonly Checked[],
  isNew: (checked: Checked) => boolean,
): readonly PolicyFinding[] {
  const rules = new Map<string, { first: Finding; refused: boolean; objects: Set<string>; clusters: Set<string> }>();
  for (const each of checked) {
    const refuses = isNew(each);
    for (const finding of each.findings) {
      const refused = refuses && finding.severity === 'refuse';
      const found = rules.get(finding.rule) ?? {
        ...{ first: finding, refused: false, objects: new Set<string>(), clusters: new Set<string>() },
      };
      found.refused ||= refused;
      found.objects.add(finding.object);
      for (const { name } of each.clusters) found.clusters.add(name);
      rules.set(finding.rule, found);
    }
  }
  return [...rules].map(([rule, { first, refused, objects, clusters }]) => ({
    ...{ rule, outcome: refused ? 'refused' : 'warned', message: first.message },
    ...{ objects: [...objects].slice(0, NAMED), objectCount: objects.size },
    ...{ clusters: [...clusters].sort().slice(0, NAMED), clusterCount: clusters.size },
  }));
}

/** Pure: what is kept after a check. What stands keeps since when it does, what is gone has ended now, and old ends are dropped. */
export function recordPolicies(
  before: readonly PolicyRecord[],
  found: readonly PolicyFinding[],
  now: number,
): readonly PolicyRecord[] {
  const old = new Map(before.map((record) => [record.rule, record]));
  const standing = found.map((finding): PolicyRecord => {
    const same = old.get(finding.rule);
    const stood = same !== undefined && same.until === undefined && same.outcome === finding.outcome;
    return { ...finding, since: stood ? same.since : now };
  });
  const rules = new Set(found.map(({ rule }) => rule));
  const ended = before
    .filter(({ rule, until = now }) => !rules.has(rule) && now - until < KEPT_MS)
    .map((record): PolicyRecord => ({ ...record, until: record.until ?? now }))
    .sort((a, b) => (b.until ?? 0) - (a.until ?? 0));
  return [...standing, ...ended].slice(0, MAX_RECORDS);
}
