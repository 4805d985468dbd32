import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { eachOnce, MODE_FACT, NAMESPACED, NAMESPACES_FACT } from '#contract';
import { parseDuration, type Labels } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, StoredCluster, Unit } from '#ports';
import { refuseByHand } from '../declared/declared-objects.js';
import type { Caller } from '../http/access/permit.js';
import { audit } from '../http/audit.js';
import { iso } from '../http/views/time.js';
import { CLOCK, SETTINGS, STORE, type HubSettings } from '../parts.js';
import { Membership } from './membership.js';

const MAX_TOKEN_TTL_MS = 7 * 24 * 3_600_000;

/** How somebody gets a cluster's agent in: shown once. */
export interface Invitation {
  readonly token: string;
  readonly expiresAt: string;
  readonly url: string;
  readonly command: string;
  /** What the agent's rights end at; absent: the whole cluster. */
  readonly namespaces?: readonly string[];
}

/** How far an agent's rights go. */
export interface Reach {
  readonly namespaces?: readonly string[] | undefined;
  /** Said in so many words. */
  readonly clusterWide?: boolean | undefined;
}

/** Registers clusters and invites their agents. */
@Injectable()
export class Registration {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly membership: Membership,
  ) {}

  async register(
    request: { readonly name: string; readonly labels: Labels; readonly tokenTtl: string } & Reach,
    caller: Caller,
  ): Promise<Invitation & { readonly cluster: StoredCluster }> {
    const ttl = parseDuration(request.tokenTtl) ?? 0;
    if (ttl < 60_000 || ttl > MAX_TOKEN_TTL_MS) {
      const fields = [{ path: 'tokenTtl', message: 'must be between 1m and 7d' }];
      throw new RejectedError('invalid', 'tokenTtl: must be between 1m and 7d', { status: 400, fields });
    }
    return this.store.transact(async (unit) => {
      const now = this.clock.now();
      const cluster = await unit.clusters.register({ uid: uuid(), name: request.name, labels: request.labels, now });
      const detail = { labels: request.labels, ...(request.namespaces && { namespaces: [...request.namespaces] }) };
      await audit(unit, { now, caller }, 'cluster.add', `Cluster/${request.name}`, { detail });
      return { cluster, ...(await this.addToken(unit, cluster, { ttl, ...request }, now)) };
    });
  }

  invite(cluster: StoredCluster, ttl: number, reach: Reach, caller: Caller): Promise<Invitation> {
    refuseToWiden(cluster, reach);
    return this.store.transact(async (unit) => {
      const now = this.clock.now();
      const { namespaces } = reach;
      await audit(unit, { now, caller }, 'cluster.token', `Cluster/${cluster.name}`, {
        ...(namespaces && { detail: { namespaces: [...namespaces] } }),
      });
      return this.addToken(unit, cluster, { ttl, namespaces }, now);
    });
  }

  async label(cluster: StoredCluster, labels: Labels, caller: Caller): Promise<void> {
    await this.store.transact(async (unit) => {
      await refuseByHand(unit, caller.actor, { kind: 'Cluster', name: cluster.name });
      await unit.clusters.setLabels(cluster.uid, labels);
      const detail = { before: cluster.labels, after: labels };
      await audit(unit, { now: this.clock.now(), caller }, 'cluster.label', `Cluster/${cluster.name}`, { detail });
    });
    this.membership.changed();
  }

  private async addToken(
    unit: Unit,
    cluster: StoredCluster,
    { ttl, namespaces }: { readonly ttl: number } & Pick<Reach, 'namespaces'>,
    now: number,
  ): Promise<Invitation> {
    const token = `fj_${randomBytes(32).toString('base64url')}`;
    const expiresAt = now + ttl;
    await unit.clusters.addJoinToken({ hash: hashToken(token), uid: cluster.uid, expiresAt });
    const names = namespaces && eachOnce(namespaces);
    const query = names === undefined ? '' : `?namespaces=${names.join(',')}`;
    const url = `${this.settings.publicUrl}/api/v1/install/${token}${query}`;
    const command = installCommand(url, this.settings);
    return { token, expiresAt: iso(expiresAt), url, command, ...(names && { namespaces: names }) };
  }
}

/** Tokens are kept only as their SHA-256. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The one line to paste: kubectl can't be given a CA for a URL, so with a private CA curl fetches the manifest. */
export function installCommand(url: string, settings: Pick<HubSettings, 'caPem' | 'publicUrl'>): string {
  // A shell takes a question mark for a pattern of file names.
  const address = url.includes('?') ? `'${url}'` : url;
  if (settings.caPem === null) return `kubectl apply -f ${address}`;
  const ca = Buffer.from(settings.caPem).toString('base64');
  return `curl -fsS --cacert <(echo ${ca} | base64 -d) ${address} | kubectl apply -f -`;
}

/** An agent that says that it is kept to namespaces is not given the whole cluster by a person who forgot to say so again. */
function refuseToWiden({ name, facts }: StoredCluster, { namespaces, clusterWide }: Reach): void {
  if (namespaces !== undefined || clusterWide === true || facts[MODE_FACT] !== NAMESPACED) return;
  const before = facts[NAMESPACES_FACT] ?? '';
  throw new RejectedError(
    'reach-not-said',
    `The agent of cluster "${name}" says that it is kept to namespaces (${before}). Say whether the new one is too: --namespaces ${before || 'NAMES'} keeps it so, --cluster-wide gives it the whole cluster.`,
    { status: 409 },
  );
}
