import { gunzipSync, gzipSync } from 'node:zlib';
import type { JsonObject } from '#domain';
import { RetryableError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { apiError, callKube, isSuccess } from './api-error.js';
import type { HookRun } from './helm-hooks.js';
import type { InventoryEntry } from './inventory.js';
import { PART_OF_LABEL } from './marks.js';
import { labelOf, mapAt, mapsAt, textAt } from './object-ref.js';

/** What the cluster itself remembers of an application, so that a restarted agent needs nobody. */
export interface ApplicationRecord {
  readonly cluster: string;
  readonly application: string;
  /** The manifest's entry as it was accepted. */
  readonly assignment: JsonObject;
  /** Digest that was applied whole last; empty: none yet. */
  readonly runs: string;
  /** Generation that was applied whole last; absent: none yet, or written by an agent that kept no count of it. */
  readonly applied?: number;
  readonly inventory: readonly InventoryEntry[];
  /** How far its hooks have come; absent: it has none. */
  readonly hooks?: HookRun;
}

const RECORD_LABEL = 'flotilla.dev/record';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
/** `flotilla-app-<application>-<digest>-<number>`; the head's name is in parentheses. */
const CHUNK_NAME = /^(flotilla-app-.+)-[0-9a-f]{12}-\d+$/;
/** A Secret takes 1 MiB; a record shares its first one. */
const CHUNK_BYTES = 640 * 1024;

/**
 * Records in Secrets: `flotilla-app-<application>` holds the record and a bundle that fits, further Secrets hold the chunks of
 * a larger one. Chunks are named by their content and written first, so that a record never points at what is not there.
 */
export class RecordStore {
  /** Applications whose Secret is known to exist, with the names of its chunks. */
  private readonly present = new Map<string, readonly string[]>();

  constructor(
    private readonly kube: Kube,
    private readonly namespace: string,
  ) {}

  /** All records; one that can't be read is left out and named in `broken`. @throws RetryableError */
  async loadAll(): Promise<{ readonly records: readonly ApplicationRecord[]; readonly broken: readonly string[] }> {
    const answer = await this.must({ method: 'GET', path: this.path(), query: { labelSelector: RECORD_LABEL } });
    const records: ApplicationRecord[] = [];
    const broken: string[] = [];
    for (const secret of mapsAt(answer.body, 'items')) {
      const name = textAt(mapAt(secret, 'metadata'), 'name');
      try {
        const record = unpack(bytesAt(secret, 'record'));
        this.present.set(record.application, chunksOf(secret));
        records.push(record);
      } catch {
        broken.push(name);
      }
    }
    await this.sweep(broken);
    return { records, broken };
  }

  /** Deletes the chunks that no record points at: of a write that a crash cut short. Those of a broken record stay. */
  private async sweep(broken: readonly string[]): Promise<void> {
    const query = { labelSelector: `${PART_OF_LABEL}=agent` };
    const answer = await this.must({ method: 'GET', path: this.path(), query, accept: METADATA_LIST });
    const pointedAt = new Set([...this.present.values()].flat());
    for (const secret of mapsAt(answer.body, 'items')) {
      const name = textAt(mapAt(secret, 'metadata'), 'name');
      // An application may be called as if it were a chunk of another: its head says what it is.
      const owner = labelOf(secret, RECORD_LABEL) === '' ? CHUNK_NAME.exec(name)?.[1] : undefined;
      if (owner !== undefined && !pointedAt.has(name) && !broken.includes(owner)) await this.delete(name);
    }
  }

  /** Writes a record with its gzipped bundle. @throws RetryableError, RejectedError when the API server refuses it. */
  async save(record: ApplicationRecord, digest: string, bundle: Uint8Array): Promise<void> {
    const chunks: string[] = [];
    let inline: Uint8Array = bundle;
    if (bundle.length > CHUNK_BYTES) {
      inline = new Uint8Array();
      for (let at = 0; at < bundle.length; at += CHUNK_BYTES) {
        const name = `${nameOf(record.application)}-${digest.slice(0, 12)}-${chunks.length}`;
        await this.put(name, { chunk: base64(bundle.subarray(at, at + CHUNK_BYTES)) }, {}, false);
        chunks.push(name);
      }
    }
    const data = {
      record: pack(record),
      digest: base64(Buffer.from(digest)),
      bundle: base64(inline),
      chunks: base64(Buffer.from(chunks.join('\n'))),
    };
    const labels = { [RECORD_LABEL]: record.application };
    const former = this.present.get(record.application);
    await this.put(nameOf(record.application), data, labels, former !== undefined);
    this.present.set(record.application, chunks);
    for (const name of former ?? []) if (!chunks.includes(name)) await this.delete(name);
  }

  /** Writes the record alone; the bundle beside it stays. */
  async update(record: ApplicationRecord): Promise<void> {
    await this.must({
      method: 'PATCH',
      path: this.path(nameOf(record.application)),
      contentType: 'application/merge-patch+json',
      body: { data: { record: pack(record) } },
    });
  }

  /** The gzipped bundle of that digest; null: there is none, or another. @throws RetryableError */
  async loadBundle(application: string, digest: string): Promise<Uint8Array | null> {
    const head = await callKube(this.kube, { method: 'GET', path: this.path(nameOf(application)) });
    if (head.status === 404) return null;
    check(head);
    if (bytesAt(head.body, 'digest').toString('utf8') !== digest) return null;
    const chunks = chunksOf(head.body);
    if (chunks.length === 0) return bytesAt(head.body, 'bundle');
    const parts: Uint8Array[] = [];
    for (const name of chunks) {
      const part = await callKube(this.kube, { method: 'GET', path: this.path(name) });
      if (part.status === 404) return null;
      check(part);
      parts.push(bytesAt(part.body, 'chunk'));
    }
    return Buffer.concat(parts);
  }

  async remove(application: string): Promise<void> {
    await this.delete(nameOf(application));
    for (const name of this.present.get(application) ?? []) await this.delete(name);
    this.present.delete(application);
  }

  private async delete(name: string): Promise<void> {
    const answer = await callKube(this.kube, { method: 'DELETE', path: this.path(name) });
    if (answer.status !== 404) check(answer);
  }

  private async put(
    name: string,
    data: Readonly<Record<string, string>>,
    labels: Readonly<Record<string, string>>,
    exists: boolean,
  ): Promise<void> {
    const body = secretObject(this.namespace, name, data, labels);
    const create = { method: 'POST', path: this.path(), body } as const;
    const replace = { method: 'PUT', path: this.path(name), body } as const;
    const first = await callKube(this.kube, exists ? replace : create);
    if (exists ? first.status === 404 : first.status === 409) await this.must(exists ? create : replace);
    else check(first);
  }

  private async must(request: Parameters<Kube['request']>[0]): Promise<KubeResponse> {
    const answer = await callKube(this.kube, request);
    check(answer);
    return answer;
  }

  private path(name?: string): string {
    const collection = `/api/v1/namespaces/${this.namespace}/secrets`;
    return name === undefined ? collection : `${collection}/${name}`;
  }
}

/** A Secret of the agent's own; values are base64 already. */
export function secretObject(
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { [PART_OF_LABEL]: 'agent', ...labels } },
    type: 'Opaque',
    data,
  };
}

function check(answer: KubeResponse): void {
  if (isSuccess(answer)) return;
  // A Secret's body is never in a message: the API server's reason and status have to do.
  const { reason, status } = apiError(answer);
  throw new RetryableError(
    'record-store',
    `The API server did not take or give the agent's own Secret: ${reason} (${status}).`,
  );
}

function nameOf(application: string): string {
  return `flotilla-app-${application}`;
}

/** A small record is not worth its compression. */
const PACKED_FROM = 4096;

function pack(record: ApplicationRecord): string {
  const text = Buffer.from(JSON.stringify(record));
  return (text.length < PACKED_FROM ? text : gzipSync(text, { level: 1 })).toString('base64');
}

function unpack(bytes: Buffer): ApplicationRecord {
  const isPacked = bytes[0] === 0x1f;
  return JSON.parse((isPacked ? gunzipSync(bytes) : bytes).toString('utf8')) as ApplicationRecord;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function chunksOf(secret: JsonObject): readonly string[] {
  return bytesAt(secret, 'chunks').toString('utf8').split('\n').filter(Boolean);
}

function bytesAt(secret: JsonObject, key: string): Buffer {
  return Buffer.from(textAt(mapAt(secret, 'data'), key), 'base64');
}
