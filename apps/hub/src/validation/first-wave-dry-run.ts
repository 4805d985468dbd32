import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationSpec, DryRunAnswer } from '#contract';
import type { Member, StrategySpec, TargetRow } from '#domain';
import { keepNewest, messageOf, type Logger } from '#kit';
import type { Clock, StoredCluster, StoredRelease } from '#ports';
import pLimit from 'p-limit';
import { CLOCK, LOGGER } from '../parts.js';
import { BundleShelf } from '../steps/render/bundle-shelf.js';
import { AskForHub } from './ask-hub.js';
import { dryRunResult, type DryRunResult, type Tried } from './dry-run-result.js';
import { firstWaveOf, type Candidate } from './first-wave.js';

/** Agents that are asked at once, for all applications; each of these is an answer that is waited for, and little else. */
const AT_ONCE = 16;
/** Of one application, so that a wide first wave leaves room for others. */
const AT_ONCE_EACH = 8;
/** Nobody is asked for the first time later than that; the last answers may take as long as an ask does. */
const ASKED_FOR_MS = 60_000;
/** Once somebody refused it is held up in any case: how many others do is only looked at so long. */
const REFUSED_THEN_MS = 10_000;
/** What was refused may be taken by now: somebody may have mended it in the cluster. */
const REFUSED_FOR_MS = 20_000;
const TAKEN_FOR_MS = 600_000;
/** Answers that are remembered: twice what the largest fleets have clusters. */
const MAX_KNOWN = 20_000;

type Terms = Pick<ApplicationSpec, 'namespace' | 'serviceAccount' | 'decryption'>;

export interface DryRunRequest {
  readonly application: string;
  readonly spec: Pick<ApplicationSpec, 'validation'> & Terms;
  readonly strategy: StrategySpec;
  readonly members: readonly Member[];
  readonly clusters: readonly StoredCluster[];
  /** The application's: who had these very bundles before takes them again. */
  readonly rows: readonly TargetRow[];
  /** Its terms, where it keeps some, are those that are tried. */
  readonly release: Pick<StoredRelease, 'details'>;
  /** ASKED_FOR_MS unless told. */
  readonly withinMs?: number;
}

/** Has the agents of a rollout's first wave try everything at their API servers, writing nothing, before the rollout begins. */
@Injectable()
export class FirstWaveDryRun {
  @Inject(LOGGER) private readonly log!: Logger;
  private readonly limit = pLimit(AT_ONCE);
  /** `null`: everything was taken. */
  private readonly known = new Map<string, { readonly answer: DryRunAnswer | null; readonly at: number }>();

  constructor(
    private readonly shelf: BundleShelf,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly agents: AskForHub,
  ) {}

  async try(request: DryRunRequest): Promise<DryRunResult> {
    if (request.spec.validation?.dryRun === false) return { refusal: null, warnings: [] };
    const { asked, left } = firstWaveOf(request);
    const each = pLimit(AT_ONCE_EACH);
    const chunksOf = this.publishOnce();
    let end = this.clock.now() + (request.withinMs ?? ASKED_FOR_MS);
    const tried = await Promise.all(
      asked.map((candidate) =>
        each(() =>
          this.limit(async (): Promise<Tried> => {
            if (this.clock.now() >= end) return { cluster: candidate.cluster, outcome: 'late' };
            const found = await this.answer(request, candidate, chunksOf);
            const isRefused = typeof found.outcome === 'object' && found.outcome.refused.length > 0;
            if (isRefused) end = Math.min(end, this.clock.now() + REFUSED_THEN_MS);
            return found;
          }),
        ),
      ),
    );
    return dryRunResult([...tried, ...left]);
  }

  /** Chunks of bundles, each of which is looked for once, however many clusters try it. */
  private publishOnce(): (digest: string) => Promise<number> {
    const known = new Map<string, Promise<number>>();
    return (digest) => {
      // Of an older release it may have gone from the bus.
      const chunks = known.get(digest) ?? this.shelf.publish(digest);
      known.set(digest, chunks);
      return chunks;
    };
  }

  private async answer(
    request: DryRunRequest,
    { cluster, digest }: Candidate,
    chunksOf: (digest: string) => Promise<number>,
  ): Promise<Tried> {
    const { application } = request;
    const { namespace, serviceAccount, decryption }: Terms = request.release.details?.terms ?? request.spec;
    const key = JSON.stringify([cluster.uid, digest, application, namespace, serviceAccount, decryption, cluster.apis]);
    const known = this.known.get(key);
    const ttl = known?.answer ? REFUSED_FOR_MS : TAKEN_FOR_MS;
    if (known && this.clock.now() - known.at < ttl) return { cluster, outcome: known.answer ?? 'taken' };
    try {
      const chunks = await chunksOf(digest);
      const answer = await this.agents.dryRun(cluster, {
        ...{ application, digest, chunks, namespace },
        ...(serviceAccount !== undefined && { serviceAccount }),
        ...(decryption !== undefined && { decryption }),
      });
      const kept = answer.refused.length > 0 ? answer : null;
      keepNewest(this.known, key, { answer: kept, at: this.clock.now() }, MAX_KNOWN);
      return { cluster, outcome: kept ?? 'taken' };
    } catch (error) {
      const why = messageOf(error, 300);
      this.log.info({ step: 'validate', cluster: cluster.uid, application, why }, 'a release was not tried');
      return { cluster, outcome: 'silent' };
    }
  }
}
