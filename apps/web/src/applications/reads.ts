import { queryOptions } from '@tanstack/react-query';
import type { BundleDiff, FleetCells, HoldView, PlanView, SourceSpec } from '#contract';
import { api, part } from '../api/client.js';
import type { ApplicationObject, Declared } from '../api/queries.js';

export type SourceObject = Declared<
  SourceSpec,
  {
    readonly revision: string;
    readonly author: string;
    readonly subject: string;
    readonly committedAt: string;
    /** Of a chart. */
    readonly version?: string;
    /** What a range of versions came to. */
    readonly tag?: string;
    readonly signature?: { readonly signer: string; readonly fingerprint: string };
    readonly holds: readonly HoldView[];
  }
>;

export const application = (name: string) =>
  queryOptions({
    queryKey: ['application', name],
    queryFn: ({ signal }) => api.get<ApplicationObject>(`/api/v1/applications/${part(name)}`, {}, signal),
  });

export const source = (name: string) =>
  queryOptions({
    queryKey: ['source', name],
    queryFn: ({ signal }) => api.get<SourceObject>(`/api/v1/sources/${part(name)}`, {}, signal),
  });

export const strategies = queryOptions({
  queryKey: ['strategies'],
  queryFn: ({ signal }) => api.get<{ readonly items: readonly Declared<object>[] }>('/api/v1/strategies', {}, signal),
});

/** Cluster by cluster what it runs: large in a large fleet, so it has a pace of its own and is not read again for each event. */
export const places = (name: string) =>
  queryOptions({
    queryKey: ['places', name],
    queryFn: ({ signal }) => api.get<FleetCells>('/api/v1/fleet/cells', { application: name }, signal),
    refetchInterval: 10_000,
  });

/** Two releases don't change; only how many clusters have which does. */
export const bundleDiff = (name: string, from: string, to: string) =>
  queryOptions({
    queryKey: ['bundle-diff', name, from, to],
    queryFn: ({ signal }) => api.get<BundleDiff>(`/api/v1/applications/${part(name)}/diff`, { from, to }, signal),
    staleTime: 60_000,
    refetchInterval: false,
  });

/** Read again only when somebody asks: what a person reads before a yes does not change under their eyes. */
export const plan = (name: string, release: string | undefined, strategy: string | undefined) =>
  queryOptions({
    queryKey: ['plan', name, release ?? '', strategy ?? ''],
    queryFn: ({ signal }) =>
      api.get<PlanView>(`/api/v1/applications/${part(name)}/plan`, { release, strategy }, signal),
    staleTime: 30_000,
    refetchInterval: false,
    refetchOnWindowFocus: false,
  });
