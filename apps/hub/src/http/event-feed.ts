import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { EventView } from '#contract';
import { coversPlacement, seesPair, type Scope, type ScopedCluster } from '#domain';
import { messageOf, RejectedError, type Logger } from '#kit';
import type { Store, StoredEvent } from '#ports';
import { LOGGER, STORE } from '../parts.js';
import { Serial } from '../steps/serial.js';
import { eventView } from './views/rollout-view.js';

/** Who follows events as they come. */
export interface Following {
  readonly scopes: readonly Scope[];
  /** The follower's scopes of now. @throws RejectedError when it may follow no more. */
  readonly again: () => Promise<readonly Scope[]>;
  /** Null: a ping. */
  readonly take: (event: EventView | null) => void;
  readonly end: () => void;
}

interface Follower extends Omit<Following, 'scopes'> {
  /** Id of the last event that was looked at for it. */
  at: number;
  scopes: readonly Scope[];
}

/** Events of one read. */
const BATCH = 500;
/** More followers than this are refused the oldest way: the API answers 503 by the caller. */
const MAX_FOLLOWERS = 500;

/** Reads new events from the database once, however many follow, each from where it stands. */
@Injectable()
export class EventFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly followers = new Set<Follower>();
  private readonly serial = new Serial(() => this.run());
  private readonly names = new Map<string, string>();
  /** What scopes look at, until any cluster changes. */
  private readonly clusters = new Map<string, ScopedCluster | null>();
  private isChecking = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.store.onSignal((signal) => {
      if (signal === 'resource') this.clusters.clear();
      if (signal === 'event' && this.followers.size > 0) this.serial.request();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.followers.clear();
    await this.serial.idle();
  }

  /** Keeps connections alive through proxies, and finds what a lost signal did not tell. */
  @Interval('events', 15_000)
  ping(): void {
    // A signal may be lost.
    this.clusters.clear();
    for (const follower of this.followers) follower.take(null);
    if (this.followers.size > 0) this.serial.request();
  }

  /** Ends the streams of those whose credential has ended, and looks at what the others' scopes are by now. */
  @Interval('event-followers', 5000)
  async checkAgain(): Promise<void> {
    if (this.isChecking) return;
    this.isChecking = true;
    for (const follower of [...this.followers]) {
      try {
        follower.scopes = await follower.again();
      } catch (error) {
        // A database that is away says nothing about anybody.
        if (error instanceof RejectedError) this.drop(follower);
      }
    }
    this.isChecking = false;
  }

  /** @param from id of the last event that the follower has; null: begin with what comes from now on. Returns how to stop. */
  follow(from: number | null, following: Following): () => void {
    const follower: Follower = { ...following, at: from ?? Number.MAX_SAFE_INTEGER };
    const { take } = following;
    if (this.followers.size >= MAX_FOLLOWERS) {
      const [oldest] = this.followers;
      if (oldest) this.drop(oldest);
    }
    let left = false;
    const begin = async (): Promise<void> => {
      if (from === null) {
        const { items } = await this.store.read.rollouts.events({ limit: 1 });
        follower.at = items[0]?.id ?? 0;
      }
      // Who left meanwhile would stay for ever, and in the end push out one who listens.
      if (left) return;
      this.followers.add(follower);
      this.serial.request();
    };
    take(null);
    begin().catch((error: unknown) =>
      this.log.warn({ error: messageOf(error) }, 'a follower of events could not begin'),
    );
    return () => {
      left = true;
      this.followers.delete(follower);
    };
  }

  private drop(follower: Follower): void {
    this.followers.delete(follower);
    follower.end();
  }

  /** As the store's lists of events: what names no cluster tells of all of them. */
  private async sees({ scopes }: Follower, { application, cluster }: StoredEvent): Promise<boolean> {
    if (coversPlacement(scopes, application, null)) return true;
    if (!cluster) return false;
    const known = await this.clusterOf(cluster);
    return known !== null && seesPair(scopes, application, known);
  }

  private async clusterOf(uid: string): Promise<ScopedCluster | null> {
    const known = this.clusters.get(uid);
    if (known !== undefined) return known;
    const cluster = await this.store.read.clusters.get(uid);
    if (this.clusters.size > 20_000) this.clusters.clear();
    this.clusters.set(uid, cluster);
    return cluster;
  }

  /** Events with their clusters' names. */
  async named(events: readonly StoredEvent[]): Promise<EventView[]> {
    const uids = [...new Set(events.flatMap(({ cluster }) => cluster ?? []))];
    const known = new Map(uids.map((uid) => [uid, this.names.get(uid)]));
    const unknown = uids.filter((uid) => known.get(uid) === undefined);
    if (unknown.length > 0) {
      if (this.names.size > 20_000) this.names.clear();
      for (const [uid, name] of await this.store.read.clusters.names(unknown)) {
        this.names.set(uid, name);
        known.set(uid, name);
      }
    }
    return events.map((event) => eventView(event, event.cluster ? known.get(event.cluster) : undefined));
  }

  private async run(): Promise<void> {
    try {
      for (let more = true; more;) {
        const from = Math.min(...[...this.followers].map(({ at }) => at));
        if (!Number.isFinite(from)) return;
        const events = await this.store.read.rollouts.eventsAfter(from, BATCH);
        const views = await this.named(events);
        for (const [index, event] of events.entries()) {
          for (const follower of [...this.followers]) {
            if (event.id <= follower.at) continue;
            follower.at = event.id;
            const view = views[index];
            if (view && (await this.sees(follower, event)) && this.followers.has(follower)) follower.take(view);
          }
        }
        more = events.length === BATCH;
      }
    } catch (error) {
      this.log.warn({ error: messageOf(error) }, 'events will be read again');
    }
  }
}
