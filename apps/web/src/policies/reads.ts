import { queryOptions } from '@tanstack/react-query';
import type { PolicyDocumentSpec, PolicyFindingView } from '#contract';
import { allOf, api, part } from '../api/client.js';
import type { Declared } from '../api/queries.js';

export type PolicyObject = Declared<PolicyDocumentSpec>;

export const policies = queryOptions({
  queryKey: ['policies'],
  queryFn: ({ signal }) => allOf<PolicyObject>('/api/v1/policies', {}, 2000, signal),
});

export const policy = (name: string) =>
  queryOptions({
    queryKey: ['policies', name],
    queryFn: ({ signal }) => api.get<PolicyObject>(`/api/v1/policies/${part(name)}`, {}, signal),
  });

/** What one policy, or all of them, refused or warned of, now and of late. */
export const policyFindings = (policy?: string) =>
  queryOptions({
    queryKey: ['policy-findings', policy ?? ''],
    // A refusal is no event: nobody says that there is one.
    refetchInterval: 10_000,
    queryFn: ({ signal }) => allOf<PolicyFindingView>('/api/v1/policy-findings', { policy }, 2000, signal),
  });
