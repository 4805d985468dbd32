import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { sourceSpecSchema, type DeliveryAnswer, type WebhookProvider } from '#contract';
import { messageOf, RejectedError } from '#kit';
import type { Clock, Store, StoredWebhook } from '#ports';
import type { SecretBox } from '../../installation/secret-box.js';
import { CLOCK, SECRET_BOX, STORE } from '../../parts.js';
import { Ingest } from '../../steps/ingest/ingest.js';
import { type Delivery, deliveryKey, deliveryProblem, eventOf } from './verify-delivery.js';
import { isTouched, type Push, readPush } from './read-push.js';

/** A delivery that comes again within so long is the same one. */
const REMEMBERED_MS = 60 * 60_000;
const MAX_REMEMBERED = 10_000;
/** So many deliveries with a wrong signature a minute from one address are told what is wrong. */
const MAX_FAILURES = 60;
const FAILURE_WINDOW_MS = 60_000;

/** Takes what Git hosts tell, once it is known to be theirs, and has the sources looked at that it is about. */
@Injectable()
export class WebhookDoor {
  private readonly seen = new Map<string, number>();
  /** When wrong signatures came, by the address that they came from: whoever guesses locks out nobody else. */
  private readonly failures = new Map<string, readonly number[]>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly ingest: Ingest,
  ) {}

  /** A new secret and what the database is to keep of it. */
  newSecret(name: string): { readonly secret: string; readonly sealed: Uint8Array } {
    const secret = randomBytes(32).toString('base64url');
    return { secret, sealed: this.box.seal(secret, purposeOf(name)) };
  }

  /**
   * @throws RejectedError 401 `bad-signature`, the same for a webhook that does not exist; 429 `too-many-failures`; 400 `invalid`
   */
  async take(name: string, delivery: Delivery, from: string): Promise<DeliveryAnswer> {
    const now = this.clock.now();
    const stored = await this.store.read.webhooks.open(name);
    // Whoever asks after a name that is not there learns no more than whoever has a wrong secret.
    const provider: WebhookProvider = stored?.provider ?? 'github';
    const secret =
      stored === null ? randomBytes(32).toString('base64url') : this.box.open(stored.sealed, purposeOf(name));
    const problem = deliveryProblem(provider, secret, delivery, now);
    if (problem !== null || stored === null) throw this.refusal(from, now);
    return await this.takeVerified(stored, delivery, now);
  }

  /** Who goes on guessing is told so; a right signature from the same address is taken all the same, as from behind one proxy. */
  private refusal(from: string, now: number): RejectedError {
    const failures = (this.failures.get(from) ?? []).filter((at) => at > now - FAILURE_WINDOW_MS);
    if (failures.length >= MAX_FAILURES) {
      const message = 'Too many deliveries with a wrong signature: try again in a minute';
      return new RejectedError('too-many-failures', message, { status: 429 });
    }
    if (this.failures.size >= MAX_REMEMBERED) this.failures.clear();
    this.failures.set(from, [...failures, now]);
    const message = 'This webhook has another secret, or there is none of that name';
    return new RejectedError('bad-signature', message, { status: 401 });
  }

  private async takeVerified(
    { name, provider }: StoredWebhook,
    delivery: Delivery,
    now: number,
  ): Promise<DeliveryAnswer> {
    if (this.isRepeated(name, delivery, now)) return { sources: [], message: 'it came before: nothing is to be done' };
    await this.store.read.webhooks.heard(name, now);
    const event = eventOf(provider, delivery.headers);
    if (event !== 'push') {
      const message = event === 'ping' ? 'heard; pushes will be looked at' : 'heard; only pushes matter here';
      return { sources: [], message };
    }
    const push = pushOf(provider, delivery.body);
    const sources = await this.touched(push);
    for (const source of sources) this.ingest.touch(source);
    const message = sources.length === 0 ? 'no source follows what was pushed' : 'its sources are looked at now';
    return { sources, message };
  }

  private async touched(push: Push): Promise<string[]> {
    const all = await this.store.read.resources.list('Source');
    return all.filter(({ spec }) => isTouched(sourceSpecSchema.parse(spec), push)).map(({ name }) => name);
  }

  private isRepeated(name: string, delivery: Delivery, now: number): boolean {
    const key = `${name} ${deliveryKey(delivery)}`;
    const before = this.seen.get(key);
    for (const [each, at] of this.seen) {
      if (at > now - REMEMBERED_MS && this.seen.size < MAX_REMEMBERED) break;
      this.seen.delete(each);
    }
    if (before !== undefined && before > now - REMEMBERED_MS) return true;
    this.seen.set(key, now);
    return false;
  }
}

function pushOf(provider: WebhookProvider, body: Uint8Array): Push {
  try {
    return readPush(provider, JSON.parse(Buffer.from(body).toString('utf8')));
  } catch (error) {
    const why = messageOf(error, 200).replace(/\s+/g, ' ');
    throw new RejectedError('invalid', `The body is no push as ${provider} sends it, in JSON: ${why}`, { status: 400 });
  }
}

function purposeOf(name: string): string {
  return `webhook "${name}"`;
}
