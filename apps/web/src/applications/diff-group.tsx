import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { BundledObjectDiff, BundleDiffGroup } from '#contract';
import { DiffText } from '../ui/diff-text.js';
import { diffCounts, diffLines } from '../ui/diff-lines.js';
import { counted, grouped, namesText, shortDigest } from '../ui/text.js';

/** So few objects are shown at once without a click. */
const OPEN_AT_ONCE = 3;

/** One change, told once for all that have it. */
export function DiffGroup({
  group,
  isFirst,
  application,
  releases,
}: {
  readonly group: BundleDiffGroup;
  readonly isFirst: boolean;
  readonly application: string;
  readonly releases: { readonly from: number; readonly to: number };
}) {
  const { clusters, names, overlays, objects, unchanged, more } = group;
  const title = clusters === 0 ? 'No cluster' : counted(clusters, 'cluster');
  return (
    <section className="border-line bg-card min-w-0 rounded-lg border" aria-label={`Change for ${title}`}>
      <header className="border-line flex min-w-0 flex-col gap-1 border-b p-3 sm:p-4">
        <div className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
          <h3>{title}</h3>
          <span className="text-muted">{sizeText(group)}</span>
          <Digests group={group} />
        </div>
        {names.length > 0 && (
          <p className="break-words">
            {namesText(names, clusters)}{' '}
            {clusters > names.length && (
              <Link
                to="/fleet"
                search={{ application, release: String(releases.from) }}
                className="text-accent whitespace-nowrap underline"
              >
                clusters on release {releases.from}
              </Link>
            )}
          </p>
        )}
        <p className="text-muted text-xs break-words">
          {counted(overlays.length, 'overlay')}: <code>{namesText(overlays.slice(0, 6), overlays.length)}</code>
        </p>
      </header>
      <ul className="divide-line flex min-w-0 flex-col divide-y">
        {objects.map((object) => (
          <li key={object.object} className="min-w-0">
            <ObjectDiff of={object} isOpenAtFirst={isFirst && objects.length <= OPEN_AT_ONCE} />
          </li>
        ))}
      </ul>
      {(more > 0 || unchanged > 0) && (
        <p className="border-line text-muted border-t p-3 sm:px-4">
          {more > 0 && `${counted(more, 'more object')} differ and are not shown. `}
          {unchanged > 0 && `${counted(unchanged, 'object')} the same in both.`}
        </p>
      )}
    </section>
  );
}

function sizeText({ objects, more, pairs }: BundleDiffGroup): string {
  const count = (change: BundledObjectDiff['change']): number =>
    objects.filter((each) => each.change === change).length;
  const parts = (['added', 'changed', 'removed'] as const)
    .filter((change) => count(change) > 0)
    .map((change) => `${grouped(count(change))} ${change}`);
  if (more > 0) parts.push(`${grouped(more)} more`);
  if (pairs > 1) parts.push(`${grouped(pairs)} pairs of bundles`);
  return parts.join(', ');
}

function Digests({ group: { from, to, pairs } }: { readonly group: BundleDiffGroup }) {
  return (
    <span className="text-muted text-xs sm:ml-auto">
      {pairs > 1 && 'such as '}
      {from === null ? 'nothing' : <code title={from}>{shortDigest(from)}</code>} →{' '}
      {to === null ? 'nothing' : <code title={to}>{shortDigest(to)}</code>}
    </span>
  );
}

const MARKS = {
  added: { sign: '+', ink: 'text-healthy' },
  removed: { sign: '−', ink: 'text-failed' },
  changed: { sign: '~', ink: 'text-drifted' },
} as const;

/** Folded, with how much of it changes; what is inside is made only once it is opened. */
function ObjectDiff({ of, isOpenAtFirst }: { readonly of: BundledObjectDiff; readonly isOpenAtFirst: boolean }) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const { sign, ink } = MARKS[of.change];
  const { added, removed } = diffCounts(diffLines(of.diff));
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="hover:bg-raised flex min-h-11 min-w-0 list-none flex-wrap items-center gap-x-2 px-3 py-2 sm:min-h-9 sm:px-4">
        <span aria-hidden="true" className="text-muted w-3">
          {isOpen ? '▾' : '▸'}
        </span>
        <span aria-hidden="true" className={`${ink} w-4 text-center font-mono font-bold`}>
          {sign}
        </span>
        <code className="text-strong min-w-0 break-all">{of.object}</code>
        <span className="text-muted">{of.change}</span>
        <span className="ml-auto font-mono text-xs tabular-nums">
          <span className="text-healthy">+{grouped(added)}</span>{' '}
          <span className="text-failed">−{grouped(removed)}</span>
        </span>
      </summary>
      {isOpen && (
        <div className="min-w-0 px-3 pb-3 sm:px-4">
          <DiffText diff={of.diff} label={of.object} isCut={of.cut === true} />
        </div>
      )}
    </details>
  );
}
