import { ASK_TIMEOUT_MS } from '#contract';
import { type FlotillaError, RejectedError, RetryableError } from '#kit';
import { AnswerParts } from './answer-parts.js';
import { checkAskId, checkToken, MAX_ASK_BYTES, subjects } from './subjects.js';

/** Answers that a hub waits for at once: each may hold MAX_ANSWER_BYTES twice, compressed and not. */
const MAX_AWAITED = 16;
/** An agent that sends each part only just in time is waited for no longer than so many timeouts. */
const MOST_TIMEOUTS = 3;

/** A part as it came, with its headers. */
export type TakePart = (part: string | undefined, parts: string | undefined, body: Uint8Array) => void;

export interface AskedAgent {
  /** Has each part taken until it is called off. */
  readonly listen: (take: TakePart) => () => void;
  /** Sends the ask, once somebody listens. */
  readonly send: () => void;
  /** How long the agent is waited for, until its first part and between two, ms. */
  readonly timeoutMs?: number | undefined;
}

/** The answers that one hub waits for now. */
export class AwaitedAnswers {
  readonly #failing = new Set<(error: FlotillaError) => void>();

  /**
   * Sends an ask and waits for all parts of the answer. Nothing is listened to any more once it has settled.
   * @throws RetryableError `agent-silent`, `asks-busy`; RejectedError `answer-invalid`
   */
  async ask({ listen, send, timeoutMs = ASK_TIMEOUT_MS }: AskedAgent): Promise<Uint8Array> {
    if (this.#failing.size >= MAX_AWAITED) {
      throw new RetryableError('asks-busy', `${MAX_AWAITED} agents are being asked at this moment: ask again.`);
    }
    const parts = new AnswerParts();
    let stop: () => void = () => undefined;
    let fail: (error: FlotillaError) => void = () => undefined;
    const timers: NodeJS.Timeout[] = [];
    const whole = new Promise<void>((resolve, reject) => {
      fail = reject;
      this.#failing.add(reject);
      const silent = (): void => {
        reject(new RetryableError('agent-silent', `The agent did not answer within ${timeoutMs / 1000} s.`));
      };
      const between = setTimeout(silent, timeoutMs);
      timers.push(between, setTimeout(silent, timeoutMs * MOST_TIMEOUTS));
      stop = listen((part, count, body) => {
        try {
          if (parts.add(part, count, body)) resolve();
          else between.refresh();
        } catch (error) {
          // At once, not after the await: what a flood brings meanwhile is taken by nobody.
          stop();
          reject(error instanceof RejectedError ? error : new RejectedError('answer-invalid', String(error)));
        }
      });
    });
    try {
      send();
      await whole;
    } finally {
      this.#failing.delete(fail);
      timers.forEach(clearTimeout);
      stop();
    }
    return await parts.join();
  }

  /** The hub closes: nobody waits any more. */
  close(): void {
    for (const fail of this.#failing) fail(new RetryableError('bus-closed', 'The connection to the bus was closed.'));
  }
}

/**
 * The subjects of an ask and of its answer.
 * @throws RejectedError `bad-subject-token`, `too-large`
 */
export function checkAsk(
  cluster: string,
  id: string,
  envelope: Uint8Array,
): { readonly ask: string; readonly answer: string } {
  checkToken(cluster, 'cluster');
  checkAskId(id);
  if (envelope.length > MAX_ASK_BYTES) {
    throw new RejectedError('too-large', `An ask has at most ${MAX_ASK_BYTES} bytes, this one ${envelope.length}.`);
  }
  return { ask: subjects.ask(cluster), answer: subjects.answer(cluster, id) };
}
