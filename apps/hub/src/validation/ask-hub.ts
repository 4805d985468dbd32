import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Ask, DryRunAnswer, DryRunAsk, SchemasAnswer } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { RejectedError, RetryableError } from '#kit';
import type { HubBus, Store, StoredCluster } from '#ports';
import pLimit, { type LimitFunction } from 'p-limit';
import { readAnswer } from '../http/asks/read-answer.js';
import { HUB_BUS, STORE } from '../parts.js';
import { Notary } from '../trust/notary.js';

/** Schemas that are asked for at once: they are large, and people's questions need room beside them. */
const SCHEMAS_AT_ONCE = 6;
/** An agent works on two questions at a time. */
const AT_ONCE_PER_CLUSTER = 2;

type DryRunTerms = Pick<DryRunAsk, 'application' | 'digest' | 'chunks' | 'namespace' | 'serviceAccount' | 'decryption'>;

/** Asks agents what the hub wants to know before a rollout. */
@Injectable()
export class AskForHub {
  private readonly schemasLimit = pLimit(SCHEMAS_AT_ONCE);
  private readonly perCluster = new Map<string, LimitFunction>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    private readonly notary: Notary,
  ) {}

  /** Which group versions there are, or one's document. @throws RejectedError, RetryableError */
  schemas(cluster: Pick<StoredCluster, 'uid'>, groupVersion?: string): Promise<SchemasAnswer> {
    return this.inTurn(cluster.uid, () =>
      this.schemasLimit(async () => {
        const more = groupVersion === undefined ? {} : { groupVersion };
        return read('schemas', await this.send({ ...this.head(cluster.uid), ask: 'schemas', ...more }));
      }),
    );
  }

  /** Whether a cluster's API server takes a bundle; how many are asked at once is the caller's to bound. @throws RejectedError, RetryableError */
  dryRun(cluster: Pick<StoredCluster, 'uid'>, terms: DryRunTerms): Promise<DryRunAnswer> {
    return this.inTurn(cluster.uid, async () =>
      read('dryRun', await this.send({ ...this.head(cluster.uid), ask: 'dryRun', ...terms })),
    );
  }

  private inTurn<T>(uid: string, ask: () => Promise<T>): Promise<T> {
    const own = this.perCluster.get(uid) ?? pLimit(AT_ONCE_PER_CLUSTER);
    this.perCluster.set(uid, own);
    return own(ask).finally(() => {
      if (own.activeCount === 0 && own.pendingCount === 0) this.perCluster.delete(uid);
    });
  }

  private head(cluster: string): Pick<Ask, 'protocol' | 'cluster' | 'id'> {
    return { protocol: PROTOCOL_VERSION, cluster, id: randomBytes(16).toString('hex') };
  }

  private async send(ask: Ask): Promise<Uint8Array> {
    const signed = await (await this.notary.at(this.store.read)).sign(ask);
    return await this.bus.ask(ask.cluster, ask.id, Buffer.from(JSON.stringify(signed)));
  }
}

function read<K extends 'schemas' | 'dryRun'>(kind: K, bytes: Uint8Array) {
  const found = readAnswer(kind, bytes);
  if ('answer' in found) return found.answer;
  const { code, message } = found.error;
  throw code === 'busy' || code === 'bundle-missing'
    ? new RetryableError(`agent-${code}`, message)
    : new RejectedError('agent-error', message, { status: 502, code });
}
