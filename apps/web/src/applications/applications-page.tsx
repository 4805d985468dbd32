import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { applications, fleet, rollouts } from '../api/queries.js';
import { barBox } from '../ui/field.js';
import { FilterBox, useTyped } from '../ui/filter-box.js';
import { Copy } from '../ui/copy.js';
import { Page } from '../ui/page.js';
import { StateBar } from '../ui/state-bar.js';
import { StateMark } from '../ui/state-mark.js';
import { Table, type Column } from '../ui/table.js';
import { counted, grouped, shortRevision } from '../ui/text.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { chosenRows, kindCounts, rowsOf, type ApplicationRow, type RolloutPart } from './application-rows.js';
import { SHOWN, type ApplicationsSearch, type Shown } from './search.js';

const KIND_WORDS: Readonly<Record<Shown, string>> = {
  all: 'All',
  failing: 'Failing somewhere',
  rolling: 'Rolling out',
  waiting: 'Held up',
};

/** Every application: how it is, what it runs, and what it waits for. */
export function ApplicationsPage() {
  const search = useSearch({ from: '/applications' });
  const typed = useTyped(search.q);
  const q = typed.text;
  const navigate = useNavigate();
  const objects = useQuery(applications);
  const seen = useQuery(fleet);
  const running = useQuery(rollouts());
  const rows = useMemo(
    () => rowsOf(objects.data ?? [], seen.data, running.data),
    [objects.data, seen.data, running.data],
  );
  const chosen = useMemo(() => chosenRows(rows, { q, show: search.show ?? 'all' }), [rows, q, search.show]);
  const look = (change: ApplicationsSearch): void => {
    navigate({ to: '/applications', search: { ...search, ...change }, replace: true }).catch(() => undefined);
  };
  const error = objects.error ?? seen.error;
  if (error && !objects.data)
    return (
      <Page title="Applications">
        <Failed error={error} what="the applications" onRetry={() => objects.refetch()} />
      </Page>
    );
  if (!objects.data || seen.isPending)
    return (
      <Page title="Applications">
        <Loading what="applications" />
      </Page>
    );
  if (rows.length === 0)
    return (
      <Page title="Applications">
        <Empty title="There are no applications yet">
          <p className="mb-3">A file with the kind Application says which folder of a source goes to which clusters.</p>
          <Copy text="flotilla apply -f application.yaml" />
        </Empty>
      </Page>
    );
  const counts = kindCounts(rows);
  return (
    <Page
      title="Applications"
      beside={
        <span className="text-muted" role="status">
          {chosen.length === rows.length
            ? counted(rows.length, 'application')
            : `${grouped(chosen.length)} of ${grouped(rows.length)}`}
        </span>
      }
    >
      <div className="flex flex-wrap gap-2">
        <FilterBox
          typed={typed}
          onText={(text) => look({ q: text })}
          label="Filter applications"
          placeholder="Filter by name, source, commit, rollout …"
        />
        <select
          aria-label="Which applications"
          value={search.show ?? 'all'}
          onChange={(event) => look({ show: event.target.value as Shown })}
          className={barBox}
        >
          {SHOWN.map((show) => (
            <option key={show} value={show}>
              {KIND_WORDS[show]} ({counts[show]})
            </option>
          ))}
        </select>
      </div>
      {chosen.length === 0 ? (
        <Empty title="No application is like that">
          <button type="button" className="text-accent min-h-11 underline" onClick={() => look({ q: '', show: 'all' })}>
            Show all of them
          </button>
        </Empty>
      ) : (
        <Table
          label="Applications"
          columns={COLUMNS}
          rows={chosen}
          keyOf={({ name }) => name}
          onOpen={({ name }) => {
            navigate({ to: '/applications/$name', params: { name } }).catch(() => undefined);
          }}
          maxHeight="75dvh"
        />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<ApplicationRow>[] = [
  {
    heading: 'Application',
    width: 'minmax(0,1.3fr)',
    cell: ({ name }) => (
      <Link to="/applications/$name" params={{ name }} className="text-strong font-medium hover:underline">
        {name}
      </Link>
    ),
  },
  {
    heading: 'Clusters by health',
    width: 'minmax(0,1.7fr)',
    cell: ({ health, clusters }) =>
      clusters === 0 ? <span className="text-muted">on no cluster</span> : <StateBar counts={health} />,
  },
  {
    heading: 'Release',
    width: '9rem',
    isMinor: true,
    cell: ({ release, revision }) =>
      release === null ? (
        <span className="text-muted">none yet</span>
      ) : (
        <>
          <span className="text-strong tabular-nums">{release}</span>{' '}
          <code className="text-muted text-xs">{shortRevision(revision)}</code>
        </>
      ),
  },
  {
    heading: 'Rollout',
    width: 'minmax(5.5rem,1.3fr)',
    cell: ({ rollout }) => (rollout ? <Rollout of={rollout} /> : <span className="text-muted">none</span>),
  },
  {
    heading: 'Waits for',
    width: 'minmax(0,2.4fr)',
    isMinor: true,
    cell: ({ waitsFor }) => <span title={waitsFor}>{waitsFor ?? ''}</span>,
  },
];

/** How far the newest rollout is, and a way to it. */
export function Rollout({ of: { id, state, paused, done, total } }: { readonly of: RolloutPart }) {
  const word = paused ? 'paused' : state;
  return (
    <Link to="/rollouts/$id" params={{ id }} className="inline-flex max-w-full items-center gap-2 hover:underline">
      <span className="hidden sm:inline">{id}</span>
      <StateMark state={word} />
      {state === 'running' && done !== undefined && (
        <span className="text-muted hidden tabular-nums sm:inline">
          {grouped(done)}/{grouped(total ?? 0)}
        </span>
      )}
    </Link>
  );
}
