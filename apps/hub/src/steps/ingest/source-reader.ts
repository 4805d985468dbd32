import { Inject, Injectable } from '@nestjs/common';
import { sourceSpecSchema, type SourceSpec } from '#contract';
import type { Hold, JsonObject } from '#domain';
import { messageOf, RejectedError, RetryableError, type Logger } from '#kit';
import type { ChartSource, Clock, GitSignature, GitSource, Store, StoredResource } from '#ports';
import { StepTimer } from '../step-timer.js';
import { readChart, subjectOf } from './read-chart.js';
import { readGit } from './read-git.js';
import { CHART_SOURCE, CLOCK, GIT_SOURCE, LOGGER, STORE } from '../../parts.js';

/** What the hub knows of a source: the last commit or version that it could resolve, and why it can't now. */
export interface SourceStatus {
  /** Id of the commit; of a chart the digest of its pack, 64 hexadecimal digits. */
  readonly revision?: string;
  /** Nobody's for a chart. */
  readonly author?: string;
  readonly subject?: string;
  /** When a chart was made, or where nobody tells that, first seen. */
  readonly committedAt?: string;
  /** Of a chart. */
  readonly version?: string;
  /** The tag that the range of versions came to. */
  readonly tag?: string;
  /** Who signed it, of those that the source trusts. */
  readonly signature?: GitSignature;
  /** Generation of the spec that the revision was resolved for; another one's history is another line. */
  readonly revisionGeneration?: number;
  /** Generation of the spec that was looked at last. */
  readonly observedGeneration?: number;
  readonly holds: readonly Hold[];
}

type Found = Omit<SourceStatus, 'revisionGeneration' | 'observedGeneration' | 'holds'> & { readonly revision: string };

/** Reads one source and keeps what it found. */
@Injectable()
export class SourceReader {
  @Inject(StepTimer) private readonly timer!: StepTimer;
  @Inject(CHART_SOURCE) private readonly charts!: ChartSource;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(GIT_SOURCE) private readonly git: GitSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Resolves the source's ref or range now and keeps what it found in the source's status.
   * @throws RejectedError or RetryableError as the Git or the chart port tells; the status then says why, beside the last good revision.
   */
  async read(source: StoredResource): Promise<{ revision: string; changed: boolean }> {
    const spec = sourceSpecSchema.parse(source.spec);
    const before = source.status as unknown as Partial<SourceStatus>;
    let found: Found;
    try {
      const after = before.revisionGeneration === source.generation ? before.revision : undefined;
      found = await this.timer.time('ingest', () =>
        spec.type === 'git' ? this.findCommit(spec, after) : this.findChart(spec, before),
      );
    } catch (error) {
      // The last good revision stays: nothing that runs depends on the repository being there.
      const message = `${messageOf(error, 1000).replace(/\.$/, '')}; what runs stays as it is`;
      const old = before.holds?.find((hold) => hold.message === message);
      const hold: Hold = { code: 'source', message, since: old?.since ?? this.clock.now() };
      await this.writeStatus(source, { ...before, observedGeneration: source.generation, holds: [hold] });
      if (error instanceof RejectedError || error instanceof RetryableError) throw error;
      throw new RetryableError('source-unreachable', messageOf(error), undefined, { cause: error });
    }
    const current = (await this.store.read.resources.get('Source', source.name))
      ?.status as unknown as Partial<SourceStatus>;
    const changed = current?.revision !== found.revision || (current.holds?.length ?? 0) > 0;
    await this.writeStatus(source, {
      ...found,
      revisionGeneration: source.generation,
      observedGeneration: source.generation,
      holds: [],
    });
    return { revision: found.revision, changed };
  }

  private async findCommit(spec: SourceSpec, after: string | undefined): Promise<Found> {
    const { sha, author, subject, committedAt, tag, signature } = await readGit(this.git, spec, after);
    return {
      revision: sha,
      author,
      subject,
      committedAt,
      ...(tag !== undefined && { tag }),
      ...(signature && { signature }),
    };
  }

  private async findChart(spec: SourceSpec, before: Partial<SourceStatus>): Promise<Found> {
    const chart = await readChart(this.charts, spec);
    const firstSeen = before.revision === chart.digest ? before.committedAt : undefined;
    return {
      revision: chart.digest,
      author: '',
      subject: subjectOf(chart),
      committedAt: chart.createdAt ?? firstSeen ?? new Date(this.clock.now()).toISOString(),
      version: chart.version,
    };
  }

  private writeStatus(source: StoredResource, status: SourceStatus): Promise<void> {
    return this.store.read.resources.setStatus('Source', source.name, status as unknown as JsonObject);
  }

  /** A look that nobody waits for went wrong. */
  failed(source: string, error: unknown): void {
    this.log.info({ step: 'ingest', source, error: messageOf(error) }, 'source not read; it will be looked at again');
  }
}
