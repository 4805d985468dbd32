import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { messageOf, type Logger } from '#kit';
import type { Store } from '#ports';
import { LOGGER, STORE } from '../../parts.js';
import { Serial, SerialByKey } from '../serial.js';
import { Blocked } from './inputs.js';
import { ReconcileWork, type ApplicationStatus, type ReconcileOutcome } from './reconcile-work.js';

/** How long fleetChanged rests, in times of what its last pass took, and at most, ms. */
const REST = 4;
const MAX_REST_MS = 3_000;

/**
 * Turns (spec, commit, clusters) into a release and hands it to the engine. Runs again whenever one of the three changed;
 * equal input changes nothing. Whatever fails becomes a hold on the application: the last good release goes on.
 */
@Injectable()
export class Reconcile implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly serial = new SerialByKey();
  /** Asked for and not begun: more requests add nothing. */
  private readonly waiting = new Set<string>();
  /** Ended by an error that is nobody's input: tried again at the next look. */
  private readonly failed = new Set<string>();
  private readonly stopping = new AbortController();
  private readonly fleet = new Serial(() => this.passOverAll());

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly work: ReconcileWork,
  ) {}

  onApplicationBootstrap(): void {
    this.work.onEnded((application) => this.request(application));
    this.requestAll();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.fleet.idle();
    await this.serial.idle();
  }

  /** Soon, without an answer. */
  request(application: string): void {
    this.soon(application).catch(() => undefined);
  }

  /**
   * Every application soon: a cluster joined, left, came back, or has other labels or facts. Each pass reads the whole fleet, so
   * while one cluster after the other comes, as after an outage, passes rest for longer than they work.
   */
  fleetChanged(): void {
    if (!this.stopping.signal.aborted) this.fleet.request();
  }

  /** Every application soon: something was declared. */
  requestAll(): void {
    this.store.read.resources
      .list('Application')
      .then((applications) => applications.forEach(({ name }) => this.request(name)))
      .catch((error: unknown) => this.log.warn({ step: 'assign', error: messageOf(error) }, 'applications not listed'));
  }

  /** What was in the way may be gone: a repository is back, a program was missing, a render timed out. */
  @Interval('assign', 30_000)
  retryBlocked(): void {
    this.store.read.resources
      .list('Application')
      .then((applications) => {
        for (const { name, status } of applications) {
          const again = this.failed.delete(name);
          if (again || ((status as unknown as Partial<ApplicationStatus>).holds?.length ?? 0) > 0) this.request(name);
        }
      })
      .catch((error: unknown) => this.log.warn({ step: 'assign', error: messageOf(error) }, 'applications not listed'));
  }

  /** Passes over the applications that take something of a source which is not as it was when they were last passed over. */
  async ofSource(source: string): Promise<readonly ReconcileOutcome[]> {
    const { unchanged } = this.work;
    const applications = await this.store.read.resources.list('Application');
    const theirs = applications.filter((application) => unchanged.uses(application, source));
    const same = await unchanged.among(
      source,
      theirs.filter(({ name }) => !this.waiting.has(name) && !this.failed.has(name)),
    );
    return Promise.all(
      theirs.map(async ({ name }) => {
        const release = same.get(name);
        return release === undefined ? this.one(name) : { application: name, release };
      }),
    );
  }

  private async passOverAll(): Promise<void> {
    const began = performance.now();
    try {
      const applications = await this.store.read.resources.list('Application');
      await Promise.all(applications.map(({ name }) => this.soon(name)));
    } catch (error) {
      this.log.warn({ step: 'assign', error: messageOf(error) }, 'applications not listed');
    }
    const rest = Math.min(MAX_REST_MS, REST * (performance.now() - began));
    await sleep(rest, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** Now, after whatever runs for the same application. */
  one(application: string): Promise<ReconcileOutcome> {
    return this.serial.run(application, () => {
      this.waiting.delete(application);
      return this.attempt(application);
    });
  }

  /** What fails is told, and tried again at the next look. */
  private async soon(application: string): Promise<void> {
    if (this.stopping.signal.aborted || this.waiting.has(application)) return;
    this.waiting.add(application);
    try {
      await this.one(application);
    } catch (error) {
      this.failed.add(application);
      this.log.warn({ step: 'assign', application, error: messageOf(error) }, 'reconciling will be tried again');
    }
  }

  private async attempt(name: string): Promise<ReconcileOutcome> {
    const resource = await this.store.read.resources.get('Application', name);
    if (!resource) return { application: name };
    try {
      return await this.work.run(resource);
    } catch (error) {
      if (!(error instanceof Blocked)) throw error;
      const message = await this.work.keepStatus(resource, error.found, [error]);
      return { application: name, ...(message !== undefined && { error: message }) };
    }
  }
}
