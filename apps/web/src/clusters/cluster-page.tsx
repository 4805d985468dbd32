import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { cluster as clusterQuery, whoami, why as whyQuery } from '../api/queries.js';
import { Page } from '../ui/page.js';
import { Sentence } from '../ui/sentence.js';
import { Tabs } from '../ui/tabs.js';
import { Failed, Loading } from '../ui/words.js';
import { ApplicationsTab } from './applications-tab.js';
import { AskedFrame } from './asked-frame.js';
import { ClusterActButtons, ClusterActDialog, useClusterActs } from './cluster-acts.js';
import { ClusterFacts } from './cluster-facts.js';
import { DiffTab } from './diff-tab.js';
import { EventsTab } from './events-tab.js';
import { HistoryTab } from './history-tab.js';
import { ObjectsTab } from './objects-tab.js';
import type { ClusterSearch, ClusterTab } from './search.js';
import { HealthMark, StatusMark } from './status-mark.js';

const route = getRouteApi('/clusters/$name');

const TABS: readonly (readonly [ClusterTab, string])[] = [
  ['applications', 'Overview'],
  ['objects', 'Objects'],
  ['diff', 'Against Git'],
  ['events', 'Events'],
  ['history', 'History'],
];

/** One cluster: why it is as it is, what is known of it, what runs there, and what may be done to it. */
export function ClusterPage() {
  const { name } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  const { data: cluster, error, refetch } = useQuery(clusterQuery(name));
  const why = useQuery(whyQuery('cluster', name));
  const me = useQuery(whoami);
  const { can, open, setOpen } = useClusterActs(me.data, cluster);
  const onSearch = (change: ClusterSearch): void => {
    const next = { ...search, ...change };
    navigate({ to: '/clusters/$name', params: { name }, search: next, replace: true, resetScroll: false }).catch(
      () => undefined,
    );
  };
  if (!cluster)
    return (
      <Page title={name}>
        {error ? (
          <>
            <Failed error={error} what={`cluster ${name}`} onRetry={refetch} />
            <p className="px-2">
              <Link to="/clusters" className="text-accent underline">
                All clusters
              </Link>
            </p>
          </>
        ) : (
          <Loading what={`cluster ${name}`} />
        )}
      </Page>
    );
  const tab = search.tab ?? 'applications';
  const frame = {
    cluster,
    application: search.application,
    onApplication: (application: string) => onSearch({ application, object: undefined }),
  };
  return (
    <Page
      title={name}
      beside={
        <span className="flex flex-wrap gap-x-4 gap-y-1">
          <StatusMark cluster={cluster} />
          {cluster.health !== 'none' && <HealthMark cluster={cluster} what="applications" />}
        </span>
      }
      actions={
        <>
          <Link
            to="/compare"
            search={{ a: name }}
            className="border-line bg-card text-strong hover:bg-raised inline-flex min-h-11 items-center rounded-md border px-3 font-medium sm:min-h-8"
          >
            Compare
          </Link>
          <ClusterActButtons can={can} onAct={setOpen} />
        </>
      }
    >
      {why.data && <Sentence why={why.data} />}
      {why.error && <Failed error={why.error} what="why it is so" onRetry={why.refetch} />}
      <Tabs
        label={`Parts of ${name}`}
        tabs={TABS}
        chosen={tab}
        onChoose={(next) => onSearch({ tab: next, object: undefined, only: undefined })}
      >
        {tab === 'applications' && (
          <div className="flex min-w-0 flex-col gap-4">
            <ApplicationsTab
              cluster={name}
              chosen={search.application}
              applications={cluster.applications ?? []}
              onSearch={onSearch}
            />
            <ClusterFacts cluster={cluster} onLabels={can.includes('labels') ? () => setOpen('labels') : undefined} />
          </div>
        )}
        {tab === 'objects' && (
          <AskedFrame kind="tree" {...frame}>
            {(view) => <ObjectsTab view={view} search={search} onSearch={onSearch} />}
          </AskedFrame>
        )}
        {tab === 'diff' && (
          <AskedFrame kind="diff" {...frame}>
            {(view) => <DiffTab view={view} object={search.object} onObject={(object) => onSearch({ object })} />}
          </AskedFrame>
        )}
        {tab === 'events' && (
          <AskedFrame kind="events" {...frame}>
            {(view) => <EventsTab view={view} search={search} onSearch={onSearch} />}
          </AskedFrame>
        )}
        {tab === 'history' && <HistoryTab cluster={name} />}
      </Tabs>
      {open && <ClusterActDialog act={open} cluster={cluster} onClose={() => setOpen(null)} />}
    </Page>
  );
}
