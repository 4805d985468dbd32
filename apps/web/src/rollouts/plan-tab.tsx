import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, type ReactNode } from 'react';
import type { DropView, RolloutView, TargetView } from '#contract';
import { release } from '../api/queries.js';
import { Copy } from '../ui/copy.js';
import { Card } from '../ui/page.js';
import { spanText } from '../ui/time.js';
import { bundleShares, namesText } from './bundle-shares.js';

/** What the rollout goes by: its waves with their budgets as numbers, who shares a bundle, what is deleted, what is warned of. */
export function PlanTab({
  rollout,
  targets,
}: {
  readonly rollout: RolloutView;
  readonly targets: readonly TargetView[];
}) {
  const { application, waves, drops = [], warnings, planDigest, author, deletionsAccepted } = rollout;
  const shares = useMemo(() => bundleShares(targets), [targets]);
  const numbers = [...new Set(shares.flatMap((share) => share.release ?? []))];
  const objects = useQueries({
    queries: numbers.map((number) => release(application, number)),
    combine: (made) =>
      new Map(made.flatMap(({ data }) => data?.overlays.map((overlay) => [overlay.digest, overlay.objects]) ?? [])),
  });
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {warnings.length > 0 && (
        <Card title="Warnings">
          <ul className="list-disc pl-5">
            {warnings.map((warning) => (
              <li key={warning} className="text-warn break-words">
                {warning}
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Card title="Plan">
        {planDigest && (
          <div className="flex flex-col gap-1">
            <p className="text-muted">Approvals are for exactly this:</p>
            <Copy text={planDigest} />
          </div>
        )}
        {author && (
          <p>
            Written by <span className="text-strong">{author}</span>, whose approval does not count.
          </p>
        )}
        <Scroll label="Waves">
          <thead>
            <Heads of={['Wave', 'Clusters', 'At once', 'May fail', 'May be away', 'Soak', 'Gates']} />
          </thead>
          <tbody>
            {waves.map(({ name, total, maxConcurrency, maxFailures, maxUnreachable, soak, gates = [] }) => (
              <tr key={name} className="border-line border-t">
                <th scope="row" className="text-strong py-1.5 pr-4 text-left font-medium">
                  {name}
                </th>
                {[total, maxConcurrency, maxFailures, maxUnreachable].map((number, index) => (
                  <td key={index} className="py-1.5 pr-4 tabular-nums">
                    {number}
                  </td>
                ))}
                <td className="py-1.5 pr-4">{soak ? spanText(soak.ms) : '–'}</td>
                <td className="py-1.5">{gates.map((gate) => `${gate.when}: ${gate.name}`).join(', ') || '–'}</td>
              </tr>
            ))}
          </tbody>
        </Scroll>
      </Card>
      <Card title={`Bundles (${shares.length})`}>
        <p className="text-muted">Clusters with the same digest get the same objects, byte for byte.</p>
        <Scroll label="Bundles">
          <thead>
            <Heads of={['Digest', 'Release', 'Clusters', 'Objects', 'Waves', 'Overlays', 'Shared by']} />
          </thead>
          <tbody>
            {shares.map(({ digest, release: number, clusters, waves: names, overlays }) => (
              <tr key={`${digest}-${number}`} className="border-line border-t align-top">
                <th scope="row" className="py-1.5 pr-4 text-left font-normal">
                  <code title={digest}>{digest.slice(0, 12)}</code>
                </th>
                <td className="py-1.5 pr-4 tabular-nums">{number ?? '–'}</td>
                <td className="text-strong py-1.5 pr-4 tabular-nums">{clusters.length}</td>
                <td className="py-1.5 pr-4 tabular-nums">{objects.get(digest) ?? '–'}</td>
                <td className="py-1.5 pr-4">{names.join(', ')}</td>
                <td className="py-1.5 pr-4 break-all">{namesText(overlays, 3)}</td>
                <td className="py-1.5 break-words">{namesText(clusters, 6)}</td>
              </tr>
            ))}
          </tbody>
        </Scroll>
      </Card>
      {drops.length > 0 && (
        <Card title="Deletes more than may go unasked">
          <p className={deletionsAccepted ? 'text-muted' : 'text-warn'}>
            {deletionsAccepted ? 'A person saw this and accepted it.' : 'It waits for a person to accept this.'}
          </p>
          <ul className="flex flex-col gap-3">
            {drops.map((drop) => (
              <Drop key={`${drop.from}-${drop.to}`} drop={drop} />
            ))}
          </ul>
        </Card>
      )}
      <p className="text-muted">
        What a next start would do is on{' '}
        <Link
          to="/applications/$name"
          params={{ name: application }}
          search={{ tab: 'plan' }}
          className="text-accent underline"
        >
          the page of {application}
        </Link>
        .
      </p>
    </div>
  );
}

function Drop({ drop }: { readonly drop: DropView }) {
  const { from, to, dropped, of, objects, budget, clusters, names } = drop;
  return (
    <li className="flex flex-col gap-1">
      <p>
        <span className="text-strong font-medium">
          {dropped} of {of} objects
        </span>
        {budget !== undefined && <> where {budget} may go</>}
        {clusters !== undefined && <> on {clusters} clusters</>}
        {names && names.length > 0 && <span className="text-muted"> ({namesText(names, 6)})</span>}:{' '}
        <code>{from.slice(0, 12)}</code> → <code>{to.slice(0, 12)}</code>
      </p>
      <ul className="list-disc pl-5">
        {objects.map((object) => (
          <li key={object} className="break-all">
            {object}
          </li>
        ))}
        {dropped > objects.length && <li>and {dropped - objects.length} more</li>}
      </ul>
    </li>
  );
}

/** A table that scrolls sideways where it does not fit, by keyboard too. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full min-w-max border-collapse sm:min-w-0">{children}</table>
    </div>
  );
}

export function Heads({ of }: { readonly of: readonly string[] }) {
  return (
    <tr>
      {of.map((heading) => (
        <th key={heading} scope="col" className="text-muted pr-4 pb-1 text-left text-xs font-medium whitespace-nowrap">
          {heading}
        </th>
      ))}
    </tr>
  );
}
