import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { fleet, whoami } from '../api/queries.js';
import { useOfferActs } from '../shell/acts.js';
import { ActDialog, type Act } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Page } from '../ui/page.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { ApplicationLine, FreezeBanner, Holds } from './banners.js';
import { FilterBar } from './filter-bar.js';
import { withRequirement } from './fleet-filter.js';
import { FleetGrid } from './fleet-grid.js';
import { FleetMatrix } from './fleet-matrix.js';
import { likelyGroup } from './fleet-model.js';
import { FleetTable } from './fleet-table.js';
import { groupBy } from './grouping.js';
import { laggards } from './lag.js';
import { Legend } from './legend.js';
import { FLEET_VIEWS, type FleetSearch } from './search.js';
import { useFleetModel, useFleetSelection, useReleases } from './use-fleet.js';

const FREEZE: Act = {
  title: 'Freeze the fleet',
  verb: 'Freeze',
  path: '/api/v1/freeze',
  reason: 'required',
  isDangerous: true,
};
const UNFREEZE: Act = { title: 'Lift the freeze', verb: 'Lift', path: '/api/v1/unfreeze', reason: 'optional' };

/** Every cluster that one may see, in one picture. What is shown is the address's alone, so a link shows it to somebody else. */
export function FleetPage() {
  const search = useSearch({ from: '/fleet' });
  const navigate = useNavigate({ from: '/fleet' });
  const { query, model, version } = useFleetModel(search.application);
  const overview = useQuery(fleet);
  const me = useQuery(whoami);
  const [act, setAct] = useState<Act | null>(null);
  const { byNumber, newest } = useReleases(search.application, model);
  const { base, shown, states, notes, error } = useFleetSelection(model, version, search, newest);
  const isLate = search.lags === 'yes' && model.runs !== null;
  const view = search.view ?? 'grid';

  const group = search.group === 'none' ? undefined : (search.group ?? likelyGroup(model));
  const grouping = useMemo(() => groupBy(groupColumn(model.columns, group), shown, model.size), [model, group, shown]);
  const rows = useMemo(() => {
    // In step with the model's columns, which change in place.
    if (version < 0) return shown;
    return isLate ? laggards(model, shown, newest) : grouping.order;
  }, [isLate, model, shown, newest, grouping, version]);
  const late = useMemo(
    () => (version >= 0 && model.runs ? laggards(model, base, newest).length : 0),
    [model, base, newest, version],
  );

  const onSearch = useCallback(
    (changes: Partial<FleetSearch>) => {
      navigate({ search: (before) => ({ ...before, ...changes }), replace: true }).catch(() => undefined);
    },
    [navigate],
  );
  const onOpen = useCallback(
    (name: string, isAside = false) => {
      if (isAside) window.open(`/clusters/${encodeURIComponent(name)}`, '_blank', 'noopener');
      else navigate({ to: '/clusters/$name', params: { name }, search: {} }).catch(() => undefined);
    },
    [navigate],
  );
  const subjectOf = useCallback((release: number) => byNumber.get(release)?.subject, [byNumber]);
  const toGroup = useCallback(
    (value: string | undefined) => {
      if (group !== undefined) onSearch({ q: withRequirement(search.q ?? '', group, value) });
    },
    [group, onSearch, search.q],
  );
  const clear = () => onSearch({ q: undefined, state: undefined, release: undefined, lags: undefined, others: 'yes' });

  const freeze = overview.data?.freeze;
  const mayFreeze = me.data !== undefined && me.data.role !== 'viewer';
  const freezing = freeze ? UNFREEZE : FREEZE;
  useOfferActs(
    useMemo(
      () => [
        ...(mayFreeze ? [{ name: `${freezing.title} …`, run: () => setAct(freezing) }] : []),
        ...FLEET_VIEWS.map((each) => ({ name: `Show the fleet as a ${each}`, run: () => onSearch({ view: each }) })),
        { name: 'Show only what failed', run: () => onSearch({ state: 'failed' }) },
      ],
      [mayFreeze, freezing, onSearch],
    ),
  );

  if (query.isPending) return <Loading what="the fleet" />;
  if (query.error && model.size === 0)
    return (
      <Page title="Fleet">
        <Failed error={query.error} what="the fleet" onRetry={() => query.refetch()} />
        {search.application !== undefined && (
          <Link to="/fleet" search={{}} className="text-accent m-2 font-medium">
            Show the whole fleet
          </Link>
        )}
      </Page>
    );
  const applications = overview.data?.applications ?? [];
  const application = applications.find(({ name }) => name === search.application);
  return (
    <Page
      title="Fleet"
      beside={<Count shown={shown.length} all={model.size} />}
      actions={
        <>
          <Views view={view} />
          {mayFreeze && <Button onClick={() => setAct(freezing)}>{freeze ? 'Lift the freeze …' : 'Freeze …'}</Button>}
        </>
      }
    >
      {freeze && <FreezeBanner freeze={freeze} />}
      {query.error && <Failed error={query.error} what="this application’s clusters" onRetry={() => query.refetch()} />}
      {model.size === 0 ? (
        <Empty title="There is no cluster yet">
          <p>
            <Link to="/register" className="text-accent font-medium">
              Register the first one
            </Link>
            : a form that ends in one line to paste. If there should be some, your rights may not reach them.
          </p>
        </Empty>
      ) : (
        <>
          <Holds of={search.application === undefined ? applications : application ? [application] : []} />
          <FilterBar
            {...{ model, search, group, error, notes, onSearch }}
            applications={applications.map(({ name }) => name)}
          />
          {application && model.runs && (
            <ApplicationLine
              {...{ application, late, isLate }}
              newest={byNumber.get(newest)}
              onLate={(is) => onSearch({ lags: is ? 'yes' : undefined, ...(is && { view: 'table' }) })}
            />
          )}
          <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-2">
            <Legend model={model} places={base} chosen={states} onChoose={(state) => onSearch({ state })} />
            {search.release !== undefined && model.runs && (
              <Button onClick={() => onSearch({ release: undefined })}>Runs release {search.release} ×</Button>
            )}
          </div>
          {shown.length === 0 ? (
            <Empty title={isLate ? 'Nobody lags' : 'No cluster is like that'}>
              <Button onClick={clear}>Show all {model.size.toLocaleString()}</Button>
            </Empty>
          ) : view === 'grid' ? (
            <FleetGrid {...{ model, version, grouping, newest, subjectOf, onOpen }} onGroup={toGroup} />
          ) : view === 'table' ? (
            <FleetTable {...{ model, version, group, newest, isLate, subjectOf, onOpen }} places={rows} />
          ) : (
            <FleetMatrix
              {...{ model, version, grouping, onOpen }}
              releases={byNumber}
              onPick={(release, value) =>
                onSearch({
                  view: 'grid',
                  release: String(release),
                  ...(value !== null && group !== undefined && { q: withRequirement(search.q ?? '', group, value) }),
                })
              }
            />
          )}
        </>
      )}
      {act && <ActDialog act={act} onClose={() => setAct(null)} />}
    </Page>
  );
}

/** A key that no cluster has divides nothing: all are without it. */
function groupColumn(columns: ReadonlyMap<string, Parameters<typeof groupBy>[0]>, key: string | undefined) {
  if (key === undefined) return undefined;
  return columns.get(key) ?? { key, values: [], of: new Int16Array(0) };
}

function Count({ shown, all }: { readonly shown: number; readonly all: number }) {
  return (
    <span role="status" className="text-muted tabular-nums">
      {shown === all
        ? `${all.toLocaleString()} clusters`
        : `${shown.toLocaleString()} of ${all.toLocaleString()} clusters`}
    </span>
  );
}

function Views({ view }: { readonly view: (typeof FLEET_VIEWS)[number] }) {
  return (
    <nav aria-label="View" className="border-line bg-card flex rounded-md border">
      {FLEET_VIEWS.map((each) => (
        <Link
          key={each}
          from="/fleet"
          to="/fleet"
          search={(before) => ({ ...before, view: each })}
          replace
          aria-current={each === view ? 'true' : undefined}
          className={`flex min-h-11 items-center rounded-[5px] px-3 font-medium capitalize sm:min-h-[30px] ${each === view ? 'bg-raised text-strong' : 'text-muted hover:text-strong'}`}
        >
          {each}
        </Link>
      ))}
    </nav>
  );
}
