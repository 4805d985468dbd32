import { headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { RejectedError, RetryableError } from '#kit';
import type { AgentBus } from '#ports';
import { AgentConnection, type AgentConnectionOptions } from './agent-connection.js';
import { cutAnswer, PART_HEADER, PARTS_HEADER } from './answer-parts.js';
import { busError, publishAcked, refusal, request } from './requests.js';
import { checkAskId, checkDigest, checkToken, ERROR_HEADER, MAX_ASK_BYTES, subjects } from './subjects.js';

export type { AgentConnectionOptions as AgentBusOptions } from './agent-connection.js';

/** Chunks asked for at once: half a megabyte under way is enough to keep the line busy, and little for a slow one. */
const PARALLEL_CHUNKS = 4;
/** Parts of an answer that are sent before the broker is heard: a megabyte in the client's buffer. */
const PARTS_AHEAD = 8;
const decoder = new TextDecoder();

/** An AgentBus that is there at once, connected or not, so that an agent works on while the hub is away. */
export interface OpenAgentBus extends AgentBus {
  /** Resolves at the first connection; never rejects. */
  readonly ready: Promise<void>;
  /** Tries again now instead of after the present wait: call it when there is a new credential. */
  retryNow(): void;
}

/** Opens the bus without waiting for a connection; until there is one, everything rejects as `bus-disconnected`. */
export function openAgentBus(options: AgentConnectionOptions): OpenAgentBus {
  return new NatsAgentBus(options);
}

/** The same, resolving when it is connected for the first time, however long that takes. */
export async function connectAgentBus(options: AgentConnectionOptions): Promise<OpenAgentBus> {
  const bus = new NatsAgentBus(options);
  await bus.ready;
  return bus;
}

class NatsAgentBus implements OpenAgentBus {
  readonly ready: Promise<void>;
  readonly #connection: AgentConnection;
  readonly #cluster: string;
  readonly #nudged: (() => void)[] = [];
  readonly #asked: ((envelope: Uint8Array) => void)[] = [];
  readonly #reconnected: (() => void)[] = [];

  constructor(options: AgentConnectionOptions) {
    this.#cluster = checkToken(options.cluster, 'cluster');
    this.#connection = new AgentConnection(options, (connection, isFirst) => this.#begin(connection, isFirst));
    this.ready = this.#connection.ready;
  }

  async fetchManifest(): Promise<Uint8Array | null> {
    const answer = await request(this.#connection.current, subjects.getManifest(this.#cluster));
    return storedBytes(answer);
  }

  onNudge(handle: () => void): void {
    this.#nudged.push(handle);
  }

  onAsk(handle: (envelope: Uint8Array) => void): void {
    this.#asked.push(handle);
  }

  async publishAnswer(id: string, body: Uint8Array): Promise<void> {
    const subject = subjects.answer(this.#cluster, checkAskId(id));
    const parts = await cutAnswer(body);
    const connection = this.#connection.current;
    if (connection === null) throw new RetryableError('bus-disconnected', 'The bus is not connected now.');
    try {
      for (const [number, part] of parts.entries()) {
        const which = headers();
        which.set(PART_HEADER, String(number));
        which.set(PARTS_HEADER, String(parts.length));
        connection.publish(subject, part, { headers: which });
        if (number % PARTS_AHEAD === PARTS_AHEAD - 1) await connection.flush();
      }
      await connection.flush();
    } catch (error) {
      throw busError(error);
    }
  }

  async fetchBundle(digest: string, chunks: number): Promise<Uint8Array> {
    checkDigest(digest);
    const parts = new Array<Uint8Array>(chunks);
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < chunks) {
        const chunk = next++;
        const part = storedBytes(await request(this.#connection.current, subjects.getChunk(digest, chunk)));
        if (part === null) {
          // The others have nothing to fetch for any more.
          next = chunks;
          throw new RetryableError(
            'bundle-missing',
            `Chunk ${chunk} of ${chunks} of bundle ${digest} is not on the bus.`,
          );
        }
        parts[chunk] = part;
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL_CHUNKS, chunks) }, work));
    return Buffer.concat(parts);
  }

  async publishStatus(application: string, body: Uint8Array): Promise<void> {
    const subject = subjects.status(this.#cluster, checkToken(application, 'application'));
    const answer = await publishAcked(this.#connection.current, subject, body);
    if (!answer.ok) throw refusal(`the report on ${application}`, answer);
  }

  publishHeartbeat(body: Uint8Array): void {
    const connection = this.#connection.current;
    if (connection !== null) connection.publish(subjects.heartbeat(this.#cluster), body);
  }

  async renewCredential(): Promise<string> {
    const answer = await request(this.#connection.current, subjects.renew(this.#cluster));
    const refused = answer.headers?.get(ERROR_HEADER);
    const text = decoder.decode(answer.data);
    if (!refused) return text;
    if (refused === 'retry') throw new RetryableError('renew-failed', 'The hub could not renew the credential now.');
    throw new RejectedError(refused, text.slice(0, 500));
  }

  onReconnect(handle: () => void): void {
    this.#reconnected.push(handle);
  }

  connected(): boolean {
    return this.#connection.current !== null;
  }

  retryNow(): void {
    this.#connection.retryNow();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #begin(connection: NatsConnection, isFirst: boolean): void {
    const ask = subjects.ask(this.#cluster);
    // One subscription for all that comes down; whatever is no ask means "look at your manifest".
    connection.subscribe(subjects.down(this.#cluster), {
      callback: (error, message) => {
        if (error !== null) return;
        if (message.subject !== ask) for (const handle of this.#nudged) handle();
        else if (message.data.length <= MAX_ASK_BYTES) for (const handle of this.#asked) handle(message.data);
      },
    });
    if (!isFirst) for (const handle of this.#reconnected) handle();
  }
}

/** The stored value that a direct get answers; null where there is none. Across an import that is a header alone. */
function storedBytes(answer: Msg): Uint8Array | null {
  const headers = answer.headers;
  if (headers === undefined || headers.code === 0) {
    return headers?.get('KV-Operation') ? null : answer.data;
  }
  if (headers.code === 404) return null;
  throw new RetryableError('bus-answer', `The bus answered ${headers.code} ${headers.description}.`.slice(0, 300));
}
