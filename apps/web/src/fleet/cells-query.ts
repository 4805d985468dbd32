import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { FleetCells } from '#contract';
import { api } from '../api/client.js';
import { live } from '../api/live.js';

/** The whole fleet in columns; of one application with its name. */
export const cells = (application?: string) =>
  queryOptions({
    queryKey: ['cells', application ?? ''],
    queryFn: ({ signal }) => api.get<FleetCells>('/api/v1/fleet/cells', { application }, signal),
    // The live stream keeps them; only where there is none are they read again and again.
    staleTime: Infinity,
    gcTime: 120_000,
    refetchOnWindowFocus: false,
    refetchInterval: () => (live.state().state === 'down' ? 15_000 : false),
    structuralSharing: false,
    placeholderData: keepPreviousData,
  });
