import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { BundleDiff, DiffView, EventsView, EventView, TreeView } from '#contract';
import { api, HubProblem, part } from '../api/client.js';

/** What an agent is asked: by the kind of the answer. */
export interface Asked {
  readonly tree: TreeView;
  readonly diff: DiffView;
  readonly events: EventsView;
}

export interface Place {
  readonly cluster: string;
  readonly application: string;
}

/** While something is not well, its tree is asked for again after so long. */
const RESTLESS_MS = 20_000;

/**
 * What a cluster's agent says now. It is asked again when a person wants that, and when `stamp`, what the hub knows of the application,
 * is another: not with each change in the fleet, for each question is requests to that cluster's own API server.
 */
export const asked = <K extends keyof Asked>(kind: K, { cluster, application }: Place, stamp: string) =>
  queryOptions({
    queryKey: ['asked', kind, cluster, application, stamp],
    queryFn: ({ signal }) =>
      api.get<Asked[K]>(`/api/v1/clusters/${part(cluster)}/applications/${part(application)}/${kind}`, {}, signal),
    // The one who asks hears at once that nobody answers; a busy agent is asked again.
    retry: (failures, error) => failures < 2 && error instanceof HubProblem && /busy$/.test(error.problem.code),
    staleTime: Infinity,
    gcTime: 60_000,
    refetchOnWindowFocus: false,
    refetchInterval: ({ state }) =>
      kind === 'tree' && state.status === 'success' && isRestless(state.data as TreeView | undefined)
        ? RESTLESS_MS
        : false,
    placeholderData: (previous, query) =>
      query?.queryKey[2] === cluster && query.queryKey[3] === application ? keepPreviousData(previous) : undefined,
  });

function isRestless(tree: TreeView | undefined): boolean {
  return tree !== undefined && tree.objects.some(({ health, sync }) => health !== 'healthy' || sync !== 'synced');
}

const HISTORY = 200;

/** What happened to a cluster by the hub's own history, newest first. */
export const clusterEvents = (cluster: string) =>
  queryOptions({
    queryKey: ['cluster', cluster, 'events'],
    queryFn: ({ signal }) =>
      api.get<{ items: EventView[]; next?: string }>('/api/v1/events', { cluster, limit: HISTORY }, signal),
  });

export const bundleDiff = (application: string, fromDigest: string, toDigest: string) =>
  queryOptions({
    queryKey: ['bundle-diff', application, fromDigest, toDigest],
    queryFn: ({ signal }) =>
      api.get<BundleDiff>(`/api/v1/applications/${part(application)}/diff`, { fromDigest, toDigest }, signal),
    // Two digests stand for two texts, for ever.
    staleTime: Infinity,
    refetchInterval: false,
  });
