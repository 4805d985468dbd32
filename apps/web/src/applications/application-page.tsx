import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { fleet, releases, rollouts, why } from '../api/queries.js';
import { useOfferActs } from '../shell/acts.js';
import { ActDialog } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Page } from '../ui/page.js';
import { Sentence } from '../ui/sentence.js';
import { StateBar } from '../ui/state-bar.js';
import { Tabs } from '../ui/tabs.js';
import { shortRevision } from '../ui/text.js';
import { Failed, Loading } from '../ui/words.js';
import { rowsOf, type ApplicationRow } from './application-rows.js';
import { Rollout } from './applications-page.js';
import { DiffTab } from './diff-tab.js';
import { PlanTab } from './plan-tab.js';
import { application } from './reads.js';
import { ReleasesTab } from './releases-tab.js';
import { RollbackDialog } from './rollback-dialog.js';
import type { ApplicationSearch } from './search.js';
import { SpecTab } from './spec-tab.js';
import { useMay } from './use-may.js';

const TABS = [
  ['releases', 'Releases'],
  ['diff', 'Difference'],
  ['plan', 'Plan and start'],
  ['spec', 'Spec and source'],
] as const;

/** One application: why it is as it is, its releases and where they run, what changes between them, and the next rollout. */
export function ApplicationPage() {
  const { name } = useParams({ from: '/applications/$name' });
  const object = useQuery(application(name));
  if (object.error && !object.data)
    return (
      <Page title={name}>
        <Failed error={object.error} what={`application ${name}`} onRetry={() => object.refetch()} />
      </Page>
    );
  if (!object.data)
    return (
      <Page title={name}>
        <Loading what={name} />
      </Page>
    );
  return <Known key={name} name={name} object={object.data} />;
}

type Open = { readonly act: 'rollback'; readonly rollout: string } | { readonly act: 'lift'; readonly release: number };

function Known({ name, object }: { readonly name: string; readonly object: Parameters<typeof rowsOf>[0][number] }) {
  const search = useSearch({ from: '/applications/$name' });
  const navigate = useNavigate();
  const reason = useQuery(why('application', name));
  const seen = useQuery(fleet);
  const past = useQuery(rollouts(name));
  const released = useQuery(releases(name));
  const denied = useMay('operator', name);
  const [open, setOpen] = useState<Open | null>(null);
  const row = useMemo(() => rowsOf([object], seen.data, past.data)[0], [object, seen.data, past.data]);
  const newest = past.data?.find(({ id }) => id === row?.rollout?.id);
  const canRollBack = newest !== undefined && newest.kind !== 'rollback' && newest.state !== 'rolledBack';
  const tab = search.tab ?? 'releases';
  const look = (change: ApplicationSearch): void => {
    navigate({ to: '/applications/$name', params: { name }, search: { ...search, ...change } }).catch(() => undefined);
  };
  const rolledBack = canRollBack ? newest.id : undefined;
  useOfferActs(
    useMemo(
      () => [
        {
          name: `Plan the next rollout of ${name}`,
          run: () => {
            navigate({ to: '/applications/$name', params: { name }, search: { tab: 'plan' } }).catch(() => undefined);
          },
        },
        ...(rolledBack !== undefined && denied === null
          ? [{ name: `Roll ${name} back`, run: () => setOpen({ act: 'rollback', rollout: rolledBack }) }]
          : []),
      ],
      [name, rolledBack, denied, navigate],
    ),
  );
  return (
    <Page
      title={name}
      beside={row?.rollout && <Rollout of={row.rollout} />}
      actions={
        <>
          {rolledBack !== undefined && (
            <Button
              tone={newest?.state === 'running' ? 'danger' : 'plain'}
              disabled={denied !== null}
              title={denied ?? undefined}
              onClick={() => setOpen({ act: 'rollback', rollout: rolledBack })}
            >
              Roll back …
            </Button>
          )}
          {tab !== 'plan' && (
            <Button tone="primary" onClick={() => look({ tab: 'plan', release: undefined, strategy: undefined })}>
              Plan a rollout
            </Button>
          )}
        </>
      }
    >
      {reason.data ? (
        <Sentence why={reason.data} />
      ) : reason.error ? (
        <Failed error={reason.error} what={`why ${name} is as it is`} onRetry={() => reason.refetch()} />
      ) : null}
      {row && <Summary row={row} />}
      {denied !== null && tab !== 'plan' && <p className="text-muted">{denied}</p>}
      <Tabs label={`Of ${name}`} tabs={TABS} chosen={tab} onChoose={(id) => look({ tab: id })}>
        {tab === 'releases' && (
          <ReleasesTab
            name={name}
            sourceName={object.spec.source}
            mayAct={denied === null}
            onLift={(release) => setOpen({ act: 'lift', release })}
          />
        )}
        {tab === 'diff' && <DiffTab name={name} releases={released} search={search} onLook={look} />}
        {tab === 'plan' && (
          <PlanTab name={name} object={object} releases={released} search={search} onLook={look} denied={denied} />
        )}
        {tab === 'spec' && <SpecTab object={object} denied={denied} />}
      </Tabs>
      {open?.act === 'rollback' && <RollbackDialog rollout={open.rollout} onClose={() => setOpen(null)} />}
      {open?.act === 'lift' && (
        <ActDialog
          act={{
            title: `Let release ${open.release} of ${name} be rolled out again`,
            verb: 'Lift the bar',
            path: `/api/v1/applications/${encodeURIComponent(name)}/lift`,
            body: { release: open.release },
            reason: 'optional',
          }}
          onClose={() => setOpen(null)}
        />
      )}
    </Page>
  );
}

/** What it is at a glance. */
function Summary({ row }: { readonly row: ApplicationRow }) {
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
      <span>
        Newest release <strong className="text-strong">{row.release ?? 'none yet'}</strong>{' '}
        <code className="text-muted">{shortRevision(row.revision)}</code>
      </span>
      <span>
        from <strong className="text-strong font-medium">{row.source}</strong> by strategy{' '}
        <Link to="/strategies/$name" params={{ name: row.strategy }} className="text-accent underline">
          {row.strategy}
        </Link>
      </span>
      <Link
        to="/fleet"
        search={{ application: row.name }}
        className="text-accent w-full sm:w-auto sm:min-w-80 sm:flex-1 sm:max-w-xl"
        aria-label={`Its clusters in the fleet: ${Object.entries(row.health)
          .map(([word, count]) => `${count} ${word}`)
          .join(', ')}`}
      >
        {row.clusters === 0 ? 'On no cluster' : <StateBar counts={row.health} />}
      </Link>
    </div>
  );
}
