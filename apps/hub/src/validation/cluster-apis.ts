import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { canonicalJson, sha256, type SchemaDocument } from '#domain';
import { keepNewest, messageOf, RejectedError, type Logger } from '#kit';
import type { ApiIndex, Clock, Store, StoredCluster } from '#ports';
import pLimit from 'p-limit';
import { CLOCK, LOGGER, STORE } from '../parts.js';
import { AskForHub } from './ask-hub.js';
import { AskOneOf, type Asked } from './ask-one-of.js';
import { KeptDocuments } from './kept-documents.js';
import { isContentHash, MAX_KEPT_BYTES, readSchemas } from './read-schemas.js';
import { SchemaAllowance } from './schema-allowance.js';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Whether a cluster serves something else by now is not looked at again before, ms. */
const LOOK_AGAIN_AFTER_MS = 60_000;
/** For everything that a cluster serves, ms. */
const BRING_MS = 30_000;
/** Documents that are read at once where all are asked for: only their kinds are kept. */
const BROUGHT_AT_ONCE = 4;
/** Indexes kept in memory, of the ones asked for last, and clusters that were looked at. */
const MAX_INDEXES = 200;
const MAX_LOOKS = 5_000;

/** What some clusters serve that tell the same digest. */
export interface KnownApis {
  /** Null: not known yet. */
  readonly index: ApiIndex | null;
  readonly documents: ReadonlyMap<string, SchemaDocument>;
}

/**
 * What clusters' API servers serve: from memory, from the database, or asked of an agent that serves it. Clusters share it by what it
 * is, and never by an agent's word: an index by the digest that each of them tells of its own, a document by the SHA-512 that the
 * index has of it. So who lies is taken for a cluster that serves what no other serves.
 */
@Injectable()
export class ClusterApis {
  @Inject(LOGGER) private readonly log!: Logger;
  private readonly indexes = new Map<string, ApiIndex>();
  private readonly documents = new KeptDocuments();
  private readonly lookedAt = new Map<string, number>();
  private readonly allowance: SchemaAllowance;
  private readonly anyOf: AskOneOf;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly agents: AskForHub,
  ) {
    this.allowance = new SchemaAllowance(clock);
    this.anyOf = new AskOneOf(clock, (cluster, error) => this.tell(cluster, error));
  }

  /**
   * What the clusters serve, which all tell the same digest, with the documents of those group versions. What can't be found out
   * within the time is not there; it is looked for on.
   */
  async of(clusters: readonly Asked[], groupVersions: readonly string[], withinMs: number): Promise<KnownApis> {
    const apis = clusters[0]?.apis;
    if (apis === undefined) return { index: null, documents: new Map() };
    const due = performance.now() + withinMs;
    const index = await within(due, this.index(apis, clusters));
    if (index === null) return { index, documents: new Map() };
    const found = await Promise.all(
      groupVersions.map(async (groupVersion): Promise<[string, SchemaDocument][]> => {
        const hash = hashOf(index, groupVersion);
        const document = hash === null ? null : await within(due, this.document(groupVersion, hash, clusters));
        return document === null ? [] : [[groupVersion, document]];
      }),
    );
    return { index, documents: new Map(found.flat()) };
  }

  /** The group versions that clusters with this digest serve, and the kinds of each; null: not known yet, or not to be known. */
  async kinds(apis: string): Promise<ReadonlyMap<string, readonly string[] | null> | null> {
    const clusters = (await this.store.read.clusters.joined()).filter((cluster) => cluster.apis === apis);
    const due = performance.now() + BRING_MS;
    const index = await within(due, this.index(apis, clusters));
    if (index === null) return null;
    const inTurn = pLimit(BROUGHT_AT_ONCE);
    const found = await Promise.all(
      Object.keys(index).map((groupVersion) =>
        inTurn(async (): Promise<[string, readonly string[] | null]> => {
          const hash = hashOf(index, groupVersion);
          const document = hash === null ? null : await within(due, this.document(groupVersion, hash, clusters));
          return [groupVersion, document === null ? null : Object.keys(document.kinds)];
        }),
      ),
    );
    return new Map(found);
  }

  /** What a cluster serves at this moment, where that is not what it told last. True: it is something else. */
  async look(cluster: Asked): Promise<boolean> {
    const at = this.lookedAt.get(cluster.uid);
    const now = this.clock.now();
    if (!cluster.online || cluster.apis === undefined || (at !== undefined && now - at < LOOK_AGAIN_AFTER_MS))
      return false;
    // Not again before: whoever waits for something new to be served is looked after in a minute.
    keepNewest(this.lookedAt, cluster.uid, now, MAX_LOOKS);
    const digest = await this.anyOf.ask(`now ${cluster.uid}`, [cluster], () => this.fetchIndex(cluster));
    return digest !== null && digest !== cluster.apis;
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

  private async index(apis: string, clusters: readonly Asked[]): Promise<ApiIndex | null> {
    const known = this.indexes.get(apis) ?? (await this.store.read.apis.index(apis));
    if (known !== null) {
      keepNewest(this.indexes, apis, known, MAX_INDEXES);
      return known;
    }
    return await this.anyOf.ask(apis, clusters, async (cluster) => {
      const digest = await this.fetchIndex(cluster);
      const asked = this.indexes.get(apis);
      // Who tells the same as before is asked next.
      if (asked === undefined) throw new RejectedError('apis-changed', `It serves ${digest} by now.`);
      return asked;
    });
  }

  private async document(
    groupVersion: string,
    hash: string,
    clusters: readonly Asked[],
  ): Promise<SchemaDocument | null> {
    const key = `${groupVersion} ${hash}`;
    const known = this.documents.get(key) ?? (await this.stored(groupVersion, hash));
    if (known !== null) return known;
    return await this.anyOf.ask(key, clusters, async (cluster) => {
      const { document: told } = await this.agents.schemas(cluster, groupVersion);
      const giveBack = this.allowance.take(cluster.uid);
      const { document, json, bytes } = await readSchemas(told, { groupVersion, hash });
      giveBack(bytes);
      await this.store.read.apis.putDocument(groupVersion, hash, await pack(json));
      this.documents.put(key, document, json.length);
      return document;
    });
  }

  private async stored(groupVersion: string, hash: string): Promise<SchemaDocument | null> {
    const gzipped = await this.store.read.apis.document(groupVersion, hash);
    if (gzipped === null) return null;
    // A character may have three bytes.
    const json = (await unpack(gzipped, { maxOutputLength: 3 * MAX_KEPT_BYTES })).toString('utf8');
    const document = JSON.parse(json) as SchemaDocument;
    this.documents.put(`${groupVersion} ${hash}`, document, json.length);
    return document;
  }

  /** The digest of what a cluster tells now, whatever it told before; where that is another, it is told of it from now on. */
  private async fetchIndex(cluster: Asked): Promise<string> {
    const { groupVersions } = await this.agents.schemas(cluster);
    if (groupVersions === undefined) throw new RejectedError('schemas-false', 'There is no index in the answer.');
    const digest = sha256(canonicalJson(groupVersions));
    await this.store.read.apis.putIndex(digest, groupVersions);
    keepNewest(this.indexes, digest, groupVersions, MAX_INDEXES);
    if (digest !== cluster.apis) await this.store.read.clusters.setApis(cluster.uid, digest);
    return digest;
  }

  private tell({ name }: Asked, error: unknown): void {
    const found = { step: 'validate', cluster: name, why: messageOf(error, 300) };
    const isFalse = error instanceof RejectedError && error.code === 'schemas-false';
    this.log[isFalse ? 'warn' : 'info'](found, 'an agent did not tell what its cluster serves');
  }
}

/** Null: it is not served, or an API server that gives no digest of it leaves it to its agent's word, which is not enough. */
function hashOf(index: ApiIndex, groupVersion: string): string | null {
  const hash = Object.hasOwn(index, groupVersion) ? index[groupVersion] : undefined;
  return hash !== undefined && isContentHash(hash) ? hash : null;
}

async function within<T>(due: number, asked: Promise<T | null>): Promise<T | null> {
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
