import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ASK_TIMEOUT_MS, type ApplicationAskKind, type Ask, type AskError } from '#contract';
import { PROTOCOL_VERSION, type Scope } from '#domain';
import { FlotillaError, messageOf, RejectedError, RetryableError, type Logger } from '#kit';
import type { Clock, HubBus, Store, StoredCluster } from '#ports';
import { CLOCK, HUB_BUS, LOGGER, STORE } from '../../parts.js';
import { Notary } from '../../trust/notary.js';
import { iso } from '../views/time.js';
import { notFound } from '../access/refusals.js';
import { AskRoom } from './ask-room.js';
import { readAnswer, type Answer } from './read-answer.js';
import { requireAssigned } from './require-assigned.js';

/** What the hub knows of an answer beside what the agent says. */
export interface Asked {
  readonly cluster: string;
  readonly application: string;
  readonly at: string;
  readonly assigned: number;
}

/** Asks a cluster's agent what only it can tell. Nothing is kept: each answer is of the moment. */
@Injectable()
export class AskAgent {
  @Inject(LOGGER) private readonly log!: Logger;
  private readonly room = new AskRoom();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly notary: Notary,
  ) {}

  /**
   * @throws RejectedError `not-found` (404), `not-joined`, `nothing-held`, `nothing-applied` (409), `too-many-asks` (429),
   * `agent-answer-invalid`, `agent-error` (502), `cluster-offline` (503), `agent-silent` (504); RetryableError `asks-busy`,
   * `agent-busy`, `bus-disconnected`.
   */
  async ask<K extends ApplicationAskKind>(
    kind: K,
    { cluster: name, application }: { readonly cluster: string; readonly application: string },
    scopes: readonly Scope[],
  ): Promise<Answer<K> & Asked> {
    const cluster = await this.store.read.clusters.byName(name);
    if (!cluster) throw notFound('Cluster', name);
    const assigned = await requireAssigned(this.store.read, cluster, application, scopes);
    if (!cluster.online) throw await this.offline(cluster, application);
    const answer = await this.room.take({ cluster: cluster.uid, name, what: `${kind} ${application}` }, () =>
      this.answered(kind, cluster, application),
    );
    return { ...answer, cluster: name, application, at: iso(this.clock.now()), assigned };
  }

  private async answered<K extends ApplicationAskKind>(
    kind: K,
    cluster: StoredCluster,
    application: string,
  ): Promise<Answer<K>> {
    const id = randomBytes(16).toString('hex');
    const ask: Ask = { protocol: PROTOCOL_VERSION, cluster: cluster.uid, id, ask: kind, application };
    const envelope = Buffer.from(JSON.stringify(await (await this.notary.at(this.store.read)).sign(ask)));
    try {
      const read = readAnswer(kind, await this.bus.ask(cluster.uid, id, envelope));
      if ('answer' in read) return read.answer;
      throw refused(cluster, application, read.error);
    } catch (error) {
      throw this.told(error, cluster);
    }
  }

  private async offline({ uid, name, seenAt }: StoredCluster, application: string): Promise<RejectedError> {
    const last = await this.store.read.reports.get(application, uid);
    const since = seenAt === null ? 'has never been heard of' : `has been offline since ${iso(seenAt)}`;
    const message = last?.report.message === undefined ? '' : ` (${last.report.message})`;
    const said = last
      ? `its last report, of ${iso(last.at)}, said that ${application} was ${last.report.phase}${message}`
      : `it never reported on ${application}`;
    return new RejectedError(
      'cluster-offline',
      `Cluster "${name}" ${since} and can't be asked; ${said}: \`flotilla describe cluster ${name}\` shows what is known`,
      { status: 503 },
    );
  }

  /** What became of an ask, with the cluster's name. */
  private told(error: unknown, { uid, name, agentVersion }: StoredCluster): unknown {
    if (!(error instanceof FlotillaError)) return error;
    switch (error.code) {
      case 'agent-silent':
        return new RejectedError(
          'agent-silent',
          `The agent of cluster "${name}" (version ${agentVersion ?? 'unknown'}) did not answer within ${ASK_TIMEOUT_MS / 1000} s: ` +
            `it may be away, busy, or too old to be asked; \`flotilla describe cluster ${name}\` tells when it was last heard of`,
          { status: 504 },
        );
      case 'agent-answer-invalid':
      case 'answer-invalid': {
        const why = messageOf(error, 300).replace(/\.$/, '');
        this.log.warn({ cluster: uid, why }, "an agent's answer is not one");
        return new RejectedError(
          'agent-answer-invalid',
          `What the agent of cluster "${name}" (version ${agentVersion ?? 'unknown'}) answered is no answer (${why}): nothing of it is shown`,
          { status: 502 },
        );
      }
      default:
        return error;
    }
  }
}

/** What an agent said in place of an answer, in its own words. */
function refused({ name }: StoredCluster, application: string, { code, message }: AskError['error']): FlotillaError {
  switch (code) {
    case 'busy':
      return new RetryableError('agent-busy', `The agent of cluster "${name}" is busy with other questions: ask again`);
    case 'unknown-application':
      return new RejectedError(
        'not-found',
        `The agent of cluster "${name}" does not hold application "${application}": it has been withdrawn, or not arrived yet`,
        { status: 404 },
      );
    // There is nothing to compare, or nothing to look at in a cluster that only pretends.
    case 'nothing-held':
    case 'nothing-applied':
      return new RejectedError(code, `Cluster "${name}": ${message}`, { status: 409 });
    default:
      return new RejectedError('agent-error', `The agent of cluster "${name}" could not tell: ${message}`, {
        status: 502,
      });
  }
}
