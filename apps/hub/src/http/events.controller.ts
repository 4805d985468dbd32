import { Controller, Get, Headers, Inject, Query, Sse, type MessageEvent } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Observable } from 'rxjs';
import type { z } from 'zod';
import { eventQuerySchema, eventViewSchema, pageOf, type EventView } from '#contract';
import { RejectedError } from '#kit';
import type { Page, Store } from '#ports';
import { STORE } from '../parts.js';
import { Permit } from './access/permit.js';
import { Answers } from './answers.js';
import { EventFeed } from './event-feed.js';

/** The history, paged and as a stream. */
@ApiTags('events')
@Controller('api/v1/events')
export class EventsController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly feed: EventFeed,
  ) {}

  /** Newest first. */
  @Get()
  @Permit('viewer')
  @Answers(pageOf(eventViewSchema))
  async list(@Query({ schema: eventQuerySchema }) query: z.output<typeof eventQuerySchema>): Promise<Page<EventView>> {
    const { cluster, ...rest } = query;
    const uid = cluster === undefined ? undefined : (await this.store.read.clusters.byName(cluster))?.uid;
    if (cluster !== undefined && uid === undefined) {
      throw new RejectedError('not-found', `Cluster "${cluster}" does not exist`, { status: 404 });
    }
    const { items, next } = await this.store.read.rollouts.events({
      ...rest,
      ...(uid !== undefined && { cluster: uid }),
    });
    return { items: await this.feed.named(items), ...(next && { next }) };
  }

  /** Server-sent events, each with its id; a reconnect with `Last-Event-ID` catches up on what it missed. */
  @Sse('stream')
  @Permit('viewer')
  stream(@Headers('last-event-id') last: string | undefined): Observable<MessageEvent> {
    const from = last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : null;
    return new Observable((subscriber) =>
      this.feed.follow(from, (event) => {
        subscriber.next(event ? { id: String(event.id), type: 'event', data: event } : { type: 'ping', data: '' });
      }),
    );
  }
}
