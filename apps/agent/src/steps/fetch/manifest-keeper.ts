import type { Manifest } from '#domain';
import { type Logger, messageOf, RetryableError } from '#kit';
import type { AgentBus } from '#ports';
import type { Applications } from '../../applications.js';
import { type Backoff, detach, jittered } from '../../common.js';
import type { Pins } from '../join/pins.js';
import { verifyManifest } from './verify-manifest.js';

export interface ManifestKeeperOptions {
  readonly cluster: string;
  readonly pins: Pins;
  readonly bus: AgentBus;
  readonly applications: Applications;
  /** What is held from before; null: nothing. */
  readonly held: Manifest | null;
  /** Keeps an accepted envelope in the cluster, and only then what it says of whom to trust: what is kept stays believed. */
  readonly store: (envelope: Uint8Array) => Promise<void>;
  /** After each look, whatever came of it. */
  readonly onLooked: () => void;
  readonly everyMs: number;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Why the manifest is looked at; only after a reconnect everybody does so at once. */
export type LookReason = 'start' | 'nudge' | 'reconnect' | 'period' | 'retry';

/** A stale replica may answer with an older manifest for a moment: it is asked again before anything is called refused. */
const LOOK_AGAIN_MS = 1_000;

/** Until what could not be stored is stored, a rotation of keys waits for this cluster. */
const STORE_AGAIN_MS = 30_000;

/** Fetches the manifest when there is reason to, and hands it on once it is verified. One look at a time; more are joined. */
export class ManifestKeeper {
  private held: Manifest | null;
  private heldText = '';
  private next: LookReason | null = null;
  private looking = false;
  private closed = false;
  private periodTimer: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private olderSeen = false;
  private storing: Promise<void> = Promise.resolve();

  constructor(private readonly options: ManifestKeeperOptions) {
    this.held = options.held;
    this.period();
  }

  /** Sequence of what is held; 0: nothing yet. */
  get sequence(): number {
    return this.held?.sequence ?? 0;
  }

  look(reason: LookReason): void {
    if (this.closed) return;
    this.next = this.next === 'reconnect' ? 'reconnect' : reason;
    if (this.looking) return;
    this.looking = true;
    clearTimeout(this.retryTimer);
    detach(this.run(), this.options.logger);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.periodTimer);
    clearTimeout(this.retryTimer);
  }

  private async run(): Promise<void> {
    try {
      while (this.next !== null && !this.closed) {
        const reason = this.next;
        this.next = null;
        await this.lookOnce(reason);
      }
    } finally {
      this.looking = false;
    }
  }

  private async lookOnce(reason: LookReason): Promise<void> {
    const { bus, backoff, logger, onLooked } = this.options;
    try {
      const envelope = await bus.fetchManifest();
      backoff.reset();
      if (envelope !== null && !this.closed) this.accept(envelope, reason);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      // Without a connection the reconnect is the reason for the next look.
      if (bus.connected()) this.retry(backoff.next());
      logger.debug({ why: messageOf(error, 200) }, 'the manifest could not be fetched');
    }
    if (!this.closed) onLooked();
  }

  private accept(envelope: Uint8Array, reason: LookReason): void {
    const { applications, cluster, pins, logger } = this.options;
    const text = Buffer.from(envelope).toString('latin1');
    if (text === this.heldText) {
      this.olderSeen = false;
      return applications.retell();
    }
    const held = { keys: pins.keys(), heldTrust: pins.generation, heldSequence: this.sequence };
    const verified = verifyManifest(envelope, { cluster, ...held });
    if (!verified.ok) {
      if (verified.code === 'manifest-sequence' && !this.olderSeen) {
        this.olderSeen = true;
        this.retry(LOOK_AGAIN_MS);
        return;
      }
      logger.error({ code: verified.code, why: verified.message }, 'a manifest was refused');
      if (verified.claims !== null) applications.refuseAll(verified.claims, verified.message);
      return;
    }
    this.olderSeen = false;
    this.held = verified.manifest;
    if (verified.manifest.trust) pins.adopt(verified.manifest.trust);
    this.heldText = text;
    // One after the other, so that an older one never lands on a newer.
    this.storing = this.storing.then(() => this.keep(envelope));
    detach(this.storing, logger);
    applications.accept(verified.manifest, reason === 'reconnect');
  }

  /** A crash before it is stored costs no more than another fetch; an outage of the API server not even that. */
  private async keep(envelope: Uint8Array): Promise<void> {
    try {
      await this.options.store(envelope);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      this.options.logger.warn({ why: messageOf(error, 200) }, 'the manifest could not be stored in the cluster');
      this.heldText = '';
      if (!this.closed) this.retry(STORE_AGAIN_MS);
    }
  }

  private retry(waitMs: number): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.look('retry'), waitMs);
  }

  private period(): void {
    this.periodTimer = setTimeout(
      () => {
        this.look('period');
        this.period();
      },
      jittered(this.options.everyMs, this.options.random),
    );
    this.periodTimer.unref();
  }
}
