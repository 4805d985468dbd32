import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useMemo, useState, type ComponentProps } from 'react';
import type { ClusterView } from '#contract';
import { parseSelector } from '#domain/label-selector-text';
import { SelectField, TextField } from '../ui/field.js';
import { Page } from '../ui/page.js';
import { Table, type Column } from '../ui/table.js';
import { counted, grouped } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { LabelChips } from './label-chips.js';
import { STATUSES, type ClustersSearch } from './search.js';
import { HealthMark, STATUS_WORDS, StatusMark } from './status-mark.js';
import { useClusters } from './use-clusters.js';

const route = getRouteApi('/clusters');

/** Every cluster of the fleet, found by name, labels, facts and status. */
export function ClustersPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const parsed = parseSelector(search.q ?? '');
  const { clusters, isWhole, isStale, error, retry } = useClusters(search, parsed.ok);
  const wanted = useDeferredValue(search.name?.toLowerCase() ?? '');
  const rows = useMemo(() => (clusters ?? []).filter(({ name }) => name.includes(wanted)), [clusters, wanted]);
  const set = (change: ClustersSearch): void => {
    navigate({ to: '/clusters', search: { ...search, ...change }, replace: true }).catch(() => undefined);
  };
  const choose = (name: string): void =>
    setChosen((all) => (all.includes(name) ? all.filter((each) => each !== name) : [...all.slice(-1), name]));
  const columns = useMemo(() => columnsOf(chosen, choose), [chosen]);
  const isFiltered = Boolean(search.q ?? search.name ?? search.status);
  return (
    <Page
      title="Clusters"
      beside={
        clusters && (
          <p role="status" className="text-muted">
            {isFiltered ? `${grouped(rows.length)} found` : counted(rows.length, 'cluster')}
            {!isWhole && ', reading on …'}
          </p>
        )
      }
      actions={
        <>
          <CompareLink chosen={chosen} />
          <Link
            to="/register"
            className="border-line bg-card text-strong hover:bg-raised inline-flex min-h-11 items-center rounded-md border px-3 font-medium sm:min-h-8"
          >
            Register a cluster
          </Link>
        </>
      }
    >
      <search className="grid grid-cols-1 gap-3 sm:grid-cols-[minmax(10rem,1fr)_minmax(14rem,2fr)_10rem]">
        <FilterField
          label="Name"
          data-filter
          placeholder="a part of it"
          value={search.name ?? ''}
          onValue={(name) => set({ name: name || undefined })}
        />
        <FilterField
          label="Labels and facts"
          placeholder="env=prod,region in (eu,us),fact.provider=aws"
          value={search.q ?? ''}
          onValue={(q) => set({ q: q || undefined })}
          {...(!parsed.ok && { error: parsed.message })}
        />
        <SelectField
          label="Status"
          value={search.status ?? ''}
          onChange={({ target }) => set({ status: STATUSES.find((each) => each === target.value) })}
        >
          <option value="">any</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {STATUS_WORDS[each]}
            </option>
          ))}
        </SelectField>
      </search>
      {error ? (
        <Failed error={error} what="the clusters" onRetry={retry} />
      ) : !clusters ? (
        parsed.ok && <Loading what="the clusters" />
      ) : rows.length === 0 && !isFiltered ? (
        <Empty title="No cluster yet">
          <Link to="/register" className="text-accent underline">
            Register one
          </Link>
          : it ends in a line to paste where kubectl points at it.
        </Empty>
      ) : rows.length === 0 ? (
        <Empty title={isWhole ? 'No cluster is like that' : 'None yet'}>
          {isWhole
            ? 'Labels and facts are asked of the hub as kubectl -l writes them; facts begin with fact. as in fact.region=eu.'
            : 'The rest is being read.'}
        </Empty>
      ) : (
        <div className={isStale ? 'opacity-60' : ''} aria-busy={isStale}>
          <Table
            label="Clusters"
            columns={columns}
            rows={rows}
            keyOf={({ name }) => name}
            onOpen={({ name }) => {
              navigate({ to: '/clusters/$name', params: { name } }).catch(() => undefined);
            }}
          />
        </div>
      )}
    </Page>
  );
}

function columnsOf(chosen: readonly string[], choose: (name: string) => void): readonly Column<ClusterView>[] {
  return [
    {
      heading: 'Compare',
      width: '4.5rem',
      isMinor: true,
      cell: ({ name }) => (
        <span className="grid size-6 place-items-center">
          <input
            type="checkbox"
            className="accent-accent size-4.5"
            aria-label={`Compare ${name}`}
            checked={chosen.includes(name)}
            onChange={() => choose(name)}
          />
        </span>
      ),
    },
    {
      heading: 'Name',
      width: 'minmax(8rem,2fr)',
      cell: ({ name }) => (
        <Link
          to="/clusters/$name"
          params={{ name }}
          className="text-strong block truncate py-1 font-medium hover:underline"
        >
          {name}
        </Link>
      ),
    },
    { heading: 'Status', width: 'minmax(8rem,1fr)', cell: (cluster) => <StatusCell cluster={cluster} /> },
    {
      heading: 'Applications',
      width: 'minmax(7rem,1fr)',
      isMinor: true,
      cell: (cluster) => <HealthMark cluster={cluster} />,
    },
    {
      heading: 'Labels',
      width: 'minmax(10rem,4fr)',
      isMinor: true,
      cell: ({ labels }) => <LabelChips labels={labels} most={5} isOneLine />,
    },
    { heading: 'Agent', width: '6rem', isMinor: true, cell: ({ agentVersion }) => agentVersion ?? '' },
    { heading: 'Heard of', width: '7rem', isMinor: true, cell: ({ seenAt }) => <Time at={seenAt} /> },
  ];
}

function CompareLink({ chosen }: { readonly chosen: readonly string[] }) {
  const [a, b] = chosen;
  const look = 'inline-flex min-h-11 items-center rounded-md px-3 font-medium sm:min-h-8';
  if (a === undefined || b === undefined)
    return (
      <span className={`${look} text-muted hidden sm:inline-flex`} role="status">
        {a === undefined ? '' : `${a} and one more to compare …`}
      </span>
    );
  return (
    <Link to="/compare" search={{ a, b }} className={`${look} bg-accent text-on-accent`}>
      Compare {a} and {b}
    </Link>
  );
}

/** On a phone, which has no column for it, trouble with applications is said in the place of a status that is none. */
function StatusCell({ cluster }: { readonly cluster: ClusterView }) {
  const isInTrouble = cluster.status === 'ready' && (cluster.health === 'failed' || cluster.health === 'refused');
  if (!isInTrouble) return <StatusMark cluster={cluster} />;
  return (
    <>
      <span className="hidden sm:inline">
        <StatusMark cluster={cluster} />
      </span>
      <span className="sm:hidden">
        <HealthMark cluster={cluster} />
      </span>
    </>
  );
}

/** What is written shows at once; the address, which the list follows, a moment later. */
function FilterField({
  value,
  onValue,
  ...rest
}: Omit<ComponentProps<typeof TextField>, 'onChange' | 'value'> & {
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <TextField
      {...rest}
      type="search"
      value={draft ?? value}
      onBlur={() => setDraft(null)}
      onChange={({ target }) => {
        setDraft(target.value);
        onValue(target.value);
      }}
    />
  );
}
