import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { ClusterView } from '#contract';
import { api } from '../api/client.js';
import { live } from '../api/live.js';
import type { ClustersSearch } from './search.js';

const PAGE = 1000;
const MOST = 10_000;
/** A list of one page is read again so soon after something happened to a cluster; of more, less often. */
const SOON_MS = 2_000;
const LATER_MS = 20_000;

interface ClusterPage {
  readonly items: readonly ClusterView[];
  readonly next?: string;
}

/**
 * The clusters that the hub finds, page after page until all are there. During a rollout the stream tells of some change twice a
 * second; the list is not read again as often.
 */
export function useClusters({ q, status }: ClustersSearch, isOn: boolean) {
  const found = useInfiniteQuery({
    queryKey: ['cluster-list', q ?? '', status ?? ''],
    queryFn: ({ pageParam, signal }) =>
      api.get<ClusterPage>('/api/v1/clusters', { selector: q, status, limit: PAGE, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }, pages) => (pages.length * PAGE < MOST ? next : undefined),
    enabled: isOn,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? 120_000 : 30_000),
  });
  const { hasNextPage, isFetching, fetchNextPage, refetch, isError } = found;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) fetchNextPage().catch(() => undefined);
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  const pages = found.data?.pages.length ?? 0;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = live.onBatch(({ events, cells }) => {
      if (!cells && !events.some(({ cluster }) => cluster !== undefined)) return;
      timer ??= setTimeout(
        () => {
          timer = undefined;
          refetch().catch(() => undefined);
        },
        pages > 1 ? LATER_MS : SOON_MS,
      );
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [pages, refetch]);
  return {
    clusters: found.data?.pages.flatMap(({ items }) => items),
    isWhole: found.isSuccess && !hasNextPage,
    isStale: found.isPlaceholderData,
    error: found.error,
    retry: refetch,
  };
}
