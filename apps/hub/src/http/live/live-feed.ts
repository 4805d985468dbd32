import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { isUnbounded, type Scope } from '#domain';
import { messageOf, type Logger } from '#kit';
import type { Store } from '#ports';
import { LOGGER, STORE } from '../../parts.js';
import { EventFeed } from '../event-feed.js';
import { CellKeeper } from './cell-keeper.js';
import type { CellTable } from './cell-table.js';
import { LiveFollower, MAX_EVENTS, type LiveSink } from './live-follower.js';
import { parseLiveId, type LivePlace } from './live-id.js';

/** Batches: what happens meanwhile comes together. */
const EVERY_MS = 500;
/** Reading the cells is at most so small a part of the time, however large the fleet. */
const REST = 4;

export interface LiveFollowing {
  readonly sink: LiveSink;
  readonly scopes: readonly Scope[];
  /** The follower's scopes of now. @throws RejectedError when it may follow no more. */
  readonly again: () => Promise<readonly Scope[]>;
  /** The id that it has; null: it begins now. */
  readonly after: string | null;
  readonly cells: { readonly application: string | null } | null;
}

/** Tells whoever follows what happens and which cells change, in batches, from wherever each one stands. */
@Injectable()
export class LiveFeed implements OnApplicationShutdown {
  private readonly followers = new Set<LiveFollower>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly events: EventFeed,
    private readonly keeper: CellKeeper,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.followers.clear();
    await this.running;
  }

  /** Returns how to stop. */
  follow(following: LiveFollowing): () => void {
    const leaving: (() => void)[] = [];
    let left = false;
    const leave = (): void => {
      left = true;
      for (const each of leaving.splice(0)) each();
    };
    this.begin(following, (end) => {
      leaving.push(end);
      // Whoever has left while this began is not to stay for ever.
      if (left) leave();
      return !left;
    }).catch((error: unknown) => {
      this.log.warn({ error: messageOf(error) }, 'a live stream could not begin');
      following.sink.end();
    });
    return leave;
  }

  /** @param stay keeps what ends something with the follower; false: it has left. */
  private async begin(
    { sink, scopes, again, after, cells }: LiveFollowing,
    stay: (end: () => void) => boolean,
  ): Promise<void> {
    const { place, isLost } = await this.placeOf(after, scopes);
    const table = cells === null ? null : await this.keeper.current();
    // Without an id it has seen nothing yet, and reads the fleet itself.
    const mark = after === null ? (table?.mark ?? 0) : place.mark;
    const follower = new LiveFollower(sink, { ...place, mark }, scopes, cells);
    if (!stay(() => this.followers.delete(follower))) return;
    follower.begin(table, isLost);
    const unfollow = this.events.follow(place.event, {
      scopes,
      again: async () => {
        const now = await again();
        follower.rescope(now);
        return now;
      },
      take: (event) => {
        if (event === null) follower.ping();
        else follower.take(event);
      },
      end: () => sink.end(),
    });
    if (!stay(unfollow)) return;
    this.followers.add(follower);
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
  }

  /** Where it goes on. Lost: from there on it misses something. */
  private async placeOf(
    after: string | null,
    scopes: readonly Scope[],
  ): Promise<{ readonly place: LivePlace; readonly isLost: boolean }> {
    const { rollouts } = this.store.read;
    const latest = (await rollouts.events({ limit: 1 })).items[0]?.id ?? 0;
    const asked = after === null ? { event: latest, mark: 0 } : parseLiveId(after);
    const fromHere = { place: { event: latest, mark: asked?.mark ?? 0 }, isLost: true };
    // Events that are not there yet: it followed a database that was put back since.
    if (asked === null || asked.event > latest) return fromHere;
    if (asked.event === latest) return { place: asked, isLost: false };
    const bounds = isUnbounded(scopes) ? [] : [scopes];
    const missed = await rollouts.eventsAfter(asked.event, MAX_EVENTS + 1, ...bounds);
    return missed.length > MAX_EVENTS ? fromHere : { place: asked, isLost: false };
  }

  private async run(): Promise<void> {
    let rest = EVERY_MS;
    while (this.followers.size > 0) {
      try {
        await sleep(rest, undefined, { signal: this.stopping.signal });
      } catch {
        return;
      }
      const began = performance.now();
      const table = await this.cells();
      const now = performance.now();
      for (const follower of [...this.followers]) follower.flush(follower.wantsCells ? table : null, now);
      rest = Math.max(EVERY_MS, REST * (performance.now() - began));
    }
  }

  private async cells(): Promise<CellTable | null> {
    if (![...this.followers].some(({ wantsCells }) => wantsCells)) return null;
    try {
      return await this.keeper.current();
    } catch (error) {
      this.log.warn({ error: messageOf(error) }, 'cells will be read again');
      return null;
    }
  }
}
