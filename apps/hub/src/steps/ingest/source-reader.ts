import { Inject, Injectable } from '@nestjs/common';
import { sourceSpecSchema } from '#contract';
import type { Hold, JsonObject } from '#domain';
import { messageOf, RejectedError, RetryableError, type Logger } from '#kit';
import type { Clock, Commit, GitSignature, GitSource, Store, StoredResource } from '#ports';
import { StepTimer } from '../step-timer.js';
import { readGit } from './read-git.js';
import { CLOCK, GIT_SOURCE, LOGGER, STORE } from '../../parts.js';

/** What the hub knows of a source: the last commit it could resolve, and why it can't now. */
export interface SourceStatus {
  readonly revision?: string;
  readonly author?: string;
  readonly subject?: string;
  readonly committedAt?: string;
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

/** Reads one source and keeps what it found. */
@Injectable()
export class SourceReader {
  @Inject(StepTimer) private readonly timer!: StepTimer;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(GIT_SOURCE) private readonly git: GitSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Resolves the source's ref now and keeps what it found in the source's status.
   * @throws RejectedError or RetryableError as the Git port tells; the status then says why, beside the last good commit.
   */
  async read(source: StoredResource): Promise<{ commit: Commit; changed: boolean }> {
    const spec = sourceSpecSchema.parse(source.spec);
    const before = source.status as unknown as Partial<SourceStatus>;
    let commit: Commit;
    try {
      const after = before.revisionGeneration === source.generation ? before.revision : undefined;
      commit = await this.timer.time('ingest', () => readGit(this.git, spec, after));
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
    const changed = current?.revision !== commit.sha || (current.holds?.length ?? 0) > 0;
    await this.writeStatus(source, {
      revision: commit.sha,
      author: commit.author,
      subject: commit.subject,
      committedAt: commit.committedAt,
      ...(commit.tag !== undefined && { tag: commit.tag }),
      ...(commit.signature && { signature: commit.signature }),
      revisionGeneration: source.generation,
      observedGeneration: source.generation,
      holds: [],
    });
    return { commit, changed };
  }

  private writeStatus(source: StoredResource, status: SourceStatus): Promise<void> {
    return this.store.read.resources.setStatus('Source', source.name, status as unknown as JsonObject);
  }

  /** A look that nobody waits for went wrong. */
  failed(source: string, error: unknown): void {
    this.log.info({ step: 'ingest', source, error: messageOf(error) }, 'source not read; it will be looked at again');
  }
}
