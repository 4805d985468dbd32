import { queryOptions } from '@tanstack/react-query';
import type { FleetPlan, FleetStatus } from '#contract';
import { api } from '../api/client.js';

/** How the fleet stands to the files that declare it. The hub compares all of its objects for it, so it is asked now and then. */
export const declaredStatus = queryOptions({
  queryKey: ['declared'],
  queryFn: ({ signal }) => api.get<FleetStatus>('/api/v1/declared', {}, signal),
  refetchInterval: 15_000,
});

/** What the newest commit would do; tried at the hub again once the commit, or what is there, is another. */
export const declaredPlan = ({ revision, applied, drift }: FleetStatus) =>
  queryOptions({
    queryKey: ['declared-plan', revision ?? '', applied?.revision ?? '', applied?.at ?? '', drift.map(keyOfDrift)],
    queryFn: ({ signal }) => api.get<FleetPlan>('/api/v1/declared/plan', {}, signal),
    retry: false,
    staleTime: 60_000,
    refetchInterval: false,
    refetchOnWindowFocus: false,
  });

function keyOfDrift({ kind, name, at }: FleetStatus['drift'][number]): string {
  return `${kind}/${name} ${at ?? ''}`;
}
