import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import type { PlanView as Plan, ReleaseView } from '#contract';
import type { ApplicationObject } from '../api/queries.js';
import { PlanView } from '../plan/plan-view.js';
import { Button } from '../ui/button.js';
import { SelectField } from '../ui/field.js';
import { Notice } from '../ui/notice.js';
import { shortDigest } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { plan, strategies } from './reads.js';
import { ReleaseSelect } from './release-select.js';
import type { ApplicationSearch } from './search.js';
import { StartDialog } from './start-dialog.js';

/** What a start would do, and the start: of that very plan or of none. */
export function PlanTab({
  name,
  object,
  releases,
  search,
  onLook,
  denied,
}: {
  readonly name: string;
  readonly object: ApplicationObject;
  readonly releases: UseQueryResult<ReleaseView[]>;
  readonly search: ApplicationSearch;
  readonly onLook: (change: ApplicationSearch) => void;
  /** Why the person may not start it; null: they may. */
  readonly denied: string | null;
}) {
  const known = useQuery(strategies);
  if (releases.error && !releases.data)
    return <Failed error={releases.error} what={`the releases of ${name}`} onRetry={() => releases.refetch()} />;
  if (!releases.data) return <Loading what="releases" />;
  const newest = releases.data[0]?.release;
  if (newest === undefined)
    return <Empty title="There is nothing to plan">It has no release yet; a commit to its source makes one.</Empty>;
  const own = object.spec.strategy;
  const names = new Set([own, ...(known.data?.items ?? []).map(({ metadata }) => metadata.name)]);
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:max-w-4xl">
        <ReleaseSelect
          label="Release"
          releases={releases.data}
          chosen={Number(search.release ?? newest)}
          onChoose={(chosen) => onLook({ release: String(chosen) })}
        />
        <SelectField
          label="Strategy"
          value={search.strategy ?? own}
          onChange={(event) => onLook({ strategy: event.target.value === own ? undefined : event.target.value })}
        >
          {[...names].map((each) => (
            <option key={each} value={each}>
              {each}
              {each === own ? ' (its own)' : ''}
            </option>
          ))}
        </SelectField>
      </div>
      <Planned
        key={`${search.release ?? ''} ${search.strategy ?? ''}`}
        name={name}
        own={own}
        release={search.release}
        strategy={search.strategy}
        denied={denied}
      />
    </div>
  );
}

function Planned({
  name,
  own,
  release,
  strategy,
  denied,
}: {
  readonly name: string;
  readonly own: string;
  readonly release: string | undefined;
  readonly strategy: string | undefined;
  readonly denied: string | null;
}) {
  const planned = useQuery(plan(name, release, strategy));
  const [starting, setStarting] = useState<Plan | null>(null);
  const [changed, setChanged] = useState<{ readonly from: string; readonly to: string } | null>(null);
  const planAgain = (seen: string): void => {
    planned
      .refetch()
      .then(({ data }) => setChanged(data && data.digest !== seen ? { from: seen, to: data.digest } : null))
      .catch(() => undefined);
  };
  if (planned.error && !planned.data)
    return <Failed error={planned.error} what={`the plan of ${name}`} onRetry={() => planned.refetch()} />;
  if (!planned.data) return <Loading what="the plan" />;
  const { data } = planned;
  const why = whyNoStart(data, own, denied);
  return (
    <div className="flex min-w-0 flex-col gap-4" aria-busy={planned.isFetching}>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button tone="primary" disabled={why !== null} onClick={() => setStarting(data)}>
          Start …
        </Button>
        <Button onClick={() => planAgain(data.digest)} isBusy={planned.isFetching}>
          Plan again
        </Button>
        <p className="text-muted min-w-0 flex-1 basis-60" role="status">
          {why ?? (
            <>
              Planned <Time at={new Date(planned.dataUpdatedAt).toISOString()} />. A start takes this very plan, or is
              refused if it is another one by then.
            </>
          )}
        </p>
      </div>
      {changed && (
        <Notice tone="warn" title="The plan is another one now">
          <p>
            <code>{shortDigest(changed.from)}</code> became <code>{shortDigest(changed.to)}</code>: clusters, labels,
            bundles, budgets or gates changed meanwhile. What is below is the new one.
          </p>
        </Notice>
      )}
      <PlanView plan={data} />
      {starting && (
        <StartDialog
          plan={starting}
          onClose={() => setStarting(null)}
          onChanged={() => {
            setStarting(null);
            planAgain(starting.digest);
          }}
        />
      )}
    </div>
  );
}

function whyNoStart({ refused, strategy }: Plan, own: string, denied: string | null): string | null {
  if (denied !== null) return denied;
  if (strategy !== own)
    return `A start goes by the application's own strategy, ${own}; this is what ${strategy} would do.`;
  return refused ? refused.message : null;
}
