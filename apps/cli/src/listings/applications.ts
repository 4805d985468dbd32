import type { ApplicationSpec, FleetView, HoldView } from '#contract';
import { age, shortRevision } from '../print.js';
import type { Declared } from './declared.js';
import { part, type Listing } from './listing.js';

export interface ApplicationStatus {
  readonly revision: string;
  readonly release: number;
  readonly holds: readonly HoldView[];
  readonly warnings: readonly string[];
}

export type ApplicationObject = Declared<ApplicationSpec, ApplicationStatus>;
export type FleetApplication = FleetView['applications'][number];

export interface ApplicationRow {
  readonly object: ApplicationObject;
  readonly fleet: FleetApplication | undefined;
}

export const applications: Listing<ApplicationRow> = {
  singular: 'application',
  plural: 'applications',
  aliases: ['app', 'apps'],
  filters: [],
  list: async (client) => {
    const [objects, fleet] = await Promise.all([
      client.all<ApplicationObject>('/api/v1/applications'),
      client.get<FleetView>('/api/v1/fleet'),
    ]);
    const byName = new Map(fleet.applications.map((each) => [each.name, each]));
    return objects.map((object) => ({ object, fleet: byName.get(object.metadata.name) }));
  },
  one: async (client, name) => {
    const [object, fleet] = await Promise.all([
      client.get<ApplicationObject>(`/api/v1/applications/${part(name)}`),
      client.get<FleetView>('/api/v1/fleet'),
    ]);
    return { object, fleet: fleet.applications.find((each) => each.name === name) };
  },
  name: ({ object }) => `application/${object.metadata.name}`,
  shown: ({ object }) => object,
  empty: 'No applications. A file with kind Application declares one: flotilla apply -f FILE.',
  columns: [
    { heading: 'NAME', text: ({ object }) => object.metadata.name },
    {
      heading: 'HEALTHY',
      text: ({ fleet }) => healthText(fleet),
      tone: ({ fleet }) => (fleet && total(fleet) === (fleet.health['healthy'] ?? 0) ? 'good' : 'busy'),
    },
    { heading: 'RELEASE', text: ({ object }) => String(object.status?.release ?? '') },
    { heading: 'REVISION', text: ({ object }) => shortRevision(object.status?.revision) },
    {
      heading: 'ROLLOUT',
      text: ({ fleet }) => rolloutText(fleet),
      tone: ({ fleet }) => rolloutTone(fleet?.rollout?.state, fleet?.rollout?.paused ?? false),
    },
    { heading: 'SOURCE', text: ({ object }) => object.spec.source },
    { heading: 'STRATEGY', text: ({ object }) => object.spec.strategy, wide: true },
    { heading: 'PATH', text: ({ object }) => object.spec.path, wide: true },
    { heading: 'AGE', text: ({ object }) => age(object.metadata.createdAt), ticks: true },
    { heading: 'WHY', text: ({ object }) => object.status?.holds?.[0]?.message ?? object.status?.warnings?.[0] ?? '' },
  ],
};

export function total(application: FleetApplication): number {
  return Object.values(application.health).reduce((sum, count) => sum + count, 0);
}

export function healthText(application: FleetApplication | undefined): string {
  return application ? `${application.health['healthy'] ?? 0}/${total(application)}` : '';
}

export function rolloutText(application: FleetApplication | undefined): string {
  const rollout = application?.rollout;
  return rollout ? `${rollout.id} ${rollout.paused ? 'paused' : rollout.state}` : '';
}

/** How the state of a rollout looks. */
export function rolloutTone(state: string | undefined, paused: boolean): 'good' | 'busy' | 'bad' | undefined {
  if (state === undefined) return undefined;
  if (paused) return 'bad';
  return state === 'succeeded' ? 'good' : state === 'running' ? 'busy' : 'bad';
}
