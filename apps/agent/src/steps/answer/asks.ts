import type { KeyObject } from 'node:crypto';
import type { ApplicationAsk, ApplicationAskKind, Ask, AskError } from '#contract';
import { FlotillaError, type Logger, messageOf } from '#kit';
import { type Discovery, type MarkValue, SecretMask } from '#kube';
import type { AgentBus, Kube } from '#ports';
import { detach } from '../../common.js';
import type { Reach } from '../apply/reach.js';
import { asUserOf } from '../apply/service-account.js';
import { cut } from '../report/compose-report.js';
import { answerDiff } from './answer-diff.js';
import { answerDryRun } from './answer-dry-run.js';
import { answerEvents } from './answer-events.js';
import { answerSchemas } from './answer-schemas.js';
import { answerTree } from './answer-tree.js';
import { type AnswerInput, type Inspected } from './inspected.js';
import { ReadOnlyKube } from './read-only-kube.js';
import { verifyAsk } from './verify-ask.js';

/** So many are answered at once, and so many wait; others are told that it is busy. */
const AT_WORK = 2;
const WAITING = 8;
/** Ids that are remembered: one that comes again is not answered again. */
const REMEMBERED = 256;
/** The hub waits 10 s: what is not known by then is left out. */
const ANSWER_WITHIN_MS = 8_000;
/** Longest wait for one answer of the API server; it is tried twice. */
const REQUEST_MS = 3_000;
/** Between two lines of the log on asks that are not answered. */
const TELL_EVERY_MS = 60_000;

const ANSWERS: Readonly<Record<ApplicationAskKind, (input: AnswerInput) => Promise<object>>> = {
  tree: answerTree,
  diff: answerDiff,
  events: answerEvents,
};

export interface AsksOptions {
  readonly cluster: string;
  /** Pinned at the join. */
  readonly keys: () => ReadonlyMap<string, KeyObject>;
  readonly bus: Pick<AgentBus, 'publishAnswer' | 'fetchBundle'>;
  /** What is known of an application; null: it is not of this cluster's. */
  readonly inspect: (application: string) => Inspected | null;
  readonly kube: Kube;
  readonly discovery: Discovery;
  /** Of the agent itself. */
  readonly namespace: string;
  readonly reach: Reach;
  readonly mark: MarkValue;
  /** Nothing is really applied: there is nothing to tell. */
  readonly isInstant: boolean;
  readonly logger: Logger;
}

interface Waiting {
  readonly ask: Ask;
  readonly deadline: number;
}

/**
 * Answers what the hub asks for people. Each answer is bounded in time and size, few are worked on at once, and none of them
 * changes anything: neither in the cluster nor of what the agent is at.
 */
export class Asks {
  private readonly seen = new Set<string>();
  private readonly waiting: Waiting[] = [];
  private readonly stopping = new AbortController();
  private atWork = 0;
  private ignored = 0;
  private ignoredToldAt = -Infinity;

  constructor(private readonly options: AsksOptions) {}

  /** A message came that says it is an ask. */
  take(envelope: Uint8Array): void {
    if (this.stopping.signal.aborted) return;
    const { cluster, keys, logger } = this.options;
    const verified = verifyAsk(envelope, { cluster, keys: keys() });
    if (!verified.ok && verified.id === null) {
      this.ignore(verified.message);
      return;
    }
    const id = verified.ok ? verified.ask.id : verified.id;
    // Only what is signed gets here: nobody else can push ids out of memory.
    if (this.seen.has(id)) {
      this.ignore('its id was answered before');
      return;
    }
    this.remember(id);
    if (!verified.ok) {
      this.refuse(id, 'ask-unknown', verified.message);
    } else if (this.atWork < AT_WORK || this.waiting.length < WAITING) {
      this.waiting.push({ ask: verified.ask, deadline: performance.now() + ANSWER_WITHIN_MS });
      this.work();
    } else {
      logger.info({ ask: verified.ask.ask }, 'too many questions at once');
      this.refuse(id, 'busy', 'The agent has too many questions to answer at once; ask again in a few seconds.');
    }
  }

  close(): void {
    this.stopping.abort();
    this.waiting.length = 0;
  }

  private work(): void {
    while (this.atWork < AT_WORK) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.atWork += 1;
      const done = this.answer(next).finally(() => {
        this.atWork -= 1;
        this.work();
      });
      detach(done, this.options.logger);
    }
  }

  private async answer({ ask, deadline }: Waiting): Promise<void> {
    const left = deadline - performance.now();
    const { id } = ask;
    const application = 'application' in ask ? ask.application : '';
    // Whoever asked has given up, or is about to.
    if (left < 500) return this.refuse(id, 'busy', 'The agent had too many questions to answer at once; ask again.');
    const due = new AbortController();
    const timer = setTimeout(() => due.abort(), left);
    const signal = AbortSignal.any([due.signal, this.stopping.signal]);
    let inspected: Inspected | null = null;
    let answer: object;
    try {
      inspected = isOfApplication(ask) ? this.options.inspect(application) : null;
      answer = await this.compose(ask, inspected, signal, deadline);
    } catch (error) {
      answer = this.errorAnswer(error, application, inspected?.mask ?? SecretMask.none);
    } finally {
      clearTimeout(timer);
    }
    await this.publish(id, answer);
  }

  private async compose(ask: Ask, inspected: Inspected | null, signal: AbortSignal, deadline: number): Promise<object> {
    const { kube, bus, discovery, namespace, reach, mark, isInstant } = this.options;
    const usedMs = (): number => performance.now() - (deadline - ANSWER_WITHIN_MS);
    const reading = (asUser: { readonly asUser?: string | undefined }, timeoutMs = REQUEST_MS): ReadOnlyKube =>
      new ReadOnlyKube(kube, { ...asUser, signal, timeoutMs });
    if (isInstant) return errorOf('nothing-applied', 'This agent only pretends to apply: there is nothing to look at.');
    if (ask.ask === 'schemas') return await answerSchemas(ask, reading({}, ANSWER_WITHIN_MS));
    if (ask.ask === 'dryRun') {
      const input = { bus, discovery, namespace, reach, usedMs, signal };
      return await answerDryRun(ask, { ...input, kube: reading(asUserOf(ask)), own: reading({}) });
    }
    if (inspected === null) {
      return errorOf('unknown-application', `This cluster's agent holds no application ${ask.application}.`);
    }
    const { held } = inspected;
    return await ANSWERS[ask.ask]({
      inspected,
      // The application can do no more than its service account may, and nobody sees more through it.
      kube: reading({ ...(held && asUserOf(held.assignment)) }),
      discovery,
      namespace,
      reach,
      mark,
      usedMs,
      signal,
    });
  }

  private errorAnswer(error: unknown, application: string, mask: SecretMask): AskError {
    const why = mask.hide(messageOf(error));
    if (error instanceof FlotillaError && error.kind !== 'bug') return errorOf(error.code, why);
    this.options.logger.error({ application, why }, 'a question could not be answered');
    return errorOf('agent-failed', 'The agent could not answer; its log says why.');
  }

  private refuse(id: string, code: string, message: string): void {
    detach(this.publish(id, errorOf(code, message)), this.options.logger);
  }

  private async publish(id: string, answer: object): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const { bus, logger } = this.options;
    try {
      await bus.publishAnswer(id, Buffer.from(JSON.stringify(answer)));
    } catch (error) {
      // Whoever asked hears of it by the silence.
      logger.debug({ why: messageOf(error, 200) }, 'an answer could not be sent');
    }
  }

  private remember(id: string): void {
    this.seen.add(id);
    const [oldest] = this.seen;
    if (this.seen.size > REMEMBERED && oldest !== undefined) this.seen.delete(oldest);
  }

  /** Counted, and told now and then: whoever floods the agent must not fill its log. */
  private ignore(why: string): void {
    this.ignored += 1;
    const now = performance.now();
    if (now - this.ignoredToldAt < TELL_EVERY_MS) return;
    this.options.logger.warn({ why, count: this.ignored }, 'a question was ignored');
    this.ignoredToldAt = now;
    this.ignored = 0;
  }
}

function isOfApplication(ask: Ask): ask is ApplicationAsk {
  return ask.ask !== 'schemas' && ask.ask !== 'dryRun';
}

function errorOf(code: string, message: string): AskError {
  return { error: { code: cut(code, 64), message: cut(message, 1024) } };
}
