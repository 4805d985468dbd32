import type { ReleaseView, RolloutView } from '#contract';
import type { HubClient } from '../hub-client.js';
import { findRelease, signatureText, signersOf, sourceVersion, versionOf } from '../listings/releases.js';
import { rollouts } from '../listings/rollouts.js';
import { shortRevision, type Column } from '../print.js';
import { facts, section, tableSection } from './sections.js';

const columns: readonly Column<ReleaseView['overlays'][number]>[] = [
  { heading: 'OVERLAY', text: ({ path }) => path },
  { heading: 'DIGEST', text: ({ digest }) => digest.slice(0, 12) },
  { heading: 'OBJECTS', text: ({ objects }) => String(objects) },
  { heading: 'BYTES', text: ({ bytes }) => String(bytes) },
  { heading: 'RENDERED BY', text: ({ tool }) => tool },
];

type Source = NonNullable<ReleaseView['sources']>[number];

const sourceColumns: readonly Column<Source>[] = [
  { heading: 'SOURCE', text: ({ name }) => name },
  { heading: 'ENVIRONMENT', text: ({ environment }) => environment ?? '' },
  { heading: 'VERSION', text: sourceVersion },
  { heading: 'REVISION', text: ({ revision }) => shortRevision(revision) },
  { heading: 'SIGNED BY', text: ({ signature }) => (signature ? signatureText(signature) : '') },
];

export async function describeRelease(client: HubClient, name: string, colours: boolean): Promise<string> {
  const release = await findRelease(client, name);
  const all = await client.all<RolloutView>('/api/v1/rollouts', { application: release.application }, 100);
  return [
    facts([
      ['Release', `${release.application}/${release.release}`],
      ['Barred', release.barred ? 'yes: it was rolled back; `flotilla lift` allows it again' : undefined],
      ['Source', release.source],
      ['Revision', release.revision],
      ['Version', versionOf(release)],
      ['Signed by', signersOf(release)],
      ['Subject', release.subject],
      ['Author', release.author],
      ['Committed', release.committedAt],
      ['Made', release.createdAt],
    ]),
    tableSection('Sources', release.sources ?? [], sourceColumns, { colours }),
    section('Warnings', release.warnings ?? []),
    tableSection('Overlays', release.overlays, columns, { colours }),
    tableSection('Rollouts', all.filter((each) => each.release === release.release).slice(0, 5), rollouts.columns, {
      colours,
    }),
  ].join('');
}
