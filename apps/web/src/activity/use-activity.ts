import { useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { AuditView, EventView } from '#contract';
import { api } from '../api/client.js';
import { activityRequest, entryOfAudit, entryOfEvent, newerThan, type Entry } from './activity-query.js';
import type { ActivitySearch, Kind } from './search.js';

/** Entries of a page, and of what is asked for at the top. */
const PAGE = 100;
/** Not every act is an event of the live stream: a token that is made is none. */
const HEAD_MS = 5_000;

interface PageOfEntries {
  readonly items: readonly Entry[];
  readonly next?: string;
}

/**
 * What happened, newest first, in pages that stay as they were read: what is newer is counted, and put on top when somebody asks
 * for it.
 */
export function useActivity(kind: Kind, search: ActivitySearch) {
  const queries = useQueryClient();
  const { path, query } = activityRequest(kind, search);
  const read = async (after: string | undefined, signal: AbortSignal): Promise<PageOfEntries> => {
    const page = await api.get<{ items: unknown[]; next?: string }>(path, { ...query, limit: PAGE, after }, signal);
    const items =
      kind === 'audit' ? (page.items as AuditView[]).map(entryOfAudit) : (page.items as EventView[]).map(entryOfEvent);
    return { items, ...(page.next !== undefined && { next: page.next }) };
  };
  const key = useMemo(() => ['activity', path, JSON.stringify(query)], [path, query]);
  const pages = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    // Nothing moves under who reads: what is new comes by the query below.
    staleTime: Infinity,
    refetchInterval: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const head = useQuery({
    queryKey: [kind, 'head', JSON.stringify(query)],
    queryFn: ({ signal }) => read(undefined, signal),
    refetchInterval: HEAD_MS,
    enabled: pages.isSuccess,
  });
  const entries = useMemo(() => pages.data?.pages.flatMap(({ items }) => items) ?? [], [pages.data]);
  const news = newerThan(pages.isSuccess ? (head.data?.items ?? []) : [], entries);
  const newest = head.data;
  const takeNews = useCallback(() => {
    if (!newest) return;
    // What lies between is not known: it is read from the top again.
    if (news.isMore && entries.length > 0) {
      queries.resetQueries({ queryKey: key }).catch(() => undefined);
      return;
    }
    const top = entries[0]?.id ?? 0;
    const items = newest.items.filter(({ id }) => id > top);
    queries.setQueryData<InfiniteData<PageOfEntries, string | undefined>>(key, (data) =>
      data && entries.length > 0
        ? { pages: [{ items }, ...data.pages], pageParams: [undefined, ...data.pageParams] }
        : { pages: [newest], pageParams: [undefined] },
    );
  }, [entries, key, newest, news.isMore, queries]);
  return { pages, entries, news, takeNews };
}
