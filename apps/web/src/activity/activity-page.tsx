import { useNavigate, useSearch } from '@tanstack/react-router';
import { HubProblem } from '../api/client.js';
import { Button } from '../ui/button.js';
import { Page } from '../ui/page.js';
import { Tabs } from '../ui/tabs.js';
import { Empty, Failed, Loading, NoPermission } from '../ui/words.js';
import { ActivityFeed } from './activity-feed.js';
import { filtersOf } from './activity-query.js';
import { Filters } from './filters.js';
import type { ActivitySearch, Kind } from './search.js';
import { useActivity } from './use-activity.js';

const KIND_NAMES = [
  ['events', 'What happened'],
  ['audit', 'Who did what'],
] as const;

/** Everything that happened and everything that was done, by whom and why. */
export function ActivityPage() {
  const search = useSearch({ from: '/activity' });
  const navigate = useNavigate({ from: '/activity' });
  const { kind = 'events' } = search;
  const go = (part: ActivitySearch, replace = true): void => {
    navigate({ search: (before) => ({ ...before, ...part }), replace }).catch(() => undefined);
  };
  return (
    <Page title="Activity">
      <Tabs
        label="Kind of activity"
        tabs={KIND_NAMES}
        chosen={kind}
        onChoose={(chosen) => go({ kind: chosen === 'events' ? undefined : chosen }, false)}
      >
        <div className="flex flex-col gap-4">
          <Filters kind={kind} search={search} onChange={go} />
          <Activity key={kind} kind={kind} search={search} onChange={go} />
        </div>
      </Tabs>
    </Page>
  );
}

function Activity({
  kind,
  search,
  onChange,
}: {
  readonly kind: Kind;
  readonly search: ActivitySearch;
  readonly onChange: (part: ActivitySearch) => void;
}) {
  const { pages, entries, news, takeNews } = useActivity(kind, search);
  const { error } = pages;
  if (error instanceof HubProblem && error.problem.status === 403)
    return (
      <div className="flex flex-col items-start gap-3">
        <NoPermission error={error} what={kind === 'audit' ? 'the audit' : 'what happened'} />
        {kind === 'audit' && (
          <Button onClick={() => onChange({ kind: undefined })}>See what happened where you may look</Button>
        )}
      </div>
    );
  if (error && entries.length === 0)
    return <Failed error={error} what="the activity" onRetry={() => pages.refetch()} />;
  if (pages.isPending) return <Loading what={kind === 'audit' ? 'the audit' : 'what happened'} />;
  const set = filtersOf(kind, search);
  if (entries.length === 0 && news.count === 0)
    return set.length > 0 ? (
      <Empty title="Nothing matches the filter">
        <Button onClick={() => onChange(Object.fromEntries(set.map((name) => [name, undefined])))}>
          Clear the filter
        </Button>
      </Empty>
    ) : (
      <Empty title="Nothing has happened yet">
        Register a cluster and apply an application: what becomes of it is told here.
      </Empty>
    );
  return (
    <ActivityFeed
      kind={kind}
      entries={entries}
      news={news}
      onNews={takeNews}
      hasMore={pages.hasNextPage}
      isReading={pages.isFetchingNextPage}
      onMore={() => void pages.fetchNextPage().catch(() => undefined)}
      {...(error && { error })}
    />
  );
}
