import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { BundleDiff, ReleaseView } from '#contract';
import { Button } from '../ui/button.js';
import { counted, grouped } from '../ui/text.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { diffChoice } from './diff-choice.js';
import { DiffGroup } from './diff-group.js';
import { bundleDiff, places } from './reads.js';
import { commonest, placesOf } from './release-places.js';
import { ReleaseSelect } from './release-select.js';
import type { ApplicationSearch } from './search.js';

/** What changes between two releases, once for all clusters to which the same happens. */
export function DiffTab({
  name,
  releases,
  search,
  onLook,
}: {
  readonly name: string;
  readonly releases: UseQueryResult<ReleaseView[]>;
  readonly search: ApplicationSearch;
  readonly onLook: (change: ApplicationSearch) => void;
}) {
  const cells = useQuery(places(name));
  const common = useMemo(() => (cells.data ? commonest(placesOf(cells.data)) : undefined), [cells.data]);
  const isAsked = search.from !== undefined && search.to !== undefined;
  if (releases.error && !releases.data)
    return <Failed error={releases.error} what={`the releases of ${name}`} onRetry={() => releases.refetch()} />;
  // What is compared unless told depends on what runs; it should not be another thing a moment later.
  if (!releases.data || (!isAsked && cells.isPending)) return <Loading what="releases" />;
  const choice = diffChoice(
    releases.data.map(({ release }) => release),
    search,
    common,
  );
  if (!choice)
    return (
      <Empty title="There are no two releases to compare yet">
        {releases.data.length === 0 ? 'It has no release.' : 'It has one release; the next commit makes another.'}
      </Empty>
    );
  const { from, to } = choice;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div className="grid grid-cols-1 items-end gap-3 sm:grid-cols-[minmax(0,1fr)_auto_minmax(0,1fr)]">
        <ReleaseSelect
          label="From release"
          releases={releases.data}
          chosen={from}
          onChoose={(chosen) => onLook({ from: String(chosen), to: String(to) })}
        />
        <Button
          onClick={() => onLook({ from: String(to), to: String(from) })}
          aria-label={`Turn round: from release ${to} to ${from}`}
        >
          ⇄ <span className="sm:hidden">Turn round</span>
        </Button>
        <ReleaseSelect
          label="To release"
          releases={releases.data}
          chosen={to}
          onChoose={(chosen) => onLook({ from: String(from), to: String(chosen) })}
        />
      </div>
      {from === to ? <Empty title="That is the same release twice" /> : <Between name={name} from={from} to={to} />}
    </div>
  );
}

function Between({ name, from, to }: { readonly name: string; readonly from: number; readonly to: number }) {
  const diff = useQuery(bundleDiff(name, String(from), String(to)));
  if (diff.error && !diff.data)
    return (
      <Failed error={diff.error} what={`what changes from release ${from} to ${to}`} onRetry={() => diff.refetch()} />
    );
  if (!diff.data) return <Loading what={`what changes from release ${from} to ${to}`} />;
  const { groups, same, more } = diff.data;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <p role="status">{summary(diff.data)}</p>
      {groups.length === 0 && (
        <Empty title="Nothing changes">
          Every overlay is byte for byte the same in both releases; no cluster would be told anything new.
        </Empty>
      )}
      {groups.map((group, index) => (
        <DiffGroup
          key={`${group.from} ${group.to}`}
          group={group}
          isFirst={index === 0}
          application={name}
          releases={{ from, to }}
        />
      ))}
      {(more > 0 || (groups.length > 0 && same > 0)) && (
        <p className="text-muted">
          {more > 0 &&
            `${counted(more, 'more pair')} of bundles differ and were not looked at, as there are too many. `}
          {groups.length > 0 && same > 0 && `${counted(same, 'overlay')} are the same in both.`}
        </p>
      )}
    </div>
  );
}

function summary({ groups, from, to }: BundleDiff): string {
  if (groups.length === 0) return `Release ${from ?? ''} and ${to ?? ''} are the same.`;
  const clusters = groups.reduce((sum, group) => sum + group.clusters, 0);
  const kinds = groups.length === 1 ? 'One change' : `${grouped(groups.length)} different changes`;
  return `${kinds} from release ${from ?? ''} to ${to ?? ''}, for ${counted(clusters, 'cluster')}.`;
}
