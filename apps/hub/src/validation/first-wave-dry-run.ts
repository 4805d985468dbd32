import { Inject, Injectable } from '@nestjs/common';
import type { ApplicationSpec, DryRunAnswer } from '#contract';
import { planWaves, type Member, type StrategySpec } from '#domain';
import { keepNewest, messageOf, type Logger } from '#kit';
import type { Clock, Store, StoredCluster } from '#ports';
import { CLOCK, LOGGER, STORE } from '../parts.js';
import { AskForHub } from './ask-hub.js';
import { clustersText } from './findings-text.js';

/** Clusters that try a release, at most: those of one bundle are mostly alike, and nobody waits long for those that are silent. */
const MOST_CLUSTERS = 12;
/** What was refused may be taken by now: somebody may have mended it in the cluster. */
const REFUSED_FOR_MS = 20_000;
const TAKEN_FOR_MS = 600_000;
const MAX_KNOWN = 5_000;

export interface DryRunRequest {
  readonly application: string;
  readonly spec: Pick<ApplicationSpec, 'validation' | 'namespace' | 'serviceAccount' | 'decryption'>;
  readonly strategy: StrategySpec;
  readonly members: readonly Member[];
  readonly clusters: readonly StoredCluster[];
}

export interface DryRunResult {
  /** What the first of them refuses, in one sentence; null: nothing. */
  readonly refusal: string | null;
  /** Clusters that could not be asked, or did not answer. */
  readonly warnings: readonly string[];
}

interface Tried {
  readonly cluster: StoredCluster;
  readonly answer: DryRunAnswer | null;
}

const NOTHING: DryRunResult = { refusal: null, warnings: [] };

/** Has the agents of a rollout's first wave try everything at their API servers, writing nothing, before the rollout begins. */
@Injectable()
export class FirstWaveDryRun {
  @Inject(LOGGER) private readonly log!: Logger;
  private readonly known = new Map<string, { readonly answer: DryRunAnswer; readonly at: number }>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly agents: AskForHub,
  ) {}

  async try(request: DryRunRequest): Promise<DryRunResult> {
    if (request.spec.validation?.dryRun === false) return NOTHING;
    const tried = await Promise.all(
      chosen(request).map(async ({ cluster, digest }): Promise<Tried> => {
        return { cluster, answer: await this.answer(request, cluster, digest) };
      }),
    );
    const silent = tried.filter(({ answer }) => answer === null).map(({ cluster }) => cluster);
    const refusing = tried.filter(({ answer }) => (answer?.refused.length ?? 0) > 0);
    const warnings =
      silent.length === 0 ? [] : [`${clustersText(silent)} did not answer whether it would take the release`];
    const [first] = refusing;
    const refused = first?.answer?.refused[0];
    if (first === undefined || refused === undefined) return { refusal: null, warnings };
    const { kind, namespace, name, message } = refused;
    const more = (first.answer?.refused.length ?? 0) + (first.answer?.more ?? 0) - 1;
    const others = more > 0 ? `; and ${more} more objects` : '';
    const title = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
    const whose = clustersText(refusing.map(({ cluster }) => cluster));
    const why = message.replace(/\.$/, '');
    return {
      refusal: `${whose} refused it when it was tried: ${title}: ${why} (rule dry-run)${others}`,
      warnings,
    };
  }

  private async answer(
    { application, spec }: DryRunRequest,
    cluster: StoredCluster,
    digest: string,
  ): Promise<DryRunAnswer | null> {
    const { namespace, serviceAccount, decryption } = spec;
    const key = JSON.stringify([cluster.uid, digest, application, namespace, serviceAccount, decryption, cluster.apis]);
    const known = this.known.get(key);
    const ttl = (known?.answer.refused.length ?? 0) > 0 ? REFUSED_FOR_MS : TAKEN_FOR_MS;
    if (known && this.clock.now() - known.at < ttl) return known.answer;
    try {
      const chunks = await this.store.read.releases.bundleChunks(digest);
      if (chunks === null) return null;
      const answer = await this.agents.dryRun(cluster, {
        ...{ application, digest, chunks, namespace },
        ...(serviceAccount !== undefined && { serviceAccount }),
        ...(decryption !== undefined && { decryption }),
      });
      keepNewest(this.known, key, { answer, at: this.clock.now() }, MAX_KNOWN);
      return answer;
    } catch (error) {
      const why = messageOf(error, 300);
      this.log.info({ step: 'validate', cluster: cluster.uid, application, why }, 'a release was not tried');
      return null;
    }
  }
}

/** Those of the first wave that are there and can be asked: of each bundle one, then another of each. */
function chosen({ application, strategy, members, clusters }: DryRunRequest) {
  if (members.length === 0) return [];
  const byUid = new Map(clusters.map((cluster) => [cluster.uid, cluster]));
  const digests = new Map(members.map(({ uid, digest }) => [uid, digest]));
  const { targets } = planWaves(application, strategy, members);
  const first = targets[0]?.wave;
  const found = targets
    .filter(({ wave }) => wave === first)
    .flatMap(({ uid }) => {
      const [cluster, digest] = [byUid.get(uid), digests.get(uid)];
      // Whoever tells what it serves can be asked this, too.
      return cluster?.online && cluster.apis !== undefined && digest !== undefined ? [{ cluster, digest }] : [];
    });
  const seen = new Map<string, number>();
  return found
    .map((each) => {
      const turn = seen.get(each.digest) ?? 0;
      seen.set(each.digest, turn + 1);
      return { ...each, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .slice(0, MOST_CLUSTERS);
}
