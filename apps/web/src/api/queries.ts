import { queryOptions } from '@tanstack/react-query';
import type {
  ApplicationSpec,
  HoldView,
  ClusterView,
  FleetView,
  ReleaseView,
  RolloutView,
  SignInMethods,
  Whoami,
  Why,
} from '#contract';
import { allOf, api, part } from './client.js';

/** A declared object as the hub shows it. */
export interface Declared<Spec, Status = Record<string, unknown>> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly generation?: number;
    readonly createdAt?: string;
    readonly updatedAt?: string;
    /** The file in Git that says so, where one does. */
    readonly declaredBy?: string;
  };
  readonly spec: Spec;
  readonly status?: Partial<Status>;
}

export type ApplicationObject = Declared<
  ApplicationSpec,
  {
    readonly revision: string;
    readonly release: number;
    readonly holds: readonly HoldView[];
    readonly warnings: readonly string[];
  }
>;

/**
 * Of one object, milliseconds: what came and went again between two looks of the hub's at its cells is in no batch of the live
 * stream, and yet may have been read meanwhile.
 */
const ONE_OBJECT_MS = 10_000;

/** What several pages read; what one page alone reads stands with that page. */
export const whoami = queryOptions({
  queryKey: ['whoami'],
  queryFn: ({ signal }) => api.get<Whoami>('/api/v1/whoami', {}, signal),
  retry: false,
});

export const signInMethods = queryOptions({
  queryKey: ['methods'],
  queryFn: ({ signal }) => api.get<SignInMethods>('/auth/methods', {}, signal),
});

export const fleet = queryOptions({
  queryKey: ['fleet'],
  queryFn: ({ signal }) => api.get<FleetView>('/api/v1/fleet', {}, signal),
});

export const rollouts = (application?: string) =>
  queryOptions({
    queryKey: ['rollouts', application ?? ''],
    queryFn: ({ signal }) => allOf<RolloutView>('/api/v1/rollouts', { application }, 200, signal),
  });

export const rollout = (id: string, at?: string) =>
  queryOptions({
    queryKey: ['rollout', id, at ?? ''],
    refetchInterval: ONE_OBJECT_MS,
    queryFn: ({ signal }) => api.get<RolloutView>(`/api/v1/rollouts/${part(id)}`, { at }, signal),
  });

export const why = (kind: Why['kind'], name: string) =>
  queryOptions({
    queryKey: [kind, name, 'why'],
    refetchInterval: ONE_OBJECT_MS,
    queryFn: ({ signal }) => api.get<Why>(`/api/v1/why/${kind}s/${part(name)}`, {}, signal),
  });

/** Of one application on a cluster. */
export const whyThere = (cluster: string, application: string) =>
  queryOptions({
    queryKey: ['cluster', cluster, 'why', application],
    refetchInterval: ONE_OBJECT_MS,
    queryFn: ({ signal }) =>
      api.get<Why>(`/api/v1/why/clusters/${part(cluster)}/applications/${part(application)}`, {}, signal),
  });

export const applications = queryOptions({
  queryKey: ['applications'],
  queryFn: ({ signal }) => allOf<ApplicationObject>('/api/v1/applications', {}, 2000, signal),
});

export const releases = (application: string) =>
  queryOptions({
    queryKey: ['releases', application],
    // Without their overlays: there may be one for each cluster.
    queryFn: ({ signal }) => allOf<ReleaseView>('/api/v1/releases', { application, overlays: false }, 200, signal),
  });

/** One release with its overlays, which never change. */
export const release = (application: string, number: number) =>
  queryOptions({
    queryKey: ['release', application, number],
    queryFn: async ({ signal }) => {
      const query = { application, release: number };
      return (await api.get<{ items: ReleaseView[] }>('/api/v1/releases', query, signal)).items[0] ?? null;
    },
    staleTime: Infinity,
    refetchInterval: false,
  });

export const cluster = (name: string) =>
  queryOptions({
    queryKey: ['cluster', name],
    refetchInterval: ONE_OBJECT_MS,
    queryFn: ({ signal }) => api.get<ClusterView>(`/api/v1/clusters/${part(name)}`, {}, signal),
  });
