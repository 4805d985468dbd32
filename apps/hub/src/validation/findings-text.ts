import type { Finding } from '#domain';
import type { Checked } from './check-members.js';

/** Most sentences that one check makes. */
const MAX_SENTENCES = 10;

/** `Cluster "eu-1" and 2 more`. */
export function clustersText(clusters: readonly { readonly name: string }[]): string {
  const more = clusters.length > 1 ? ` and ${clusters.length - 1} more` : '';
  return `Cluster "${clusters[0]?.name ?? ''}"${more}`;
}

/** One sentence with object, field and rule. */
export function findingText({ object, field, message, rule }: Finding): string {
  return `${object}${field === undefined ? '' : `, ${field}`}: ${message} (rule ${rule})`;
}

/** What clusters would refuse, in one sentence; null: nothing. */
export function refusalText(checked: readonly Checked[]): string | null {
  const refusing = checked.flatMap(({ clusters, findings }) => {
    const refused = findings.filter(({ severity }) => severity === 'refuse');
    const [first] = refused;
    return first === undefined ? [] : [{ clusters, first, count: refused.length }];
  });
  const [one] = refusing;
  if (one === undefined) return null;
  const others = one.count > 1 ? `; and ${one.count - 1} more of that bundle` : '';
  const elsewhere = refusing.length > 1 ? `; and ${refusing.length - 1} more bundles or clusters` : '';
  return `${clustersText(one.clusters)} would not take it: ${findingText(one.first)}${others}${elsewhere}`;
}

/** What is only to be told, each thing once however many clusters it is of. */
export function warningTexts(checked: readonly Checked[], demoted: boolean): readonly string[] {
  const texts = new Map<string, { readonly name: string }[]>();
  for (const { clusters, findings } of checked) {
    for (const finding of findings) {
      if (finding.severity === 'refuse' && !demoted) continue;
      const text = findingText(finding);
      texts.set(text, [...(texts.get(text) ?? []), ...clusters]);
    }
  }
  const all = [...texts].map(([text, clusters]) => `${clustersText(clusters)}: ${text}`);
  const rest = all.length - MAX_SENTENCES;
  return rest > 0 ? [...all.slice(0, MAX_SENTENCES), `and ${rest} more findings`] : all;
}
