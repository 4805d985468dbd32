import { Inject, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, RejectedError, type Logger } from '#kit';
import type { Clock, Store, Unit } from '#ports';
import { CLOCK, LOGGER, STORE } from '../../parts.js';
import type { CommandRequest } from './command.js';

/** What a command did within its transaction. */
export interface Worked<T extends object> {
  readonly answer: T;
  /** What is to be done once it is committed. */
  readonly after?: () => void | Promise<void>;
}

/** Undoes a transaction whose answer is wanted all the same. */
class Undone<T> extends Error {
  constructor(readonly answer: T) {
    super('undone');
  }
}

/** Another request with the same key was committed first. */
class AnsweredAlready extends Error {}

/**
 * Carries commands out, each in one transaction with the answer that its Idempotency-Key keeps: after a crash both are there, or
 * neither, and of two at once one acts and both get the same answer.
 */
@Injectable()
export class CommandWork {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @throws RejectedError `idempotency-key-reused`, and what the work refuses. */
  async run<T extends object>(
    command: CommandRequest,
    work: (unit: Unit, now: number) => Promise<Worked<T>>,
  ): Promise<T & { dryRun?: true }> {
    if (command.dryRun) return this.try(work);
    const kept = await this.kept<T>(command);
    if (kept) return kept;
    try {
      const { answer, after } = await this.store.transact((unit) => this.once(unit, command, work));
      await after?.();
      return answer;
    } catch (error) {
      // The same request at the same time: it may have been refused only because the other one had done it.
      if (!(error instanceof RejectedError) && !(error instanceof AnsweredAlready)) throw error;
      const theirs = await this.kept<T>(command);
      if (theirs) return theirs;
      throw error;
    }
  }

  @Interval('answers', 3_600_000)
  async prune(): Promise<void> {
    try {
      await this.store.read.answers.prune(this.clock.now());
    } catch (error) {
      this.log.warn({ error: messageOf(error) }, 'kept answers will be dropped later');
    }
  }

  private async once<T extends object>(
    unit: Unit,
    { caller, key, request }: CommandRequest,
    work: (unit: Unit, now: number) => Promise<Worked<T>>,
  ): Promise<Worked<T>> {
    const now = this.clock.now();
    const done = await work(unit, now);
    if (key === undefined) return done;
    const body = JSON.stringify(done.answer);
    const isFirst = await unit.answers.put({ actor: caller.id, key, request: request(), status: 200, body, at: now });
    if (!isFirst) throw new AnsweredAlready('another request with the same key was answered first');
    return done;
  }

  private async try<T extends object>(
    work: (unit: Unit, now: number) => Promise<Worked<T>>,
  ): Promise<T & { dryRun: true }> {
    try {
      return await this.store.transact(async (unit): Promise<never> => {
        const { answer } = await work(unit, this.clock.now());
        throw new Undone(answer);
      });
    } catch (error) {
      if (error instanceof Undone) return { ...(error.answer as T), dryRun: true };
      throw error;
    }
  }

  /** What a request with this key was answered, of the same token or session: names are given again, to others; null: it has none, or was not answered yet. */
  async kept<T>({ caller, key, request, dryRun }: CommandRequest): Promise<T | null> {
    if (key === undefined || dryRun) return null;
    const answer = await this.store.read.answers.get(caller.id, key, this.clock.now());
    if (!answer) return null;
    if (answer.request === request()) return JSON.parse(answer.body) as T;
    throw new RejectedError(
      'idempotency-key-reused',
      'Idempotency-Key: it was used for another request: take a new key for each command',
      { status: 422 },
    );
  }
}
