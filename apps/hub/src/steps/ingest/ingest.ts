import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { sourceSpecSchema, type SyncAnswer } from '#contract';
import { parseDuration } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, StoredResource } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { Reconcile } from '../assign/reconcile.js';
import { SerialByKey } from '../serial.js';
import { SourceReader } from './source-reader.js';

/** A commit becomes a revision: looks at each source when its time has come or when asked, and tells what hangs on it. */
@Injectable()
export class Ingest implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly due = new Map<string, { readonly generation: number; readonly at: number }>();
  private readonly serial = new SerialByKey();
  /** Told of, and not yet begun to be looked at. */
  private readonly touched = new Set<string>();
  private stopped = false;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reader: SourceReader,
    private readonly reconcile: Reconcile,
  ) {}

  onApplicationBootstrap(): void {
    this.store.onSignal((signal) => {
      // A new source, or one that points elsewhere now, is looked at without waiting for its interval.
      if (signal === 'resource') this.poll().catch((error: unknown) => this.reader.failed('*', error));
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.serial.idle();
  }

  @Interval('ingest', 1000)
  look(): void {
    this.poll().catch((error: unknown) => this.reader.failed('*', error));
  }

  /**
   * Fetches a source now and carries a new commit on to releases.
   * @throws RejectedError `not-found`, or whatever the repository is at fault for; RetryableError when it can't be reached.
   */
  async sync(name: string): Promise<SyncAnswer> {
    const source = await this.store.read.resources.get('Source', name);
    if (!source) throw new RejectedError('not-found', `Source "${name}" does not exist`, { status: 404 });
    this.plan(source);
    const { revision, changed } = await this.serial
      .run(name, () => this.reader.read(source))
      .catch(async (error: unknown) => {
        await this.reconcile.ofSource(name);
        throw error;
      });
    const outcomes = await this.reconcile.ofSource(name);
    return {
      source: name,
      revision,
      changed,
      releases: outcomes.flatMap(({ application, release, rollout }) =>
        release === undefined ? [] : [{ application, release, ...(rollout && { rollout }) }],
      ),
      errors: outcomes.flatMap(({ application, error }) =>
        error === undefined ? [] : [{ application, message: error }],
      ),
    };
  }

  /** Looks at a source soon, because somebody says that it changed; told so again and again, it is looked at once more, not each time. */
  touch(name: string): void {
    if (this.stopped || this.touched.has(name)) return;
    this.touched.add(name);
    const find = (): Promise<StoredResource | null> => {
      // What is told from here on is not in the look that begins now.
      this.touched.delete(name);
      return this.store.read.resources.get('Source', name);
    };
    this.read(name, find).catch((error: unknown) => this.reader.failed(name, error));
  }

  private async poll(): Promise<void> {
    if (this.stopped) return;
    const now = this.clock.now();
    const sources = await this.store.read.resources.list('Source');
    const names = new Set(sources.map(({ name }) => name));
    for (const name of this.due.keys()) if (!names.has(name)) this.due.delete(name);
    for (const source of sources) {
      const due = this.due.get(source.name);
      if (due && due.generation === source.generation && due.at > now) continue;
      this.plan(source);
      this.read(source.name, async () => source).catch((error: unknown) => this.reader.failed(source.name, error));
    }
  }

  /** Reads a source in its turn, and tells what hangs on it. */
  private async read(name: string, find: () => Promise<StoredResource | null>): Promise<void> {
    try {
      const changed = await this.serial.run(name, async () => {
        const source = await find();
        return source !== null && (await this.reader.read(source)).changed;
      });
      if (changed) await this.reconcile.ofSource(name);
    } catch (error) {
      // Its status tells why; so must that of whatever hangs on it. The next look comes by its interval.
      this.reader.failed(name, error);
      await this.reconcile.ofSource(name);
    }
  }

  private plan(source: StoredResource): void {
    const spec = sourceSpecSchema.parse(source.spec);
    const interval = parseDuration(spec.interval) ?? 60_000;
    // Jitter, so that a hundred sources registered together are not fetched together for ever.
    this.due.set(source.name, {
      generation: source.generation,
      at: this.clock.now() + interval * (0.9 + Math.random() * 0.2),
    });
  }
}
