import type { DropView } from '#contract';
import { Card } from '../ui/page.js';
import { counted, grouped, namesText, shortDigest } from '../ui/text.js';
import { Notice } from '../ui/notice.js';

/** What is deleted where, object by object; what is over the budget stands first, as nothing begins before somebody accepts it. */
export function PlannedDrops({
  drops,
  excessive,
}: {
  readonly drops: readonly DropView[];
  readonly excessive: readonly DropView[];
}) {
  if (drops.length === 0) return null;
  const over = new Set(excessive.map(keyOf));
  const sorted = [...drops].sort((a, b) => Number(over.has(keyOf(b))) - Number(over.has(keyOf(a))));
  return (
    <Card title="Deletions">
      {excessive.length > 0 && (
        <Notice tone="warn" title="It deletes more than the budget allows">
          <p>A rollout of it would hold before its first cluster is told anything, until somebody accepts that.</p>
        </Notice>
      )}
      <ul className="flex flex-col gap-3">
        {sorted.map((drop) => (
          <li key={keyOf(drop)} className="flex min-w-0 flex-col gap-1">
            <p className="text-strong">
              <strong>{grouped(drop.dropped)}</strong> of {counted(drop.of, 'object')}
              {drop.clusters !== undefined && ` on ${counted(drop.clusters, 'cluster')}`}
              {drop.budget !== undefined && (
                <span className={over.has(keyOf(drop)) ? 'text-danger' : 'text-muted'}>
                  {' '}
                  · {grouped(drop.budget)} may go without being asked
                </span>
              )}
            </p>
            <ul className="flex flex-wrap gap-1.5">
              {drop.objects.map((object) => (
                <li key={object} className="bg-raised rounded px-1.5 py-0.5 font-mono text-xs break-all">
                  <span className="text-failed font-bold">−</span> {object}
                </li>
              ))}
              {drop.dropped > drop.objects.length && (
                <li className="text-muted">and {grouped(drop.dropped - drop.objects.length)} more</li>
              )}
            </ul>
            <p className="text-muted text-xs break-words">
              <code>{shortDigest(drop.from)}</code> → <code>{shortDigest(drop.to)}</code>
              {drop.names && drop.names.length > 0 && `: ${namesText(drop.names, drop.clusters)}`}
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

const keyOf = ({ from, to }: DropView): string => `${from} ${to}`;
