import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Copy } from '../ui/copy.js';
import { barBox } from '../ui/field.js';
import { FilterBox, useTyped } from '../ui/filter-box.js';
import { Page } from '../ui/page.js';
import { StateMark } from '../ui/state-mark.js';
import { Table, type Column } from '../ui/table.js';
import { counted, grouped } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { chosenPolicies, policyRows, type PolicyRow } from './policy-rows.js';
import { policies, policyFindings } from './reads.js';
import { POLICIES_SHOWN, type PoliciesSearch, type PoliciesShown } from './search.js';

const SHOWN_WORDS: Readonly<Record<PoliciesShown, string>> = {
  all: 'All',
  refusing: 'Refusing something now',
  warning: 'Warning of something now',
  quiet: 'With nothing to say',
};

const COLUMNS: readonly Column<PolicyRow>[] = [
  {
    heading: 'Policy',
    width: 'minmax(6rem,1fr)',
    cell: ({ policy: { metadata } }) => (
      <Link to="/policies/$name" params={{ name: metadata.name }} className="text-accent underline">
        {metadata.name}
      </Link>
    ),
  },
  { heading: 'Mode', width: '5rem', isMinor: true, cell: ({ policy }) => policy.spec.mode },
  {
    heading: 'Kinds',
    width: 'minmax(6rem,1.5fr)',
    isMinor: true,
    cell: ({ policy: { spec } }) => {
      const kinds = spec.match.kinds.map((kind) => (kind === '*' ? 'every kind' : kind)).join(', ');
      return <span title={kinds}>{kinds}</span>;
    },
  },
  {
    heading: 'Rules',
    width: 'minmax(6rem,1.5fr)',
    isMinor: true,
    cell: ({ policy: { spec } }) => {
      const rules = spec.rules.map(({ name }) => name).join(', ');
      return <span title={rules}>{rules}</span>;
    },
  },
  { heading: 'Says now', width: 'minmax(9rem,1.5fr)', cell: (row) => <Says row={row} /> },
  {
    heading: 'Changed',
    width: '7rem',
    isMinor: true,
    cell: ({ policy }) => <Time at={policy.metadata.updatedAt} />,
  },
];

function Says({ row: { refuses, warns, quietSince } }: { readonly row: PolicyRow }) {
  if (refuses.length + warns.length === 0)
    return (
      <span className="text-muted">
        nothing{quietSince !== undefined && <span className="hidden sm:inline">, mended </span>}
        {quietSince !== undefined && (
          <span className="hidden sm:inline">
            <Time at={quietSince} />
          </span>
        )}
      </span>
    );
  return (
    <span className="inline-flex gap-3" title={[...refuses, ...warns].join(', ')}>
      {refuses.length > 0 && <StateMark state="failed" word={`refuses ${grouped(refuses.length)}`} />}
      {warns.length > 0 && <StateMark state="drifted" word={`warns ${grouped(warns.length)}`} />}
    </span>
  );
}

/** What the hub wants of every object, and where that is in the way now. */
export function PoliciesPage() {
  const search = useSearch({ from: '/policies' });
  const navigate = useNavigate();
  const typed = useTyped(search.q);
  const q = typed.text;
  const all = useQuery(policies);
  const found = useQuery(policyFindings());
  const rows = useMemo(() => policyRows(all.data ?? [], found.data ?? []), [all.data, found.data]);
  const chosen = chosenPolicies(rows, { q, show: search.show ?? 'all' });
  const look = (change: PoliciesSearch): void => {
    navigate({ to: '/policies', search: { ...search, ...change }, replace: true }).catch(() => undefined);
  };
  // To whom policies are not shown the list is empty: it is the findings that say so.
  const error = found.data ? null : (found.error ?? (all.data ? null : all.error));
  if (error)
    return (
      <Page title="Policies">
        <Failed error={error} what="policies" onRetry={() => Promise.all([all.refetch(), found.refetch()])} />
      </Page>
    );
  if (!all.data || !found.data)
    return (
      <Page title="Policies">
        <Loading what="policies" />
      </Page>
    );
  if (rows.length === 0)
    return (
      <Page title="Policies">
        <Empty title="There are no policies: everything may be rolled out">
          <p className="mb-3">
            A file with the kind Policy says what every object of some kinds must be like, such as an image with a
            version; whatever is not is refused before the first cluster, or warned of.
          </p>
          <Copy text="flotilla apply -f policy.yaml" />
        </Empty>
      </Page>
    );
  return (
    <Page
      title="Policies"
      beside={
        <span className="text-muted" role="status">
          {chosen.length === rows.length
            ? rows.length === 1
              ? '1 policy'
              : `${grouped(rows.length)} policies`
            : `${grouped(chosen.length)} of ${grouped(rows.length)}`}
        </span>
      }
    >
      <div className="flex flex-wrap gap-2">
        <FilterBox
          typed={typed}
          onText={(text) => look({ q: text })}
          label="Filter policies"
          placeholder="Filter by name, kind, rule, application …"
        />
        <select
          aria-label="Which policies"
          value={search.show ?? 'all'}
          onChange={(event) => look({ show: event.target.value as PoliciesShown })}
          className={barBox}
        >
          {POLICIES_SHOWN.map((show) => (
            <option key={show} value={show}>
              {SHOWN_WORDS[show]} ({chosenPolicies(rows, { q: '', show }).length})
            </option>
          ))}
        </select>
      </div>
      {chosen.length === 0 ? (
        <Empty title="No policy is like that">
          <button type="button" className="text-accent min-h-11 underline" onClick={() => look({ q: '', show: 'all' })}>
            Show all of them
          </button>
        </Empty>
      ) : (
        <Table
          label="Policies"
          columns={COLUMNS}
          rows={chosen}
          keyOf={({ policy }) => policy.metadata.name}
          onOpen={({ policy }) => {
            navigate({ to: '/policies/$name', params: { name: policy.metadata.name } }).catch(() => undefined);
          }}
        />
      )}
      <p className="text-muted max-w-prose">
        Every object is held to them before it becomes a release. What is released already is never taken back: it is
        told{found.data.length >= 2000 ? `; the first ${counted(2000, 'finding')} are shown` : ''}.
      </p>
    </Page>
  );
}
