import { useMemo } from 'react';
import type { ReleaseView } from '#contract';
import { StateShape } from '../ui/state-mark.js';
import { Time } from '../ui/time.js';
import { Empty } from '../ui/words.js';
import { STATE_WORDS } from '../ui/states.js';
import type { FleetModel } from './fleet-model.js';
import type { Grouping } from './grouping.js';
import { matrixOf } from './matrix.js';

/** So many clusters have a column each; more are counted by group. */
const OWN_COLUMN = 60;
const MAX_GROUPS = 120;

/** Which commit runs where: a row for each release, the newest on top, a column for each cluster or each group of them. */
export function FleetMatrix({
  model,
  version,
  grouping,
  releases,
  onPick,
  onOpen,
}: {
  readonly model: FleetModel;
  readonly version: number;
  readonly grouping: Grouping;
  readonly releases: ReadonlyMap<number, ReleaseView>;
  readonly onPick: (release: number, group: string | undefined | null) => void;
  readonly onOpen: (name: string) => void;
}) {
  const byCluster = grouping.order.length <= OWN_COLUMN;
  const shown = useMemo(
    () => ({ ...(byCluster ? eachAlone(model, grouping) : firstGroups(grouping)), version }),
    [model, grouping, byCluster, version],
  );
  const matrix = useMemo(() => matrixOf(model, shown, [...releases.keys()].slice(0, 3)), [model, shown, releases]);
  if (!model.runs)
    return <Empty title="Choose an application">Then you see which commit runs on which clusters.</Empty>;
  if (matrix.releases.length === 0)
    return <Empty title="None of these clusters runs it">No release of it is there.</Empty>;
  const groupLabel = (value: string | undefined): string => value ?? (grouping.key ? `without ${grouping.key}` : 'all');
  const left = grouping.groups.length - shown.groups.length;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div
        className="border-line bg-card max-h-[75dvh] overflow-auto rounded-lg border"
        tabIndex={0}
        role="region"
        aria-label="Which release runs where"
      >
        <table className="min-w-full border-separate border-spacing-0 text-sm">
          <thead>
            <tr>
              <th
                scope="col"
                className="bg-card border-line text-muted sticky top-0 left-0 z-20 w-44 min-w-44 border-r border-b p-2 text-left align-bottom text-xs font-medium sm:w-80 sm:min-w-80"
              >
                Release, newest first
              </th>
              {shown.groups.map(({ value, from, count }) => {
                const state = byCluster ? model.stateOf(shown.order[from] ?? 0) : undefined;
                return (
                  <th
                    key={value ?? ' '}
                    scope="col"
                    className="bg-card border-line sticky top-0 z-10 border-b p-1 align-bottom text-xs font-medium"
                  >
                    {byCluster && value !== undefined ? (
                      <button
                        type="button"
                        title={`Open ${value}`}
                        className="hover:bg-raised text-strong mx-auto flex min-w-7 flex-col items-center gap-1 rounded p-1"
                        onClick={() => onOpen(value)}
                      >
                        <span className="max-h-40 truncate [writing-mode:vertical-rl]">{value}</span>
                        <StateShape state={state ?? 'none'} size={12} />
                        <span className="sr-only">{state && STATE_WORDS[state]}</span>
                      </button>
                    ) : (
                      <span className="text-strong flex min-w-14 flex-col items-center">
                        <span className="max-w-28 truncate" title={groupLabel(value)}>
                          {groupLabel(value)}
                        </span>
                        <span className="text-muted font-normal">{count.toLocaleString()}</span>
                      </span>
                    )}
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {matrix.releases.map((release, row) => {
              const commit = releases.get(release);
              return (
                <tr key={release}>
                  <th
                    scope="row"
                    className="bg-card border-line sticky left-0 z-10 max-w-44 min-w-44 border-r border-b p-2 text-left font-normal sm:max-w-80 sm:min-w-80"
                  >
                    <span className="flex items-baseline gap-2">
                      <span className="text-strong font-semibold tabular-nums">{release}</span>
                      <span className="text-strong min-w-0 truncate" title={commit?.subject}>
                        {commit?.subject ?? 'a release that is no longer listed'}
                      </span>
                    </span>
                    <span className="text-muted flex flex-wrap gap-x-2 text-xs">
                      {commit && (
                        <>
                          <span className="truncate">{commit.author.replace(/\s*<.*>$/, '')}</span>
                          <Time at={commit.committedAt} />
                        </>
                      )}
                      {commit?.barred && <span className="text-failed font-medium">barred</span>}
                      <span>
                        {matrix.total(row) === 0 ? 'runs nowhere here' : `on ${matrix.total(row).toLocaleString()}`}
                      </span>
                    </span>
                  </th>
                  {shown.groups.map(({ value, count }, column) => (
                    <MatrixCell
                      key={value ?? ' '}
                      runs={matrix.runs(row, column)}
                      coming={matrix.coming(row, column)}
                      of={count}
                      isOne={byCluster}
                      what={`release ${release} on ${groupLabel(value)}`}
                      onPick={() => (byCluster ? onOpen(value ?? '') : onPick(release, grouping.key ? value : null))}
                    />
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className="text-muted">
        {byCluster ? 'A column for each cluster: ' : 'A column for each group: how many '}
        <Mark isFilled /> {byCluster ? 'it runs the release' : 'run the release'}, <Mark />{' '}
        {byCluster ? 'it is told to, and does not yet.' : 'are told to, and do not yet.'}
        {left > 0 && ` ${left.toLocaleString()} more groups are left out: group by what has fewer values.`}
        {matrix.more > 0 && ` ${matrix.more} older releases are left out.`}
      </p>
    </div>
  );
}

function Mark({ isFilled = false }: { readonly isFilled?: boolean }) {
  return (
    <span
      aria-hidden="true"
      className={`border-progressing inline-block size-2.5 rounded-full border-2 align-baseline ${isFilled ? 'bg-progressing' : ''}`}
    />
  );
}

function MatrixCell({
  runs,
  coming,
  of,
  isOne,
  what,
  onPick,
}: {
  readonly runs: number;
  readonly coming: number;
  readonly of: number;
  readonly isOne: boolean;
  readonly what: string;
  readonly onPick: () => void;
}) {
  if (runs === 0 && coming === 0) return <td className="border-line border-b" />;
  return (
    <td className="border-line relative border-b p-0.5 text-center tabular-nums">
      {/* How much of the group it is. */}
      {!isOne && runs > 0 && (
        <span aria-hidden="true" className="bg-raised absolute inset-x-2 bottom-1 h-1 rounded-full">
          <span
            className="bg-progressing block h-1 rounded-full"
            style={{ width: `${Math.max(3, Math.round((runs / of) * 100))}%` }}
          />
        </span>
      )}
      <button
        type="button"
        className="hover:bg-raised/60 text-strong relative inline-flex min-h-8 w-full min-w-7 items-center justify-center gap-1 rounded px-1"
        onClick={onPick}
      >
        {runs > 0 && (
          <span>
            {isOne ? <Mark isFilled /> : runs.toLocaleString()}
            <span className="sr-only"> {isOne ? `runs ${what}` : `run ${what}`}</span>
          </span>
        )}
        {coming > 0 && (
          <span className="text-muted flex items-center gap-0.5 text-xs">
            <Mark /> {!isOne && coming.toLocaleString()}
            <span className="sr-only"> told {what}, and not yet running it</span>
          </span>
        )}
      </button>
    </td>
  );
}

function eachAlone(model: FleetModel, { order, at }: Grouping): Grouping {
  const groups = [...order].map((place, index) => ({ value: model.names[place], from: index, count: 1 }));
  return { key: 'cluster', groups, order, at };
}

/** All that fit as columns: the largest, in their own order. */
function firstGroups(grouping: Grouping): Grouping {
  if (grouping.groups.length <= MAX_GROUPS) return grouping;
  const least = [...grouping.groups].sort((a, b) => b.count - a.count)[MAX_GROUPS - 1]?.count ?? 0;
  return { ...grouping, groups: grouping.groups.filter(({ count }) => count >= least).slice(0, MAX_GROUPS) };
}
