import { z } from 'zod';
import { RejectedError } from '#kit';
import { pickVersions, versionOf } from '../pick-version.js';
import { type ChartDoor, lineOf, MAX_PACK_BYTES, type PublishedChart, rangeOf, timeOf } from './chart-door.js';
import { type ChartHttpTerms, type ChartReply, httpsUrl, statusError, unreachable } from './chart-http.js';
import { ACCEPTED, readChartManifest } from './chart-manifest.js';
import type { ChartPlace } from './chart-place.js';
import { jsonOf, openRegistrySession } from './registry-session.js';

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const MAX_PAGES = 100;
const PAGE = 1000;
const MAX_TAGS = 50_000;

const tagsSchema = z.object({ tags: z.array(z.string()).nullish() });

/** A chart of an OCI registry, as `helm push` puts it there: tags are versions with `_` for `+`. */
export function openOciRegistry(place: ChartPlace, terms: ChartHttpTerms): ChartDoor {
  const session = openRegistrySession(place, terms);

  async function readTags(): Promise<readonly string[]> {
    const tags: string[] = [];
    let url: string | null = `${place.base}/tags/list?n=${PAGE}`;
    for (let page = 0; url !== null; page += 1) {
      if (page >= MAX_PAGES || tags.length > MAX_TAGS) {
        throw new RejectedError('chart-too-large', `${place.shown} has more than ${MAX_TAGS} tags: name one version.`);
      }
      const reply: ChartReply = await session.get({ url, what: 'its tags', maxBytes: MAX_PAGE_BYTES });
      if (reply.status === 404) throw notFound();
      if (reply.status !== 200) throw statusError(place, 'its tags', reply);
      const { data } = tagsSchema.safeParse(jsonOf(reply.bytes));
      if (data === undefined) throw unreachable(place, `${place.host} answered with no list of tags`);
      tags.push(...(data.tags ?? []));
      url = nextPage(reply, url);
    }
    return tags;
  }

  function nextPage({ headers }: ChartReply, current: string): string | null {
    const next = /<([^>]+)>\s*;\s*rel="?next"?/i.exec([headers.link ?? []].flat().join(', '))?.[1];
    if (next === undefined) return null;
    const url = httpsUrl(next, place, 'the next page of its tags', new URL(current));
    if (url.host !== place.host)
      throw unreachable(place, `${place.host} has the next page of its tags on another host`);
    return url.href;
  }

  function notFound(): RejectedError {
    const mend = 'spec.url must be the whole name, as helm pull takes it';
    return new RejectedError('chart-not-found', `${place.shown}: the registry has no such chart; ${mend}.`);
  }

  /** Null: there is no such version. */
  async function readVersion(version: string): Promise<PublishedChart | null> {
    const what = `version ${version}`;
    const read = (name: string): Promise<ChartReply> =>
      session.get({
        url: `${place.base}/manifests/${encodeURIComponent(name)}`,
        what,
        maxBytes: MAX_MANIFEST_BYTES,
        headers: { accept: ACCEPTED },
      });
    const reply = await read(version.replaceAll('+', '_'));
    if (reply.status === 404) return null;
    if (reply.status !== 200) throw statusError(place, what, reply);
    const { digest, size, annotations } = await readChartManifest(place, version, reply, async (each) => {
      const manifest = await read(each);
      if (manifest.status !== 200) throw statusError(place, `a manifest of ${what}`, manifest);
      return manifest;
    });
    if (size > MAX_PACK_BYTES) {
      throw new RejectedError('chart-too-large', `${place.shown}: ${what} has more than ${MAX_PACK_BYTES} bytes.`);
    }
    const about = (name: string): string | undefined => annotations[`org.opencontainers.image.${name}`];
    const [createdAt, description] = [timeOf(about('created')), lineOf(about('description'))];
    return {
      version,
      digest: digest.slice('sha256:'.length),
      ...(createdAt !== undefined && { createdAt }),
      ...(description !== undefined && { description }),
    };
  }

  return {
    async find(asked) {
      const range = rangeOf(asked);
      // One version is asked for by its name, however many there are.
      const exact = versionOf(range.range) === null ? null : await readVersion(range.range);
      if (exact !== null) return exact;
      const names = (await readTags()).map((tag) => tag.replaceAll('_', '+'));
      const [newest = ''] = pickVersions(names, range, { of: place.shown, field: 'spec.version' });
      const found = await readVersion(newest);
      if (found !== null) return found;
      throw unreachable(place, `${place.host} lists version ${newest} and does not have it`);
    },

    async fetch({ version, digest = '' }) {
      const what = `version ${version}`;
      const url = `${place.base}/blobs/sha256:${digest}`;
      const reply = await session.get({ url, what, maxBytes: MAX_PACK_BYTES });
      if (reply.status === 404) {
        throw new RejectedError(
          'digest-mismatch',
          `${place.shown}: the registry has version ${version} with the digest ${digest} no more: publish it again, or name another version.`,
        );
      }
      if (reply.status !== 200) throw statusError(place, what, reply);
      return reply.bytes;
    },
  };
}
