import { Controller, Get, Headers, Inject, Query, Req, Sse, type MessageEvent } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Observable } from 'rxjs';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { eventQuerySchema, eventViewSchema, pageOf, type EventView } from '#contract';
import { seesCluster } from '#domain';
import type { Page, Store } from '#ports';
import { STORE } from '../parts.js';
import { Callers } from './access/callers.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { notFound } from './access/refusals.js';
import { Answers } from './answers.js';
import { EventFeed } from './event-feed.js';
import { msOf } from './views/time.js';

/** The history, paged and as a stream. */
@ApiTags('events')
@Controller('api/v1/events')
export class EventsController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly feed: EventFeed,
    private readonly callers: Callers,
  ) {}

  /** Newest first. */
  @Get()
  @Permit('viewer', 'filtered')
  @Answers(pageOf(eventViewSchema))
  async list(
    @Query({ schema: eventQuerySchema }) query: z.output<typeof eventQuerySchema>,
    @CallerParam() { scopes }: Caller,
  ): Promise<Page<EventView>> {
    const { cluster, since, until, ...rest } = query;
    const uid = cluster === undefined ? undefined : await this.uidOf(cluster, scopes);
    const { items, next } = await this.store.read.rollouts.events({
      ...rest,
      ...{ scopes, since: msOf(since), until: msOf(until) },
      ...(uid !== undefined && { cluster: uid }),
    });
    return { items: await this.feed.named(items), ...(next && { next }) };
  }

  /** Server-sent events, each with its id; a reconnect with `Last-Event-ID` catches up on what it missed. */
  @Sse('stream')
  @Permit('viewer', 'filtered')
  stream(
    @Headers('last-event-id') last: string | undefined,
    @Req() request: FastifyRequest,
    @CallerParam() { scopes }: Caller,
  ): Observable<MessageEvent> {
    const from = last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : null;
    return new Observable((subscriber) =>
      this.feed.follow(from, {
        scopes,
        // A stream outlives the moment at which its caller was let in.
        again: async () => (await this.callers.of(request, 'viewer')).scopes,
        take: (event) => {
          subscriber.next(event ? { id: String(event.id), type: 'event', data: event } : { type: 'ping', data: '' });
        },
        end: () => subscriber.complete(),
      }),
    );
  }

  private async uidOf(name: string, scopes: Caller['scopes']): Promise<string> {
    const cluster = await this.store.read.clusters.byName(name);
    if (!cluster || !seesCluster(scopes, cluster)) throw notFound('Cluster', name);
    return cluster.uid;
  }
}
