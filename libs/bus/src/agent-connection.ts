import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect, type ConnectionOptions } from '@nats-io/transport-node';
import { type Logger, messageOf } from '#kit';
import { splitUrls, tlsOptions, type TrustedCa } from './client-options.js';
import { nkeyFromSeed } from './nkey.js';
import { subjects } from './subjects.js';

export interface AgentConnectionOptions {
  /** `tls://host:port`; several, separated by commas, for a cluster. Or where to find it, as the bus may move: asked at each connect. */
  readonly url: string | (() => string);
  /** The cluster's UID. */
  readonly cluster: string;
  /** The user JWT; asked for at each connect, so that a renewed one is used from then on. */
  readonly credential: () => string;
  /** The agent's own key, `SU…`. A secret. */
  readonly seed: string;
  /** The hub's CA, pinned at the join; where to find it, as it may be rotated. */
  readonly caPem: TrustedCa;
  /** Shown in the server's list of connections; `agent-<cluster>` unless told. */
  readonly name?: string;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
  /**
   * The server refused the credential: it expired, or was revoked. Called at each attempt that is refused, while the attempts go
   * on; call `retryNow` once there is a new one.
   */
  readonly onAuthExpired?: () => void;
  /** Milliseconds to wait before the attempt after `failures` failed ones; see defaultReconnectDelayMs. */
  readonly reconnectDelayMs?: (failures: number) => number;
}

/** Called with each new connection, before anything else uses it. */
export type OnConnection = (connection: NatsConnection, isFirst: boolean) => void;

/**
 * The first attempt is spread over two seconds, later ones over up to a minute: ten thousand agents whose server restarts must
 * not come back in the same moment, nor for ever at the same pace.
 */
export function defaultReconnectDelayMs(failures: number): number {
  if (failures === 0) return Math.random() * 2_000;
  const ceiling = Math.min(60_000, 1_000 * 2 ** Math.min(failures, 16));
  return ceiling * (0.5 + Math.random() / 2);
}

/**
 * Keeps one connection to the bus for as long as the agent lives. The client's own reconnecting is off: it gives up after the
 * second refused login, makes its first attempt at once, waits without a way to be woken when a new credential has come, and
 * keeps messages published meanwhile only to drop them silently. Here each connection is a new one.
 */
export class AgentConnection {
  #current: NatsConnection | null = null;
  readonly #closing = new AbortController();
  #waking = new AbortController();
  #abandon: () => void = () => undefined;
  readonly #ended: Promise<void>;
  readonly ready: Promise<void>;
  #isReady: () => void = () => undefined;

  constructor(
    private readonly options: AgentConnectionOptions,
    private readonly onConnection: OnConnection,
  ) {
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    this.#ended = this.#keep(settingsOf(options));
  }

  /** Null while it is down. */
  get current(): NatsConnection | null {
    return this.#current === null || this.#current.isClosed() ? null : this.#current;
  }

  /** Ends the wait before the next attempt, or skips it where that has not begun. */
  retryNow(): void {
    if (this.current === null) this.#waking.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#waking.abort();
    this.#abandon();
    const connection = this.#current;
    if (connection !== null) {
      // What was published last must leave, but a server that is gone must not hold the agent's end up.
      await Promise.race([connection.flush(), sleep(500, undefined, { ref: false })]).catch(() => undefined);
      await connection.close();
    }
    await this.#ended;
  }

  async #keep(settings: ConnectionOptions): Promise<void> {
    const { log, reconnectDelayMs = defaultReconnectDelayMs } = this.options;
    let failures = 0;
    let isFirst = true;
    while (!this.#closing.signal.aborted) {
      try {
        const connection = await this.#connect({ ...settings, servers: splitUrls(urlOf(this.options)) });
        if (connection === null) return;
        failures = 0;
        this.#current = connection;
        this.onConnection(connection, isFirst);
        this.#isReady();
        isFirst = false;
        const why = await connection.closed();
        this.#current = null;
        if (this.#isClosing()) return;
        log.info({ why: why instanceof Error ? messageOf(why, 200) : 'closed' }, 'the bus is gone; connecting again');
      } catch (error) {
        failures += 1;
        this.#report(error, failures);
      }
      await this.#wait(reconnectDelayMs(failures));
    }
  }

  /** Null when it was closed meanwhile: a server that lets a login wait must not hold the agent's end up. */
  #connect(settings: ConnectionOptions): Promise<NatsConnection | null> {
    return new Promise((resolve, reject) => {
      this.#abandon = () => resolve(null);
      connect(settings).then((connection) => {
        if (!this.#isClosing()) return resolve(connection);
        resolve(null);
        return connection.close();
      }, reject);
    });
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  #report(error: unknown, failures: number): void {
    const { log, onAuthExpired } = this.options;
    const url = urlOf(this.options);
    const name = error instanceof Error ? error.name : '';
    const isRefused = name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError';
    const why = messageOf(error, 200);
    // Every attempt of a long outage in the log would bury the rest.
    if (failures === 1 || failures % 20 === 0) log.warn({ url, why, failures }, 'the bus cannot be reached');
    else log.debug({ url, why, failures }, 'the bus cannot be reached');
    if (isRefused) onAuthExpired?.();
  }

  async #wait(ms: number): Promise<void> {
    if (this.#isClosing()) return;
    await sleep(ms, undefined, { signal: this.#waking.signal }).catch(() => undefined);
    this.#waking = new AbortController();
  }
}

function urlOf({ url }: AgentConnectionOptions): string {
  return typeof url === 'string' ? url : url();
}

function settingsOf(options: AgentConnectionOptions): ConnectionOptions {
  const key = nkeyFromSeed(options.seed);
  return {
    name: options.name ?? `agent-${options.cluster}`,
    inboxPrefix: subjects.inbox(options.cluster),
    tls: tlsOptions(options.caPem),
    authenticator: (nonce) => ({
      jwt: options.credential(),
      sig: key.sign(Buffer.from(nonce ?? '')).toString('base64url'),
    }),
    reconnect: false,
    // In a mass reconnect a login may wait its turn for long.
    timeout: 30_000,
    // A day of pings is most of what an idle agent sends; a dead connection is noticed when two are not answered.
    pingInterval: 60_000,
    noAsyncTraces: true,
    resolve: false,
  };
}
