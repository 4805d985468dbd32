import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { RejectedError } from '#kit';
import { pickVersions } from '../pick-version.js';
import { type ChartDoor, digestMismatch, lineOf, MAX_PACK_BYTES, rangeOf, timeOf } from './chart-door.js';
import { ask, type ChartHttpTerms, type ChartReply, httpsUrl, statusError } from './chart-http.js';
import type { ChartPlace } from './chart-place.js';
import { BadIndex, type IndexEntry, readIndex } from './read-index.js';

/** Bytes of an index.yaml, unzipped. */
export const MAX_INDEX_BYTES = 50 * 1024 * 1024;

/** What an index had of one chart, with what tells whether it still does. */
export interface KnownIndex {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly entries: readonly IndexEntry[];
}

/** The last index of each chart: a repository that says that nothing changed is not read again. */
export interface IndexMemory {
  get(): KnownIndex | undefined;
  set(index: KnownIndex): void;
}

/** A chart of an HTTP chart repository, as `helm repo index` makes one. */
export function openHelmRepository(place: ChartPlace, terms: ChartHttpTerms, memory: IndexMemory): ChartDoor {
  const url = `${place.base}/index.yaml`;
  const letIn = place.access === null ? {} : { authorization: place.access.basic };

  async function readEntries(): Promise<readonly IndexEntry[]> {
    const known = memory.get();
    const reply = await ask(
      place,
      {
        url,
        what: 'index.yaml',
        maxBytes: MAX_INDEX_BYTES,
        headers: {
          'accept-encoding': 'gzip',
          ...(known?.etag !== undefined && { 'if-none-match': known.etag }),
          ...(known?.etag === undefined &&
            known?.lastModified !== undefined && { 'if-modified-since': known.lastModified }),
        },
        ...letIn,
      },
      terms,
    );
    if (reply.status === 304 && known !== undefined) return known.entries;
    if (reply.status === 404) {
      const mend = 'spec.url must be the folder that index.yaml is in';
      throw new RejectedError('chart-not-found', `${place.shown}: there is no index.yaml (HTTP 404); ${mend}.`);
    }
    if (reply.status !== 200) throw statusError(place, 'index.yaml', reply);
    const entries = await entriesOf(await unzipped(place, reply));
    memory.set({ etag: reply.headers.etag, lastModified: reply.headers['last-modified'], entries });
    return entries;
  }

  async function entriesOf(index: Buffer): Promise<readonly IndexEntry[]> {
    const entries = await readIndex(index, place.chart).catch((error: unknown) => {
      if (!(error instanceof BadIndex)) throw error;
      throw new RejectedError('index-invalid', `${place.shown}: index.yaml ${error.message}.`);
    });
    if (entries !== null) return entries;
    throw new RejectedError('chart-not-found', `${place.shown}: the repository has no chart "${place.chart}".`);
  }

  // One look at the index for one look at the chart.
  let entries: Promise<readonly IndexEntry[]> | undefined;
  const entriesOnce = (): Promise<readonly IndexEntry[]> => (entries ??= readEntries());

  /** Of a version that is listed twice the first one counts, as for Helm. */
  async function entryOf(version: string): Promise<IndexEntry> {
    const entry = (await entriesOnce()).find((each) => each.version === version);
    if (entry !== undefined) return entry;
    throw new RejectedError('version-not-found', `${place.shown} has no version ${version} any more.`);
  }

  return {
    async find(range) {
      const names = (await entriesOnce()).map((entry) => entry.version);
      const asked = rangeOf(range);
      // A range passes over builds: whoever names one means that one.
      const picked = names.includes(asked.range)
        ? [asked.range]
        : pickVersions(names, asked, { of: place.shown, field: 'spec.version' });
      const { version, digest, created, description: said } = await entryOf(picked[0] ?? '');
      const [createdAt, description] = [timeOf(created), lineOf(said)];
      return {
        version,
        ...(digest !== undefined && { digest }),
        ...(createdAt !== undefined && { createdAt }),
        ...(description !== undefined && { description }),
      };
    },

    async fetch({ version, digest }) {
      const entry = await entryOf(version);
      if (digest !== undefined && entry.digest !== undefined && entry.digest !== digest) {
        throw digestMismatch(place, version, digest, entry.digest);
      }
      const [at] = entry.urls;
      if (at === undefined) {
        throw new RejectedError('index-invalid', `${place.shown}: index.yaml names no URL for version ${version}.`);
      }
      const what = `version ${version}`;
      const whole = httpsUrl(at, place, what, new URL(`${place.base}/`));
      const reply = await ask(place, { url: whole.href, what, maxBytes: MAX_PACK_BYTES, ...letIn }, terms);
      if (reply.status !== 200) throw statusError(place, what, reply);
      return reply.bytes;
    },
  };
}

async function unzipped(place: ChartPlace, { headers, bytes }: ChartReply): Promise<Buffer> {
  if (!/^(x-)?gzip$/i.test(headers['content-encoding'] ?? '')) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_INDEX_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new RejectedError(
        'chart-too-large',
        `${place.shown}: index.yaml becomes more than ${MAX_INDEX_BYTES} bytes.`,
      );
    }
    throw new RejectedError('index-invalid', `${place.shown}: index.yaml is said to be gzip, and is not.`);
  }
}
