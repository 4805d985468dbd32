import { Controller, Get, Headers, Inject, Query, Req, Sse } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Observable } from 'rxjs';
import type { z } from 'zod';
import { cellsQuerySchema, fleetCellsSchema, liveQuerySchema, type FleetCells } from '#contract';
import type { Clock, Store } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { Callers } from '../access/callers.js';
import { CallerParam, Permit, type Caller } from '../access/permit.js';
import { Answers } from '../answers.js';
import { iso } from '../views/time.js';
import { fleetColumns } from './cell-columns.js';
import { CellKeeper } from './cell-keeper.js';
import { LiveFeed } from './live-feed.js';
import type { LiveMessage } from './live-follower.js';
import { formatLiveId } from './live-id.js';

/** The whole fleet at once, and what becomes of it. */
@ApiTags('fleet')
@Controller('api/v1')
export class LiveController {
  @Inject(STORE) private readonly store!: Store;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keeper: CellKeeper,
    private readonly feed: LiveFeed,
    private readonly callers: Callers,
  ) {}

  /** Every cluster that the caller's scopes hold, in columns. Of what they don't hold on it, nothing is told. */
  @Get('fleet/cells')
  @Permit('viewer', 'filtered')
  @Answers(fleetCellsSchema)
  async cells(
    @Query({ schema: cellsQuerySchema }) { application = null }: { application?: string | null },
    @CallerParam() { scopes }: Caller,
  ): Promise<FleetCells> {
    // Before the cells: what happens in between is told twice rather than never.
    const event = (await this.store.read.rollouts.events({ limit: 1 })).items[0]?.id ?? 0;
    const table = await this.keeper.current();
    return {
      id: formatLiveId({ event, mark: table.mark ?? 0 }),
      at: iso(this.clock.now()),
      ...fleetColumns(table, { scopes, application }),
    };
  }

  /** Server-sent events: `batch`, twice a second at most, and `ping`. A reconnect with the last id catches up. */
  @Sse('live')
  @Permit('viewer', 'filtered')
  live(
    @Query({ schema: liveQuerySchema }) query: z.output<typeof liveQuerySchema>,
    @Headers('last-event-id') last: string | undefined,
    @Req() request: FastifyRequest,
    @CallerParam() { scopes }: Caller,
  ): Observable<LiveMessage> {
    // What a browser heard on this very stream is later than what it began with.
    const after = last || query.after || null;
    const { socket } = request.raw;
    return new Observable((subscriber) =>
      this.feed.follow({
        sink: {
          send: (message) => subscriber.next(message),
          waiting: () => socket.writableLength,
          end: () => subscriber.complete(),
        },
        scopes,
        // A stream outlives the moment at which its caller was let in.
        again: async () => (await this.callers.of(request, 'viewer')).scopes,
        after,
        cells: query.cells === 'true' ? { application: query.application ?? null } : null,
      }),
    );
  }
}
