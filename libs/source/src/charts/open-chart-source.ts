import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { BugError, type Logger, type Resolve } from '#kit';
import type { ChartRepository, ChartSource, ChartVersion, ReadCredential } from '#ports';
import { type ChartDoor, digestMismatch, type PublishedChart } from './chart-door.js';
import type { ChartHttpTerms } from './chart-http.js';
import { openPlace, type ChartPlace } from './chart-place.js';
import { type KnownIndex, openHelmRepository } from './helm-repository.js';
import { openOciRegistry } from './oci-registry.js';
import { digestOf, openPackShelf } from './pack-shelf.js';
import { unpackChart } from './unpack-chart.js';

export interface ChartSourceOptions {
  /** Where packed charts are kept, this hub's alone; made where it is missing. */
  readonly folder: string;
  readonly log: Logger;
  /** Whether charts may be at the hub's own machine and link (loopback and link-local addresses); false unless told. */
  readonly allowLocalAddresses?: boolean;
  /** Resolves hosts' names; the system's unless told. */
  readonly resolve?: Resolve;
  /** PEM of authorities that are trusted beside the system's; none unless told. */
  readonly authorities?: readonly string[];
  /** Gives what a source's credential holds; none are known unless told. */
  readonly credentials?: ReadCredential;
  /** One request; 60,000 ms unless told. */
  readonly timeoutMs?: number;
  /** All packs on the disk; 1 GiB unless told. */
  readonly maxKeptBytes?: number;
}

export interface OpenChartSource extends ChartSource {
  /** Ends every request; calls under way end with RetryableError `source-unreachable`. */
  close(): void;
}

/** Charts whose index is remembered, and letters of each: one that is longer is read again each time. */
const MAX_INDEXES = 200;
const MAX_INDEX_LETTERS = 512 * 1024;
/** Begins the names of folders that a chart is unpacked into to see whether it can be. */
const TRY_FOLDER = 'try-';

/** Charts of HTTP chart repositories and OCI registries. See docs/adr/0012-sources-and-rendering.md. */
export function openChartSource(options: ChartSourceOptions): OpenChartSource {
  const root = path.resolve(options.folder);
  const stop = new AbortController();
  // One listener for each request under way.
  setMaxListeners(0, stop.signal);
  const terms: ChartHttpTerms = {
    rules: { allowLocal: options.allowLocalAddresses ?? false, setting: 'FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES' },
    timeoutMs: options.timeoutMs ?? 60_000,
    signal: stop.signal,
    ...(options.authorities && { authorities: options.authorities }),
    ...(options.resolve && { resolve: options.resolve }),
  };
  const shelf = openPackShelf({ folder: root, maxBytes: options.maxKeptBytes ?? 1024 ** 3, log: options.log });
  let prepared: Promise<void> | undefined;
  const indexes = new Map<string, KnownIndex>();
  /** Packs that are being fetched, by place and digest: many clusters' overlays ask for one chart at once. */
  const fetching = new Map<string, Promise<Buffer>>();
  const credentials: ReadCredential =
    options.credentials ??
    (() => Promise.reject(new BugError('no-credentials', 'This chart source was opened without credentials.')));

  /** What one credential brought is not another's. */
  const keyOf = ({ type, url, chart, credential }: ChartRepository): string =>
    JSON.stringify([type, url, chart ?? '', credential ?? '']);

  async function open(repository: ChartRepository): Promise<{ place: ChartPlace; door: ChartDoor; key: string }> {
    const place = await openPlace(repository, credentials);
    const key = keyOf(repository);
    if (place.type === 'oci') return { place, key, door: openOciRegistry(place, terms) };
    const remember = (index: KnownIndex): void => {
      indexes.delete(key);
      if (JSON.stringify(index.entries).length > MAX_INDEX_LETTERS) return;
      indexes.set(key, index);
      const [oldest = ''] = indexes.keys();
      if (indexes.size > MAX_INDEXES) indexes.delete(oldest);
    };
    return { place, key, door: openHelmRepository(place, terms, { get: () => indexes.get(key), set: remember }) };
  }

  /** Fetches a pack, and keeps it once it is known to be what is said of it and to be a chart. */
  async function bring(
    { place, door, key }: Awaited<ReturnType<typeof open>>,
    { version, digest }: Pick<PublishedChart, 'version' | 'digest'>,
  ): Promise<{ pack: Buffer; digest: string }> {
    const pack = await door.fetch({ version, ...(digest !== undefined && { digest }) });
    const found = digestOf(pack);
    if (digest !== undefined && found !== digest) throw digestMismatch(place, version, digest, found);
    if (digest !== undefined || !(await shelf.has(key, found))) {
      await tryUnpack(pack);
      await shelf.put(key, found, pack);
    }
    return { pack, digest: found };
  }

  /** A source that never had a chart that can be unpacked keeps the version that it had. */
  async function tryUnpack(pack: Buffer): Promise<void> {
    prepared ??= prepare(root);
    await prepared;
    const folder = await mkdtemp(path.join(root, TRY_FOLDER));
    try {
      await unpackChart(pack, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function packOf(
    repository: ChartRepository,
    pinned: Pick<ChartVersion, 'version' | 'digest'>,
  ): Promise<Buffer> {
    const key = keyOf(repository);
    const kept = await shelf.get(key, pinned.digest);
    if (kept !== null) return kept;
    const both = `${key}\n${pinned.digest}`;
    const under = fetching.get(both);
    if (under !== undefined) return await under;
    const begun = open(repository)
      .then((opened) => bring(opened, pinned))
      .then(({ pack }) => pack)
      .finally(() => fetching.delete(both));
    fetching.set(both, begun);
    return await begun;
  }

  return {
    async resolve({ range, prereleases, ...repository }) {
      const opened = await open(repository);
      const found = await opened.door.find({ range, prereleases });
      const { digest, ...about } = found;
      if (digest !== undefined && (await shelf.has(opened.key, digest))) return { ...about, digest };
      return { ...about, digest: (await bring(opened, found)).digest };
    },
    export: async ({ version, digest, ...repository }, folder) =>
      unpackChart(await packOf(repository, { version, digest }), folder),
    close: () => stop.abort(),
  };
}

/** Makes the folder, and removes what a hub that was killed left in it. */
async function prepare(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  for (const name of await readdir(root)) {
    if (name.startsWith(TRY_FOLDER)) await rm(path.join(root, name), { recursive: true, force: true });
  }
}
