import { credentialLife, signByAgentKey } from '#bus';
import { type JoinAnswer, renewProofText } from '#contract';
import { type Logger, messageOf, RejectedError, RetryableError } from '#kit';
import type { Clock } from '#ports';
import type { HubAddress, OpenedBus } from '../../agent-options.js';
import { type Backoff, detach } from '../../common.js';
import type { OwnSecrets } from '../../own-secrets.js';
import { saveIdentity } from '../join/identity.js';
import type { JoinedIdentity } from '../join/join.js';
import type { Pins } from '../join/pins.js';
import { postHub } from '../join/post-hub.js';

export interface CredentialKeeperOptions {
  readonly identity: JoinedIdentity;
  readonly secrets: OwnSecrets;
  readonly hub: HubAddress;
  readonly pins: Pins;
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly logger: Logger;
}

/** Node's timers know no longer wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How long to wait after the hub refused a new credential. */
const REFUSED_MS = 10 * 60_000;

/**
 * Keeps the agent's credential fresh: over the bus when two thirds of its life are gone, and by proof of the key over HTTPS when
 * it has expired. What it learns is kept in the cluster.
 */
export class CredentialKeeper {
  private identity: JoinedIdentity;
  private bus: OpenedBus | null = null;
  private timer: NodeJS.Timeout | undefined;
  private renewing = false;
  private closed = false;
  /** The hub refused: it is not asked again at once. */
  private notBefore = 0;

  constructor(private readonly options: CredentialKeeperOptions) {
    this.identity = options.identity;
  }

  get answer(): JoinAnswer {
    return this.identity.joined;
  }

  start(bus: OpenedBus): void {
    this.bus = bus;
    this.plan();
  }

  /** The broker refused the credential; it does so at every attempt. */
  expired(): void {
    if (this.options.clock.monotonic() >= this.notBefore) this.renew();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    const life = credentialLife(this.identity.joined.credential);
    if (life === null) return;
    const { random, clock } = this.options;
    // A fleet that joined together need not renew together.
    const at = life.from + (life.to - life.from) * (2 / 3 + (random() - 0.5) / 15);
    const wait = Math.min(Math.max(at - clock.now(), 0), LONGEST_TIMER_MS);
    this.timer = setTimeout(() => this.renew(), wait);
    this.timer.unref();
  }

  private renew(): void {
    if (this.renewing || this.closed) return;
    this.renewing = true;
    detach(
      this.run().finally(() => (this.renewing = false)),
      this.options.logger,
    );
  }

  private async run(): Promise<void> {
    const { backoff, logger } = this.options;
    try {
      await backoff.until(
        () => this.attempt(),
        (error, waitMs) =>
          logger.info({ why: messageOf(error, 200), waitMs }, 'the credential could not be renewed yet'),
      );
      logger.info('the credential was renewed');
      this.plan();
    } catch (error) {
      if (this.closed) return;
      if (!(error instanceof RejectedError)) throw error;
      // What was accepted goes on being enforced.
      logger.error({ why: error.message }, 'the hub refuses a new credential: register this cluster again');
      clearTimeout(this.timer);
      this.notBefore = this.options.clock.monotonic() + REFUSED_MS;
      this.timer = setTimeout(() => this.renew(), REFUSED_MS);
      this.timer.unref();
    }
  }

  private async attempt(): Promise<void> {
    const { secrets, hub, pins, clock, backoff } = this.options;
    const { joined, seed, publicKey } = this.identity;
    const life = credentialLife(joined.credential);
    const { bus } = this;
    if (bus !== null && bus.connected() && (life === null || life.to > clock.now())) {
      const credential = await bus.renewCredential();
      this.identity = { ...this.identity, joined: { ...joined, credential } };
    } else {
      const at = clock.now();
      const proof = signByAgentKey(seed, renewProofText(joined.cluster, at));
      const body = { cluster: joined.cluster, publicKey, at, proof };
      const ca = pins.hubCa(hub.ca);
      const address = { url: hub.url, ...(ca !== undefined && { ca }) };
      const answer = await postHub(address, '/api/v1/renew', body, backoff.signal);
      this.identity = { ...this.identity, joined: keepPins(answer, joined) };
    }
    bus?.retryNow();
    // The present connection is as good without it, so its failure is no reason to renew once more.
    await saveIdentity(secrets, this.identity).catch((error: unknown) => {
      if (!(error instanceof RetryableError)) throw error;
      this.options.logger.warn({ why: messageOf(error, 200) }, 'the renewed credential could not be stored');
    });
  }
}

/**
 * Whoever answers at the hub's address is trusted with an address and a credential, and with nothing else: whom to believe is told
 * by what a pinned key signed alone.
 */
function keepPins(answer: JoinAnswer, { manifestKeys, nats, trust }: JoinAnswer): JoinAnswer {
  const { trust: _told, ...rest } = answer;
  return { ...rest, manifestKeys, nats: { ...answer.nats, ca: nats.ca }, ...(trust && { trust }) };
}
