import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { applications, whoami } from '../api/queries.js';
import { useOfferActs } from '../shell/acts.js';
import { Page } from '../ui/page.js';
import { Table, type Column } from '../ui/table.js';
import { Time } from '../ui/time.js';
import { Failed, Loading } from '../ui/words.js';
import { outlineOf } from './outline.js';
import { mayWriteStrategies, strategies, type StrategyObject } from './reads.js';
import { NEW_STRATEGY } from './search.js';

interface Row {
  readonly strategy: StrategyObject;
  readonly usedBy: readonly string[];
}

const LINK = 'text-accent underline';

const COLUMNS: readonly Column<Row>[] = [
  {
    heading: 'Name',
    width: 'minmax(8rem,1fr)',
    cell: ({ strategy: { metadata } }) => (
      <Link to="/strategies/$name" params={{ name: metadata.name }} className={LINK}>
        {metadata.name}
      </Link>
    ),
  },
  {
    heading: 'Waves',
    width: 'minmax(8rem,3fr)',
    cell: ({ strategy }) => (
      <span title={wavesText(strategy)}>
        <span className="text-strong">{strategy.spec.waves.length}</span>{' '}
        <span className="text-muted">{wavesText(strategy)}</span>
      </span>
    ),
  },
  {
    heading: 'On failure',
    width: '7rem',
    isMinor: true,
    cell: ({ strategy: { spec } }) => spec.onFailure ?? 'pause',
  },
  {
    heading: 'Used by',
    width: 'minmax(6rem,2fr)',
    cell: ({ usedBy }) =>
      usedBy.length === 0 ? (
        <span className="text-muted">nothing</span>
      ) : (
        <span title={usedBy.join(', ')}>
          {usedBy.slice(0, 5).map((name, index) => (
            <span key={name}>
              {index > 0 && ', '}
              <Link to="/applications/$name" params={{ name }} className={LINK}>
                {name}
              </Link>
            </span>
          ))}
          {usedBy.length > 5 && ` and ${usedBy.length - 5} more`}
        </span>
      ),
  },
  {
    heading: 'Changed',
    width: '8rem',
    isMinor: true,
    cell: ({ strategy: { metadata } }) =>
      metadata.updatedAt === undefined ? <span className="text-muted">shipped</span> : <Time at={metadata.updatedAt} />,
  },
];

function wavesText(strategy: StrategyObject): string {
  return outlineOf(strategy)
    .map(({ name, take }) => (take.startsWith('all') ? name : `${name} ${take}`))
    .join(' → ');
}

/** In which waves releases go out, and who goes out so. */
export function StrategiesPage() {
  const me = useQuery(whoami);
  const all = useQuery(strategies);
  const apps = useQuery(applications);
  const navigate = useNavigate();
  const mayWrite = mayWriteStrategies(me.data);
  const rows = useMemo(() => {
    const users = new Map<string, string[]>();
    for (const { metadata, spec } of apps.data ?? [])
      users.set(spec.strategy, [...(users.get(spec.strategy) ?? []), metadata.name]);
    return (all.data ?? []).map((strategy): Row => ({ strategy, usedBy: users.get(strategy.metadata.name) ?? [] }));
  }, [all.data, apps.data]);
  const open = (name: string): void =>
    void navigate({ to: '/strategies/$name', params: { name } }).catch(() => undefined);
  useOfferActs(
    useMemo(
      () =>
        mayWrite
          ? [
              {
                name: 'Write a new strategy',
                run: () =>
                  void navigate({ to: '/strategies/$name', params: { name: NEW_STRATEGY } }).catch(() => undefined),
              },
            ]
          : [],
      [mayWrite, navigate],
    ),
  );
  return (
    <Page
      title="Strategies"
      actions={
        <Link
          to="/strategies/$name"
          params={{ name: NEW_STRATEGY }}
          className="bg-accent text-on-accent inline-flex min-h-11 items-center rounded-md px-3 font-medium hover:brightness-110 sm:min-h-8"
        >
          New strategy
        </Link>
      }
    >
      {all.error && !all.data && <Failed error={all.error} what="strategies" onRetry={() => all.refetch()} />}
      {all.isPending && <Loading what="strategies" />}
      {all.data && (
        <Table
          label="Strategies"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ strategy }) => strategy.metadata.name}
          onOpen={({ strategy }) => open(strategy.metadata.name)}
        />
      )}
      <p className="text-muted max-w-prose">
        A strategy says in which waves a release goes out, and what must be true before and after each. A rollout keeps
        the one that it started with.
      </p>
    </Page>
  );
}
