import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { heartbeatSchema } from '#contract';
import type { ClusterUid, Heartbeat } from '#domain';
import { messageOf, type Logger } from '#kit';
import type { HeartbeatMessage, HubBus } from '#ports';
import { HUB_BUS, LOGGER } from '../../parts.js';
import { Leaving } from '../../installation/leaving.js';
import { Relay } from '../assign/relay.js';
import { Serial } from '../serial.js';
import { PresenceRecord } from './presence-record.js';

const MAX_HEARTBEAT_BYTES = 32 * 1024;
/** After so many heartbeats with an old sequence the manifest is written again. */
const BEATS_TO_REWRITE = 3;
/** How long heartbeats are gathered into one statement. */
const GATHER_MS = 100;

/** Who is there: heartbeats are gathered and written together, and a return is told to the engine. */
@Injectable()
export class Presence implements OnApplicationBootstrap, OnApplicationShutdown {
  private beats = new Map<ClusterUid, Heartbeat>();
  @Inject(Leaving) private readonly leaving!: Leaving;
  private readonly serial = new Serial(() => this.flush());
  /** Heartbeats in a row with a sequence that is too low. */
  private readonly lagging = new Map<ClusterUid, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly record: PresenceRecord,
    private readonly relay: Relay,
  ) {}

  onApplicationBootstrap(): void {
    this.bus.onHeartbeat((message) => this.take(message));
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.serial.idle();
  }

  private take(message: HeartbeatMessage): void {
    const beat = readHeartbeat(message);
    if (!beat) return;
    // The first heartbeat after a start carries the facts: a second one must not lose them while they wait.
    const facts = beat.facts ?? this.beats.get(beat.cluster)?.facts;
    const apis = beat.apis ?? this.beats.get(beat.cluster)?.apis;
    this.beats.set(beat.cluster, { ...beat, ...(facts && { facts }), ...(apis !== undefined && { apis }) });
    this.hurry(beat);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.serial.request();
    }, GATHER_MS);
  }

  /** A nudge may be lost, and so may, with the broker's power, the manifest itself: then it is written again. */
  private hurry(beat: Heartbeat): void {
    if (!this.relay.lags(beat.cluster, beat.sequence)) {
      this.lagging.delete(beat.cluster);
      return;
    }
    const beats = (this.lagging.get(beat.cluster) ?? 0) + 1;
    this.lagging.set(beat.cluster, beats);
    if (beats % BEATS_TO_REWRITE === 0) this.relay.rewrite(beat.cluster);
    else this.bus.nudge(beat.cluster);
  }

  private async flush(): Promise<void> {
    const beats = [...this.beats.values()];
    this.beats = new Map();
    if (beats.length === 0) return;
    try {
      await this.record.seen(beats);
      await this.leaving.heard(beats);
    } catch (error) {
      // The next heartbeat says the same again.
      this.log.warn({ step: 'report', error: messageOf(error) }, 'heartbeats not written');
    }
  }
}

function readHeartbeat({ cluster, body }: HeartbeatMessage): Heartbeat | null {
  if (body.length > MAX_HEARTBEAT_BYTES) return null;
  try {
    const parsed = heartbeatSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8')));
    return parsed.success && parsed.data.cluster === cluster ? parsed.data : null;
  } catch {
    return null;
  }
}
