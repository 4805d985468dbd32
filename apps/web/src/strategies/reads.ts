import { queryOptions } from '@tanstack/react-query';
import type { ApplyAnswer, StrategyDocumentSpec, Whoami } from '#contract';
import { allOf, api, part } from '../api/client.js';
import type { Declared } from '../api/queries.js';
import type { JsonSchema } from './json-schema.js';

export type StrategyObject = Declared<StrategyDocumentSpec>;

export const strategies = queryOptions({
  queryKey: ['strategies'],
  queryFn: ({ signal }) => allOf<StrategyObject>('/api/v1/strategies', {}, 2000, signal),
});

export const strategy = (name: string) =>
  queryOptions({
    queryKey: ['strategies', name],
    queryFn: ({ signal }) => api.get<StrategyObject>(`/api/v1/strategies/${part(name)}`, {}, signal),
  });

export const strategySchema = queryOptions({
  queryKey: ['schema', 'Strategy'],
  queryFn: ({ signal }) => api.get<JsonSchema>('/api/v1/schemas/Strategy', {}, signal),
  staleTime: Infinity,
  refetchInterval: false,
});

/** What would be written, or is; every bad field is named. */
export function applyStrategy(
  document: unknown,
  { dryRun, reason, signal }: { readonly dryRun: boolean; readonly reason?: string; readonly signal?: AbortSignal },
): Promise<ApplyAnswer> {
  const body = { documents: [document], dryRun, ...(reason !== undefined && { reason }) };
  return api.post('/api/v1/apply', body, { ...(signal && { signal }) });
}

/** Strategies reach every application that uses them, so only a role without bounds writes them. */
export function mayWriteStrategies(me: Whoami | undefined): boolean {
  return me?.grants.some(({ role, scope }) => (role === 'operator' || role === 'admin') && !scope) ?? false;
}
