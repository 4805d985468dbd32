import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  clusterNameSchema,
  clusterQuerySchema,
  clusterViewSchema,
  inviteRequestSchema,
  labelRequestSchema,
  pageOf,
  registerAnswerSchema,
  registerRequestSchema,
  removeAnswerSchema,
  removeQuerySchema,
  type ClusterView,
  type RegisterAnswer,
  type RemoveAnswer,
} from '#contract';
import { parseSelector, seesPair, type Scope } from '#domain';
import { RejectedError } from '#kit';
import type { ClusterQuery, Page, Store, StoredCluster } from '#ports';
import { STORE } from '../parts.js';
import { Leaving } from '../installation/leaving.js';
import { Registration, type Invitation } from '../installation/registration.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { notFound } from './access/refusals.js';
import { requireLabels } from './access/require-labels.js';
import { Answers } from './answers.js';
import { clusterView, type ClusterRow } from './views/cluster-view.js';

/** Registered clusters. */
@ApiTags('clusters')
@Controller('api/v1/clusters')
export class ClustersController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly registration: Registration,
    private readonly leaving: Leaving,
  ) {}

  @Post()
  @Permit('admin', 'filtered')
  @Answers(registerAnswerSchema)
  async register(
    @Body({ schema: registerRequestSchema }) body: z.output<typeof registerRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<RegisterAnswer> {
    requireLabels(caller.scopes, 'admin', { labels: body.labels, facts: {} });
    const { cluster, ...invitation } = await this.registration.register(body, caller);
    return answerOf(cluster, invitation);
  }

  /** A new join token for a cluster that has not joined, or has lost its agent's key; the one before ends. */
  @Post(':name/token')
  @Permit('admin', { cluster: 'name', whole: true })
  @Answers(registerAnswerSchema)
  async invite(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Body({ schema: inviteRequestSchema }) body: z.output<typeof inviteRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<RegisterAnswer> {
    const cluster = await this.find(name);
    return answerOf(cluster, await this.registration.invite(cluster, 3_600_000, body, caller));
  }

  @Get()
  @Permit('viewer', 'filtered')
  @Answers(pageOf(clusterViewSchema))
  async list(
    @Query({ schema: clusterQuerySchema }) query: z.output<typeof clusterQuerySchema>,
    @CallerParam() { scopes }: Caller,
  ): Promise<Page<ClusterView>> {
    const page = await this.store.read.clusters.list({ ...toQuery(query), scopes });
    const rows = await this.store.read.outbox.assignments(page.items.map(({ uid }) => uid));
    const byUid = new Map<string, ClusterRow[]>();
    for (const { uid, application, row } of rows) byUid.set(uid, [...(byUid.get(uid) ?? []), { application, row }]);
    return {
      items: page.items.map((cluster) => clusterView(cluster, seenRows(scopes, cluster, byUid.get(cluster.uid) ?? []))),
      ...(page.next && { next: page.next }),
    };
  }

  /** With those of its applications that the caller's scopes hold on it. */
  @Get(':name')
  @Permit('viewer', { cluster: 'name' })
  @Answers(clusterViewSchema)
  async get(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @CallerParam() { sees }: Caller,
  ): Promise<ClusterView> {
    const cluster = await this.find(name);
    const rows = await this.store.read.rollouts.ofCluster(cluster.uid);
    return clusterView(cluster, seenRows(sees, cluster, rows), true);
  }

  /** Replaces the labels. Nothing that runs moves: placement looks at them for the next release. */
  @Patch(':name')
  @Permit('operator', { cluster: 'name', whole: true })
  @Answers(clusterViewSchema)
  async label(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Body({ schema: labelRequestSchema }) body: z.output<typeof labelRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<ClusterView> {
    const cluster = await this.find(name);
    requireLabels(caller.scopes, 'operator', { labels: body.labels, facts: cluster.facts });
    await this.registration.label(cluster, body.labels, caller);
    return this.get(name, caller);
  }

  /**
   * Takes the cluster out of the fleet. With its workloads left as they are, every credential ends now. Else its agent is told to
   * delete what it applied, and all ends when it says that this is done; until then `why` says what it waits for.
   */
  @Delete(':name')
  @Answers(removeAnswerSchema)
  @Permit('admin', { cluster: 'name', whole: true })
  async remove(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Query({ schema: removeQuerySchema }) { workloads }: z.output<typeof removeQuerySchema>,
    @CallerParam() caller: Caller,
  ): Promise<RemoveAnswer> {
    const cluster = await this.find(name);
    const leaves = workloads === 'withdraw' && (await this.leaving.withdraw(cluster, caller));
    if (workloads === 'leave') await this.leaving.endNow(cluster, caller);
    return leaves
      ? { name, status: 'leaving', message: leavingText(cluster) }
      : { name, status: 'removed', message: removedText(cluster) };
  }

  private async find(name: string): Promise<StoredCluster> {
    const cluster = await this.store.read.clusters.byName(name);
    if (!cluster) throw notFound('Cluster', name);
    return cluster;
  }
}

function seenRows(scopes: readonly Scope[], cluster: StoredCluster, rows: readonly ClusterRow[]): ClusterRow[] {
  return rows.filter(({ application }) => seesPair(scopes, application, cluster));
}

function answerOf(cluster: StoredCluster, { namespaces, ...invitation }: Invitation): RegisterAnswer {
  return { cluster: clusterView(cluster, []), ...invitation, ...(namespaces && { namespaces: [...namespaces] }) };
}

function leavingText({ name, online }: StoredCluster): string {
  return online
    ? `Its agent deletes what it applied; then the registration of ${name} ends`
    : `${name} is not online: its agent is told when it comes back, deletes what it applied, and then the registration ends`;
}

function removedText({ state }: StoredCluster): string {
  return state === 'registered'
    ? 'No agent ever joined, so there is nothing to delete'
    : 'Its agent is locked out, and what it applied stays';
}

function toQuery({ limit, after, selector, status }: z.output<typeof clusterQuerySchema>): ClusterQuery {
  const page = { ...(limit !== undefined && { limit }), ...(after !== undefined && { after }) };
  return { ...page, ...(selector !== undefined && { selector: selectorOf(selector) }), ...statusQuery(status) };
}

function selectorOf(text: string): NonNullable<ClusterQuery['selector']> {
  const parsed = parseSelector(text);
  if (parsed.ok) return parsed.selector;
  const fields = [{ path: 'selector', message: parsed.message }];
  throw new RejectedError('invalid', `selector: ${parsed.message}`, { status: 400, fields });
}

function statusQuery(status: ClusterView['status'] | undefined): Pick<ClusterQuery, 'state' | 'online'> {
  switch (status) {
    case undefined:
      return {};
    case 'ready':
      return { state: 'joined', online: true };
    case 'offline':
      return { state: 'joined', online: false };
    case 'waiting':
      return { state: 'registered' };
    case 'leaving':
    case 'revoked':
      return { state: status };
  }
}
