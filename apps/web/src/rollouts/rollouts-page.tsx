import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, type KeyboardEvent } from 'react';
import type { RolloutView } from '#contract';
import { applications, rollouts } from '../api/queries.js';
import { barBox } from '../ui/field.js';
import { Page } from '../ui/page.js';
import { spaced, StateMark } from '../ui/state-mark.js';
import { spanText, Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { FreezeBanner } from './freeze-banner.js';
import { countsText, ProgressBar } from './progress.js';
import { LIST_STATES, listed, passedOf, shownState } from './rollout-order.js';
import type { RolloutsSearch } from './search.js';

/** What runs is read again so often, as a cluster that passes is no event of the stream. */
const RUNNING_MS = 5_000;
const MAX_LISTED = 200;

/** Every rollout: what wants a person first, then what runs, then what was. */
export function RolloutsPage() {
  const search = useSearch({ from: '/rollouts' });
  const navigate = useNavigate({ from: '/rollouts' });
  const onSearch = (more: Partial<RolloutsSearch>): void =>
    void navigate({ search: (known) => ({ ...known, ...more }), replace: true }).catch(() => undefined);
  const apps = useQuery(applications);
  const { data, error, refetch } = useQuery({
    ...rollouts(search.application),
    refetchInterval: ({ state }) => (state.data?.some((rollout) => rollout.state === 'running') ? RUNNING_MS : 30_000),
  });
  const shown = useMemo(() => listed(data ?? [], search), [data, search]);
  const running = shown.filter(({ state }) => state === 'running');
  const ended = shown.filter(({ state }) => state !== 'running');
  const names = new Set([
    ...(apps.data ?? []).map(({ metadata: { name } }) => name),
    ...(search.application === undefined ? [] : [search.application]),
  ]);
  return (
    <Page title="Rollouts">
      <FreezeBanner />
      <div className="flex flex-wrap items-center gap-2" role="search">
        <select
          aria-label="Application"
          value={search.application ?? ''}
          onChange={({ target: { value } }) => onSearch({ application: value || undefined })}
          className={barBox}
        >
          <option value="">every application</option>
          {[...names].sort().map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select
          aria-label="State"
          value={search.state ?? ''}
          onChange={({ target: { value } }) => onSearch({ state: value || undefined })}
          className={barBox}
        >
          <option value="">every state</option>
          {LIST_STATES.map((state) => (
            <option key={state} value={state}>
              {spaced(state)}
            </option>
          ))}
        </select>
        {data && (
          <p className="text-muted" role="status">
            {shown.length} {shown.length === 1 ? 'rollout' : 'rollouts'}
            {data.length >= MAX_LISTED && `, of the ${MAX_LISTED} newest`}
          </p>
        )}
      </div>
      {error && <Failed error={error} what="the rollouts" onRetry={refetch} />}
      {!error && !data && <Loading what="the rollouts" />}
      {data && shown.length === 0 && (
        <Empty title={data.length === 0 ? 'Nothing was rolled out yet' : 'No rollout is so'}>
          {data.length === 0 ? (
            <>
              A commit starts a rollout by itself once a source, a strategy and an application are declared:{' '}
              <code>flotilla apply -f</code>. Clusters are added under{' '}
              <Link to="/register" className="text-accent underline">
                Register a cluster
              </Link>
              .
            </>
          ) : (
            'Another application or state may have some.'
          )}
        </Empty>
      )}
      {running.length > 0 && <Group title="Running" rollouts={running} />}
      {ended.length > 0 && <Group title="Ended" rollouts={ended} />}
    </Page>
  );
}

function Group({ title, rollouts: all }: { readonly title: string; readonly rollouts: readonly RolloutView[] }) {
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-2">
      <h2 className="text-muted text-xs">
        {title} ({all.length})
      </h2>
      <ul className="border-line bg-card divide-line flex flex-col divide-y rounded-lg border" onKeyDown={walk}>
        {all.map((rollout) => (
          <li key={rollout.id}>
            <Line rollout={rollout} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Arrows and j/k go from one rollout to the next. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const sign = ['ArrowDown', 'j'].includes(event.key) ? 1 : ['ArrowUp', 'k'].includes(event.key) ? -1 : 0;
  if (sign === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...document.querySelectorAll<HTMLElement>('[data-rollout]')];
  const next = links[links.findIndex((link) => link === document.activeElement) + sign];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function Line({ rollout }: { readonly rollout: RolloutView }) {
  const { id, application, release, revision, kind, counts, total, waves, wave, startedBy, startedAt, endedAt } =
    rollout;
  const state = shownState(rollout);
  const isRunning = rollout.state === 'running';
  return (
    <Link
      to="/rollouts/$id"
      params={{ id }}
      data-rollout={id}
      className="hover:bg-raised grid min-h-11 grid-cols-1 gap-x-6 gap-y-1.5 p-3 -outline-offset-2 lg:grid-cols-[minmax(14rem,1.1fr)_minmax(0,3fr)_minmax(12rem,1fr)] lg:items-center"
    >
      <span className="flex min-w-0 flex-col">
        <span className="flex flex-wrap items-center gap-x-3">
          <span className="text-strong font-semibold break-all">{id}</span>
          <StateMark state={state === 'waiting' ? 'held' : state} word={spaced(state)} />
        </span>
        <span className="text-muted">
          {kind === 'rollback' ? 'takes back' : kind === 'catchUp' ? 'catches up with' : 'release'} {release} (
          <code>{revision.slice(0, 7)}</code>) of {application}
        </span>
      </span>
      <span className="flex min-w-0 flex-col gap-1">
        <span className={`line-clamp-2 break-words ${isRunning ? 'text-strong' : ''}`}>{rollout.why}</span>
        <span className="text-muted">
          {startedBy} <Time at={startedAt} />
          {rollout.reason && `: ${rollout.reason}`}
        </span>
      </span>
      <span className="flex min-w-0 flex-col gap-1">
        <span className="flex items-center gap-2">
          <ProgressBar counts={counts} total={total} />
          <span className="text-strong tabular-nums">
            {passedOf(counts)}/{total}
          </span>
        </span>
        <span className="text-muted truncate" title={countsText(counts)}>
          {isRunning
            ? `wave ${Math.min(wave + 1, waves.length)} of ${waves.length}: ${waves[wave]?.name ?? 'all over'}`
            : endedAt && `took ${spanText(Date.parse(endedAt) - Date.parse(startedAt))}`}
        </span>
      </span>
    </Link>
  );
}
