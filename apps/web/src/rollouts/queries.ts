import { queryOptions, type QueryClient } from '@tanstack/react-query';
import type { EventView, FreezeState, ReceiptView, ReplayAnswer, RolloutView, TargetView } from '#contract';
import { allOf, api, part } from '../api/client.js';

/** More clusters than any fleet has. */
const MAX_TARGETS = 20_000;
/** As many events as the scrubber and the history show: the newest. */
export const MAX_EVENTS = 10_000;

const targetsPath = (id: string): string => `/api/v1/rollouts/${part(id)}/targets`;

/** Under a key of its own: the live stream's haste is for small reads, this one has its own pace (use-targets.ts). */
export const targets = (id: string) =>
  queryOptions({
    queryKey: ['targets', id],
    queryFn: ({ signal }) => allOf<TargetView>(targetsPath(id), {}, MAX_TARGETS, signal),
  });

/** The past does not change, so it is read once; under keys that no event makes stale. */
const PAST = { staleTime: Infinity, refetchInterval: false, refetchOnWindowFocus: false, gcTime: 60_000 } as const;

export const pastRollout = (id: string, at: string) =>
  queryOptions({
    queryKey: ['past', id, at],
    queryFn: ({ signal }) => api.get<RolloutView>(`/api/v1/rollouts/${part(id)}`, { at }, signal),
    ...PAST,
  });

export const pastTargets = (id: string, at: string) =>
  queryOptions({
    queryKey: ['past', id, at, 'targets'],
    queryFn: ({ signal }) => allOf<TargetView>(targetsPath(id), { at }, MAX_TARGETS, signal),
    ...PAST,
  });

/** The application's newest rollout: the one that takes commands. */
export const newest = (application: string) =>
  queryOptions({
    queryKey: ['rollouts', application, 'newest'],
    queryFn: ({ signal }) => api.get<RolloutView>(`/api/v1/rollouts/${part(application)}`, {}, signal),
  });

export const receipt = (id: string) =>
  queryOptions({
    queryKey: ['rollout', id, 'receipt'],
    queryFn: ({ signal }) => api.get<ReceiptView>(`/api/v1/rollouts/${part(id)}/receipt`, {}, signal),
  });

export const replay = (id: string): Promise<ReplayAnswer> =>
  api.get<ReplayAnswer>(`/api/v1/rollouts/${part(id)}/replay`);

export const freeze = queryOptions({
  queryKey: ['fleet', 'freeze'],
  queryFn: ({ signal }) => api.get<FreezeState>('/api/v1/freeze', {}, signal),
});

/** Everything that happened to it, newest first. Read again, it asks only for what it has not got. */
export const history = (id: string) => {
  const queryKey = ['rollout', id, 'history'];
  return queryOptions({
    queryKey,
    queryFn: ({ signal, client }) => readHistory(id, knownOf(client, queryKey), signal),
  });
};

const knownOf = (client: QueryClient, key: readonly string[]): readonly EventView[] =>
  client.getQueryData<readonly EventView[]>(key) ?? [];

async function readHistory(
  rollout: string,
  known: readonly EventView[],
  signal: AbortSignal,
): Promise<readonly EventView[]> {
  const events = new Map(known.map((event) => [event.id, event]));
  const limit = known.length === 0 ? 1000 : 200;
  for (let after: string | undefined; ;) {
    const page = await api.get<{ items: EventView[]; next?: string }>(
      '/api/v1/events',
      { rollout, limit, after },
      signal,
    );
    const isKnown = page.items.some(({ id }) => events.has(id));
    for (const event of page.items) events.set(event.id, event);
    if (page.next === undefined || isKnown || events.size >= MAX_EVENTS) break;
    after = page.next;
  }
  return [...events.values()].sort((a, b) => b.id - a.id).slice(0, MAX_EVENTS);
}
