import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import type { RolloutView } from '#contract';
import { rollout as presentRollout, whoami, why } from '../api/queries.js';
import { whyNot } from '../api/rights.js';
import { Page } from '../ui/page.js';
import { Sentence } from '../ui/sentence.js';
import { spaced, StateMark } from '../ui/state-mark.js';
import { Tabs } from '../ui/tabs.js';
import { Time } from '../ui/time.js';
import { Failed, Loading } from '../ui/words.js';
import { ActBar, type ShownAct } from './act-bar.js';
import type { Asked } from './act-requests.js';
import { ClustersTab } from './clusters-tab.js';
import { FreezeBanner } from './freeze-banner.js';
import { HistoryTab } from './history-tab.js';
import { momentsOf } from './moments.js';
import { offeredActs } from './offered-acts.js';
import { PlanTab } from './plan-tab.js';
import { Counts, ProgressBar } from './progress.js';
import { history, newest, pastRollout } from './queries.js';
import { ReceiptTab } from './receipt-tab.js';
import { RolloutActDialog } from './rollout-act-dialog.js';
import { passedOf, shownState } from './rollout-order.js';
import { PastBanner, Scrubber } from './scrubber.js';
import type { RolloutSearch, RolloutTab } from './search.js';
import { useApplicationCells } from './use-application-cells.js';
import { useTargets } from './use-targets.js';
import { WavesTab } from './waves-tab.js';

const KINDS: Readonly<Record<RolloutView['kind'], string>> = {
  forward: 'Release',
  rollback: 'Takes back release',
  catchUp: 'Catches up with release',
};

/** A rollout: why it waits, its waves, what can be done with it, and how it came about. */
export function RolloutPage() {
  const { id } = useParams({ from: '/rollouts/$id' });
  const { at } = useSearch({ from: '/rollouts/$id' });
  const present = useQuery(presentRollout(id));
  const past = useQuery({ ...pastRollout(id, at ?? ''), enabled: at !== undefined, placeholderData: keepPreviousData });
  const { error, refetch } = at === undefined ? present : past;
  const data = (at === undefined ? undefined : past.data) ?? present.data;
  const navigate = useNavigate({ from: '/rollouts/$id' });
  const back = (): void =>
    void navigate({ search: (search) => ({ ...search, at: undefined }), replace: true }).catch(() => undefined);
  // An application's name leads to its newest rollout.
  useApplicationCells(present.data?.application);
  if (error)
    return (
      <Page title={id}>
        {at !== undefined && <PastBanner id={id} at={at} onBack={back} />}
        <Failed error={error} what={`rollout ${id}`} onRetry={refetch} />
      </Page>
    );
  if (!data || !present.data) return <Loading what={`rollout ${id}`} />;
  return <Shown key={data.id} rollout={data} present={present.data} at={at} onBack={back} />;
}

function Shown({
  rollout,
  present,
  at,
  onBack,
}: {
  readonly rollout: RolloutView;
  readonly present: RolloutView;
  readonly at: string | undefined;
  readonly onBack: () => void;
}) {
  const { id, application, release, revision, kind } = rollout;
  const search = useSearch({ from: '/rollouts/$id' });
  const navigate = useNavigate({ from: '/rollouts/$id' });
  const onSearch = useCallback(
    (more: Partial<RolloutSearch>): void =>
      void navigate({ search: (known) => ({ ...known, ...more }), replace: true }).catch(() => undefined),
    [navigate],
  );
  const me = useQuery(whoami);
  const last = useQuery(newest(application));
  const reason = useQuery({ ...why('rollout', id), enabled: at === undefined });
  const events = useQuery(history(id));
  const targets = useTargets(id, at, present.state === 'running');
  const moments = useMemo(() => momentsOf(events.data ?? []), [events.data]);
  const [asked, setAsked] = useState<Asked | null>(null);
  const isNewest = last.data?.id === id;
  const acts = useMemo(
    (): readonly ShownAct[] =>
      at === undefined
        ? offeredActs(rollout, isNewest).map((act) => ({ ...act, whyNot: whyNot(me.data, act.needs, application) }))
        : [],
    [rollout, isNewest, at, me.data, application],
  );
  const tabs: readonly (readonly [RolloutTab, string])[] = [
    ['waves', 'Waves'],
    ['clusters', `Clusters (${rollout.total})`],
    ['plan', 'Plan'],
    ...(kind === 'rollback' ? ([['receipt', 'Receipt']] as const) : []),
    ['history', 'History'],
  ];
  const tab = tabs.find(([each]) => each === search.tab)?.[0] ?? 'waves';
  const state = shownState(rollout);
  const clusterActs = {
    isOver: at !== undefined || !isNewest || rollout.state !== 'running',
    whyNot: whyNot(me.data, 'operator', application),
  };
  const all = targets.data ?? [];
  return (
    <Page
      title={id}
      beside={
        <StateMark state={state === 'waiting' ? 'held' : state} word={rollout.hard ? 'paused hard' : spaced(state)} />
      }
      actions={<ActBar acts={acts} onAsk={setAsked} />}
    >
      <p className="-mt-2 flex flex-wrap gap-x-3 gap-y-1">
        <span>
          {KINDS[kind]} {release} (<code title={revision}>{revision.slice(0, 7)}</code>) of{' '}
          <Link to="/applications/$name" params={{ name: application }} className="text-accent underline">
            {application}
          </Link>
        </span>
        <span className="text-muted">
          started <Time at={rollout.startedAt} /> by {rollout.startedBy}
          {rollout.reason && `: ${rollout.reason}`}
        </span>
        {rollout.endedAt && (
          <span className="text-muted">
            ended <Time at={rollout.endedAt} />
            {rollout.endedBy && ` by ${rollout.endedBy}`}
          </span>
        )}
      </p>
      {at !== undefined && <PastBanner id={id} at={at} onBack={onBack} />}
      {at === undefined && present.state === 'running' && <FreezeBanner />}
      {at === undefined && last.data && !isNewest && (
        <p className="border-line bg-raised rounded-lg border p-3">
          <Link to="/rollouts/$id" params={{ id: last.data.id }} className="text-accent font-medium underline">
            {last.data.id}
          </Link>{' '}
          came after this one: what is to be done is done there.
        </p>
      )}
      <Sentence
        why={
          at === undefined && reason.data
            ? reason.data
            : {
                kind: 'rollout',
                name: id,
                sentence: rollout.why,
                holds: at ? [...rollout.holds] : [],
                evidence: [],
                can: [],
              }
        }
      />
      <div className="flex flex-col gap-2">
        <div className="flex items-center gap-3">
          <ProgressBar counts={rollout.counts} total={rollout.total} />
          <span className="text-strong font-medium whitespace-nowrap tabular-nums">
            {passedOf(rollout.counts)}/{rollout.total}
          </span>
        </div>
        <Counts counts={rollout.counts} />
      </div>
      <Scrubber moments={moments} at={at} onGo={(wanted) => onSearch({ at: wanted })} />
      <Tabs label="Parts of the rollout" tabs={tabs} chosen={tab} onChoose={(chosen) => onSearch({ tab: chosen })}>
        {targets.error && !targets.data && tab !== 'history' && tab !== 'receipt' ? (
          <Failed error={targets.error} what="its clusters" onRetry={targets.refetch} />
        ) : targets.isPending && tab !== 'history' && tab !== 'receipt' ? (
          <Loading what="its clusters" />
        ) : (
          <>
            {tab === 'waves' && <WavesTab rollout={rollout} targets={all} />}
            {tab === 'clusters' && (
              <ClustersTab
                rollout={rollout}
                targets={all}
                search={search}
                onSearch={onSearch}
                acts={clusterActs}
                onAsk={setAsked}
              />
            )}
            {tab === 'plan' && <PlanTab rollout={rollout} targets={all} />}
            {tab === 'receipt' && <ReceiptTab id={id} />}
            {tab === 'history' && (
              <HistoryTab
                id={id}
                events={events}
                text={search.q}
                onText={(q) => onSearch({ q })}
                onGo={(wanted) => onSearch({ at: wanted })}
              />
            )}
          </>
        )}
      </Tabs>
      {/* As high as the acts at a phone's foot, which would hide what stands last. */}
      <div className="sm:hidden" style={{ height: 'var(--foot, 0px)' }} />
      {asked && (
        <RolloutActDialog
          rollout={rollout}
          asked={asked}
          onClose={() => setAsked(null)}
          onFollow={(next) =>
            void navigate({ to: '/rollouts/$id', params: { id: next }, search: {} }).catch(() => undefined)
          }
        />
      )}
    </Page>
  );
}
