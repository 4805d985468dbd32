import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { MAX_ANSWER_BYTES } from '#contract';
import { canonicalJson, sha256, type SchemaDocument } from '#domain';
import { keepNewest, messageOf, type Logger } from '#kit';
import type { ApiIndex, Clock, Store, StoredCluster } from '#ports';
import { CLOCK, LOGGER, STORE } from '../parts.js';
import { AskForHub } from './ask-hub.js';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** What an agent could not tell is not asked for again before, ms. */
const AGAIN_AFTER_MS = 60_000;
/** For everything that a cluster serves, ms. */
const BRING_MS = 30_000;
/** Indexes and documents kept in memory, of the ones asked for last: some 40 MB. */
const MAX_INDEXES = 200;
const MAX_DOCUMENTS = 200;

/** What some clusters serve that tell the same digest. */
export interface KnownApis {
  /** Null: not known yet. */
  readonly index: ApiIndex | null;
  readonly documents: ReadonlyMap<string, SchemaDocument>;
}

type Told = Pick<StoredCluster, 'uid' | 'name' | 'online' | 'apis'>;

/** What clusters' API servers serve: from memory, from the database, or asked of an agent that serves it. */
@Injectable()
export class ClusterApis {
  @Inject(LOGGER) private readonly log!: Logger;
  private readonly indexes = new Map<string, ApiIndex>();
  private readonly documents = new Map<string, SchemaDocument>();
  private readonly asking = new Map<string, Promise<unknown>>();
  private readonly failedAt = new Map<string, number>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly agents: AskForHub,
  ) {}

  /**
   * What the clusters serve, which all tell the same digest, with the documents of those group versions. What can't be found out
   * within the time is not there; it is looked for on.
   */
  async of(clusters: readonly Told[], groupVersions: readonly string[], withinMs: number): Promise<KnownApis> {
    const apis = clusters[0]?.apis;
    if (apis === undefined) return { index: null, documents: new Map() };
    const whom = clusters.find(({ online }) => online);
    const due = performance.now() + withinMs;
    const index = await this.within(due, this.index(apis, whom));
    if (index === null) return { index, documents: new Map() };
    const found = await Promise.all(
      groupVersions.map(async (groupVersion): Promise<[string, SchemaDocument][]> => {
        const hash = Object.hasOwn(index, groupVersion) ? index[groupVersion] : undefined;
        if (hash === undefined) return [];
        const document = await this.within(due, this.document(groupVersion, hash, whom));
        return document === null ? [] : [[groupVersion, document]];
      }),
    );
    return { index, documents: new Map(found.flat()) };
  }

  /** Has all of it told that clusters with this digest serve, as far as some of them are there. */
  async bring(apis: string): Promise<void> {
    const clusters = (await this.store.read.clusters.joined()).filter((cluster) => cluster.apis === apis);
    const { index } = await this.of(clusters, [], BRING_MS);
    if (index !== null) await this.of(clusters, Object.keys(index), BRING_MS);
  }

  /** What a cluster serves at this moment, where that is not what it told last. True: it is something else. */
  async look(cluster: Told): Promise<boolean> {
    const key = `look ${cluster.uid}`;
    if (!cluster.online || cluster.apis === undefined || this.hasFailed(key)) return false;
    // Not again before: whoever waits for something new to be served is looked after in a minute.
    this.failedAt.set(key, this.clock.now());
    const digest = await this.once(key, () => this.fetchIndex(cluster));
    if (digest === null || digest === cluster.apis) return false;
    await this.store.read.clusters.setApis(cluster.uid, digest);
    return true;
  }

  /** Some clusters as they are stored now. */
  async told(uids: readonly string[]): Promise<ReadonlyMap<string, StoredCluster>> {
    const found = await Promise.all(uids.map((uid) => this.store.read.clusters.get(uid)));
    return new Map(found.flatMap((cluster) => (cluster ? [[cluster.uid, cluster]] : [])));
  }

  /** Drops what no cluster serves any more. */
  sweep(): Promise<number> {
    return this.store.read.apis.sweep();
  }

  private async index(apis: string, whom: Told | undefined): Promise<ApiIndex | null> {
    const known = this.indexes.get(apis) ?? (await this.store.read.apis.index(apis));
    if (known !== null) {
      keepNewest(this.indexes, apis, known, MAX_INDEXES);
      return known;
    }
    if (whom === undefined || this.hasFailed(apis)) return null;
    const digest = await this.once(apis, () => this.fetchIndex(whom));
    // It serves something else by now; who tells the same as before is asked next.
    if (digest !== null && digest !== apis) await this.store.read.clusters.setApis(whom.uid, digest);
    const asked = this.indexes.get(apis) ?? null;
    if (asked === null) this.failedAt.set(apis, this.clock.now());
    return asked;
  }

  private async document(groupVersion: string, hash: string, whom: Told | undefined): Promise<SchemaDocument | null> {
    const key = `${groupVersion} ${hash}`;
    const known = this.documents.get(key) ?? (await this.stored(groupVersion, hash));
    if (known !== null) {
      keepNewest(this.documents, key, known, MAX_DOCUMENTS);
      return known;
    }
    if (whom === undefined || this.hasFailed(key)) return null;
    await this.once(key, async () => {
      const { document } = await this.agents.schemas(whom, groupVersion);
      if (document?.groupVersion !== groupVersion) return;
      const { kinds, schemas } = document;
      const read: SchemaDocument = { kinds, schemas };
      await this.store.read.apis.putDocument(groupVersion, document.hash, await pack(JSON.stringify(read)));
      keepNewest(this.documents, `${groupVersion} ${document.hash}`, read, MAX_DOCUMENTS);
    });
    const asked = this.documents.get(key) ?? null;
    if (asked === null) this.failedAt.set(key, this.clock.now());
    return asked;
  }

  private async stored(groupVersion: string, hash: string): Promise<SchemaDocument | null> {
    const gzipped = await this.store.read.apis.document(groupVersion, hash);
    if (gzipped === null) return null;
    const json = await unpack(gzipped, { maxOutputLength: 2 * MAX_ANSWER_BYTES });
    return JSON.parse(json.toString('utf8')) as SchemaDocument;
  }

  /** The digest of what was found. */
  private async fetchIndex(whom: Told): Promise<string | null> {
    const { groupVersions } = await this.agents.schemas(whom);
    if (groupVersions === undefined) return null;
    // Of what it told now, whatever it told before.
    const digest = sha256(canonicalJson(groupVersions));
    await this.store.read.apis.putIndex(digest, groupVersions);
    keepNewest(this.indexes, digest, groupVersions, MAX_INDEXES);
    return digest;
  }

  /** The same question is asked once at a time; one that fails is told in the log, and has no answer. */
  private async once<T>(key: string, ask: () => Promise<T>): Promise<T | null> {
    const running =
      this.asking.get(key) ??
      ask()
        .catch((error: unknown) => {
          this.log.info({ step: 'validate', why: messageOf(error, 300) }, 'an agent did not tell what it serves');
          return null;
        })
        .finally(() => this.asking.delete(key));
    this.asking.set(key, running);
    return (await running) as T | null;
  }

  private hasFailed(key: string): boolean {
    const at = this.failedAt.get(key);
    const isFresh = at !== undefined && this.clock.now() - at < AGAIN_AFTER_MS;
    if (!isFresh) this.failedAt.delete(key);
    return isFresh;
  }

  private async within<T>(due: number, asked: Promise<T | null>): Promise<T | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), Math.max(0, due - performance.now()));
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
