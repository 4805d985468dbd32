import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { ClusterApplicationView, ClusterView } from '#contract';
import { api } from '../api/client.js';
import { cluster as clusterQuery } from '../api/queries.js';
import { Button } from '../ui/button.js';
import { TextField } from '../ui/field.js';
import { Card, Page } from '../ui/page.js';
import { StateMark } from '../ui/state-mark.js';
import { shortDigest } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { BundleDifference } from './bundle-difference.js';
import { compareApplications, compareFields, type ComparedApplication, type ComparedField } from './compare.js';
import { StatusMark } from './status-mark.js';
import { CLUSTER_SYNC_WORDS } from './sync-words.js';

const route = getRouteApi('/compare');

/** Two clusters side by side, what differs first. */
export function ComparePage() {
  const { a, b } = route.useSearch();
  const one = useQuery({ ...clusterQuery(a ?? ''), enabled: a !== undefined });
  const other = useQuery({ ...clusterQuery(b ?? ''), enabled: b !== undefined });
  const title = a !== undefined && b !== undefined ? `${a} and ${b}` : 'Compare two clusters';
  return (
    <Page title={title}>
      <Pick key={`${a ?? ''} ${b ?? ''}`} a={a} b={b} />
      {one.error && <Failed error={one.error} what={`cluster ${a ?? ''}`} onRetry={one.refetch} />}
      {other.error && <Failed error={other.error} what={`cluster ${b ?? ''}`} onRetry={other.refetch} />}
      {a === undefined || b === undefined ? (
        <Empty title="Choose two clusters">What they differ in is shown first.</Empty>
      ) : one.data && other.data ? (
        <Compared a={one.data} b={other.data} />
      ) : (
        !one.error && !other.error && <Loading what="both clusters" />
      )}
    </Page>
  );
}

const SUGGESTED = 1000;

function Pick({ a, b }: { readonly a: string | undefined; readonly b: string | undefined }) {
  const navigate = useNavigate();
  const [names, setNames] = useState({ a: a ?? '', b: b ?? '' });
  const known = useQuery({
    queryKey: ['cluster-names'],
    queryFn: ({ signal }) =>
      api.get<{ items: readonly { readonly name: string }[] }>('/api/v1/clusters', { limit: SUGGESTED }, signal),
    staleTime: 60_000,
    refetchInterval: false,
  });
  const go = (search: { a: string; b: string }): void => {
    navigate({ to: '/compare', search }).catch(() => undefined);
  };
  return (
    <form
      className="grid grid-cols-1 items-end gap-3 sm:grid-cols-[1fr_auto_1fr_auto]"
      onSubmit={(event) => {
        event.preventDefault();
        go(names);
      }}
    >
      <TextField
        label="First cluster"
        list="compared-clusters"
        data-filter
        required
        value={names.a}
        onChange={({ target }) => setNames({ ...names, a: target.value })}
      />
      <Button aria-label="Swap the two" onClick={() => go({ a: names.b, b: names.a })}>
        ⇄
      </Button>
      <TextField
        label="Second cluster"
        list="compared-clusters"
        required
        value={names.b}
        onChange={({ target }) => setNames({ ...names, b: target.value })}
      />
      <datalist id="compared-clusters">
        {known.data?.items.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Button type="submit" tone="primary">
        Compare
      </Button>
    </form>
  );
}

function Compared({ a, b }: { readonly a: ClusterView; readonly b: ClusterView }) {
  const applications = compareApplications(a.applications ?? [], b.applications ?? []);
  return (
    <>
      <Card title="Applications">
        {applications.length === 0 ? (
          <p className="text-muted">Neither runs an application.</p>
        ) : (
          <ul className="divide-line flex flex-col divide-y">
            {applications.map((each) => (
              <Application key={each.application} of={each} a={a.name} b={b.name} />
            ))}
          </ul>
        )}
      </Card>
      <Fields
        title="Agents"
        a={a.name}
        b={b.name}
        fields={compareFields(
          { status: a.status, agent: a.agentVersion ?? 'none' },
          { status: b.status, agent: b.agentVersion ?? 'none' },
        )}
      >
        <p className="flex flex-wrap gap-x-6 gap-y-1">
          {[a, b].map((each) => (
            <span key={each.name} className="flex flex-wrap gap-x-2">
              <Link to="/clusters/$name" params={{ name: each.name }} className="text-accent underline">
                {each.name}
              </Link>
              <StatusMark cluster={each} /> heard of <Time at={each.seenAt} />
            </span>
          ))}
        </p>
      </Fields>
      <Fields title="Labels" a={a.name} b={b.name} fields={compareFields(a.labels, b.labels)} />
      <Fields title="Facts" a={a.name} b={b.name} fields={compareFields(a.facts, b.facts)} />
    </>
  );
}

const DIFFERS_WORDS: Readonly<Record<ComparedApplication['differs'][number], string>> = {
  presence: 'on one of them only',
  release: 'another release',
  bundle: 'another bundle',
  health: 'another health',
  sync: 'one does not run what it is told',
};

function Application({
  of: { application, a, b, differs, bundles },
  a: nameA,
  b: nameB,
}: {
  readonly of: ComparedApplication;
  readonly a: string;
  readonly b: string;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li className="flex min-w-0 flex-col gap-2 py-3 first:pt-0 last:pb-0">
      <p className="flex flex-wrap items-baseline gap-x-3">
        <Link
          to="/applications/$name"
          params={{ name: application }}
          className="text-strong font-semibold break-all hover:underline"
        >
          {application}
        </Link>
        {differs.length === 0 ? (
          <span className="text-muted">the same on both</span>
        ) : (
          <span className="text-drifted font-medium">{differs.map((each) => DIFFERS_WORDS[each]).join(', ')}</span>
        )}
      </p>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <Side cluster={nameA} of={a} />
        <Side cluster={nameB} of={b} />
      </div>
      {bundles && (
        <details
          onToggle={({ currentTarget }) => {
            if (currentTarget.open) setOpen(true);
          }}
        >
          <summary className="text-accent min-h-11 py-3 sm:min-h-8 sm:py-1.5">
            In what the bundles differ, from {nameA} to {nameB}
          </summary>
          {isOpen && <BundleDifference application={application} {...bundles} />}
        </details>
      )}
    </li>
  );
}

function Side({ cluster, of }: { readonly cluster: string; readonly of: ClusterApplicationView | undefined }) {
  return (
    <div className="bg-raised flex min-w-0 flex-col gap-1 rounded-md p-3">
      <p className="text-muted break-all">{cluster}</p>
      {of === undefined ? (
        <p>does not run it</p>
      ) : (
        <>
          <p className="text-strong flex flex-wrap gap-x-3">
            <span>
              release {of.release ?? 'none'}, <code title={of.digest}>{shortDigest(of.digest)}</code>
            </span>
            <StateMark state={of.health} />
            <StateMark state={of.sync} word={CLUSTER_SYNC_WORDS[of.sync]} />
          </p>
          {of.message !== undefined && <p className="break-words">{of.message}</p>}
        </>
      )}
    </div>
  );
}

function Fields({
  title,
  a,
  b,
  fields,
  children,
}: {
  readonly title: string;
  readonly a: string;
  readonly b: string;
  readonly fields: readonly ComparedField[];
  readonly children?: ReactNode;
}) {
  const count = fields.filter(({ isSame }) => !isSame).length;
  return (
    <Card
      title={title}
      actions={
        <span className="text-muted">{count === 0 ? 'all the same' : `${count} of ${fields.length} differ`}</span>
      }
    >
      {children}
      {fields.length > 0 && (
        <table className="w-full table-fixed text-left">
          <caption className="sr-only">
            {title} of {a} and {b}
          </caption>
          <thead className="text-muted text-xs">
            <tr>
              <th scope="col" className="w-1/3 py-1 pr-2 font-medium">
                Name
              </th>
              <th scope="col" className="py-1 pr-2 font-medium break-all">
                {a}
              </th>
              <th scope="col" className="py-1 font-medium break-all">
                {b}
              </th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field) => (
              <FieldRow key={field.key} field={field} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function FieldRow({ field: { key, a, b, isSame } }: { readonly field: ComparedField }) {
  const value = (text: string | undefined) =>
    text === undefined ? <span className="text-muted font-normal">none</span> : text === '' ? '“”' : text;
  const cell = `py-1 pr-2 align-top break-words ${isSame ? '' : 'text-strong font-medium'}`;
  return (
    <tr className="border-line border-t">
      <th scope="row" className="py-1 pr-2 align-top font-normal break-words">
        {key}
        {!isSame && (
          <span className="text-drifted font-bold" title="differs">
            {' '}
            ≠<span className="sr-only"> differs</span>
          </span>
        )}
      </th>
      <td className={cell}>{value(a)}</td>
      <td className={cell}>{value(b)}</td>
    </tr>
  );
}
