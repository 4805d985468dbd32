import type { ReleaseView } from '#contract';
import { RejectedError } from '#kit';
import { age, plain, shortRevision } from '../print.js';
import type { HubClient } from '../hub-client.js';
import type { Listing } from './listing.js';

export const releases: Listing<ReleaseView> = {
  singular: 'release',
  plural: 'releases',
  aliases: ['rel'],
  filters: ['application', 'limit'],
  list: (client, { application, limit }) => client.all('/api/v1/releases', { application }, limit),
  one: findRelease,
  name: ({ application, release }) => `release/${application}/${release}`,
  shown: (item) => item,
  empty: 'No releases: a commit of a source becomes one as soon as an application can be rendered from it.',
  columns: [
    { heading: 'RELEASE', text: ({ application, release }) => `${application}/${release}` },
    { heading: 'REVISION', text: ({ revision }) => shortRevision(revision) },
    { heading: 'SUBJECT', text: ({ subject }) => plain(subject).slice(0, 60) },
    { heading: 'AUTHOR', text: ({ author }) => author },
    { heading: 'OVERLAYS', text: ({ overlays }) => String(overlays.length) },
    { heading: 'OBJECTS', text: ({ overlays }) => overlays.map(({ objects }) => objects).join('+'), wide: true },
    { heading: 'SOURCE', text: ({ source }) => source, wide: true },
    { heading: 'VERSION', text: (release) => versionOf(release) ?? '', wide: true },
    { heading: 'SIGNED BY', text: (release) => signersOf(release) ?? '', wide: true },
    {
      heading: 'BARRED',
      text: ({ barred }) => (barred ? 'barred' : ''),
      tone: ({ barred }) => (barred ? 'bad' : undefined),
    },
    { heading: 'AGE', text: ({ createdAt }) => age(createdAt), ticks: true },
  ],
};

type Source = NonNullable<ReleaseView['sources']>[number];

/** The tag, or the chart's version, where a source has one. */
export function sourceVersion({ tag, version }: Source): string {
  return tag ?? version ?? '';
}

/** The tag or version of the commit or chart that a release is known by. */
export function versionOf({ sources = [], source, revision }: ReleaseView): string | undefined {
  const main = sources.find((each) => each.name === source && each.revision === revision);
  return main && sourceVersion(main) !== '' ? sourceVersion(main) : undefined;
}

/** `Ann (ssh SHA256:…, of the tag)`. */
export function signatureText({ signer, kind, fingerprint, of }: NonNullable<Source['signature']>): string {
  return `${signer} (${kind} ${fingerprint}, of the ${of})`;
}

/** Whoever signed something of it, each once. */
export function signersOf({ sources = [] }: ReleaseView): string | undefined {
  const signers = new Set(sources.flatMap(({ signature }) => signature?.signer ?? []));
  return signers.size === 0 ? undefined : [...signers].join(', ');
}

/** A release by `web/3`, or the newest of an application by its name. */
export async function findRelease(client: HubClient, name: string): Promise<ReleaseView> {
  const match = /^([^/]+)(?:\/(\d{1,9}))?$/.exec(name);
  if (!match?.[1]) {
    throw new RejectedError('bad-name', `"${name}" names no release: write it as web/3, or web for the newest.`);
  }
  const [, application, number] = match;
  const list = await client.all<ReleaseView>('/api/v1/releases', { application }, number === undefined ? 1 : Infinity);
  const found = number === undefined ? list[0] : list.find(({ release }) => release === Number(number));
  if (found) return found;
  throw new RejectedError(
    'not-found',
    `Release "${name}" does not exist: \`flotilla get releases --application ${application}\` lists them.`,
  );
}
