import type { ReleaseView, RolloutView, Why } from '#contract';
import { holdLines } from '../hold-lines.js';
import type { HubClient } from '../hub-client.js';
import { applications, healthText } from '../listings/applications.js';
import { part } from '../listings/listing.js';
import { releases } from '../listings/releases.js';
import { rollouts } from '../listings/rollouts.js';
import { plain, shortRevision, toYaml } from '../print.js';
import { eventSection, facts, section, tableSection } from './sections.js';
import { termsSections } from './terms.js';

export async function describeApplication(client: HubClient, name: string, colours: boolean): Promise<string> {
  const row = await applications.one?.(client, name);
  const [why, latestReleases, latestRollouts, events] = await Promise.all([
    client.get<Why>(`/api/v1/why/applications/${part(name)}`),
    client.all<ReleaseView>('/api/v1/releases', { application: name }, 5),
    client.all<RolloutView>('/api/v1/rollouts', { application: name }, 5),
    eventSection(client, { application: name }),
  ]);
  const status = row?.object.status;
  return [
    facts([
      ['Application', name],
      ['Why', why.sentence],
      ['Healthy', healthText(row?.fleet)],
      ['Release', status?.release === undefined ? undefined : String(status.release)],
      ['Revision', shortRevision(status?.revision)],
      ['Applies as', row?.object.spec.serviceAccount && `service account ${row.object.spec.serviceAccount}`],
    ]),
    section(
      'Spec',
      toYaml(row?.object.spec ?? {})
        .trimEnd()
        .split('\n'),
    ),
    termsSections(row?.object.spec),
    section('It waits because', holdLines(why.holds)),
    section('Warnings', (status?.warnings ?? []).map(plain)),
    section('Evidence', why.evidence.map(plain)),
    section('You can', why.can),
    tableSection('Releases', latestReleases, releases.columns, { colours }),
    tableSection('Rollouts', latestRollouts, rollouts.columns, { colours }),
    events,
  ].join('');
}
