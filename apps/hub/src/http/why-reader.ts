import { Inject, Injectable } from '@nestjs/common';
import type { Why } from '#contract';
import { deriveHolds, explainRollout, type Explanation, type Hold, type Rollout } from '#domain';
import type { Clock, Store, StoredRelease } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { readWaitingPause } from '../steps/advance/waiting-pause.js';
import { TrustReader } from '../trust/trust-reader.js';
import { notFound } from './access/refusals.js';
import { RolloutReader } from './rollout-reader.js';
import { whyOf, withTrustHold } from './why-answer.js';

/** Answers "why" of a rollout or an application: one sentence first. */
@Injectable()
export class WhyReader {
  @Inject(TrustReader) private readonly trust!: TrustReader;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly rollouts: RolloutReader,
  ) {}

  async ofRollout(id: string): Promise<Why> {
    const { application, rollout, header, present } = await this.rollouts.find(id);
    const now = this.clock.now();
    const why = whyOf(
      'rollout',
      rollout.id,
      explainRollout(rollout, present ? header : null, now, await this.store.read.freeze.get()),
      await this.failures(application, rollout),
    );
    return present && rollout.state === 'running' ? this.signed(why) : why;
  }

  async ofApplication(name: string): Promise<Why> {
    const resource = await this.store.read.resources.get('Application', name);
    if (!resource) throw notFound('Application', name);
    const now = this.clock.now();
    const { holds = [], warnings = [] } = resource.status as { holds?: readonly Hold[]; warnings?: readonly string[] };
    const header = await this.store.read.rollouts.header(name);
    const freeze = await this.store.read.freeze.get();
    const pause = await readWaitingPause(this.store.read, name);
    const explanation: Explanation = header?.rollout
      ? explainRollout(header.rollout, header, now, freeze)
      : notRolledOut(name, holds, await this.store.read.releases.latest(name));
    const [first] = holds;
    const why = whyOf(
      'application',
      name,
      {
        ...explanation,
        // What keeps a new release from being made comes before what the last one does.
        ...(first && { sentence: first.message }),
        holds: [...holds, ...(header ? deriveHolds(header, now, freeze) : [])],
        evidence: [
          ...(first ? [explanation.sentence] : []),
          ...(pause ? [`Its next rollout begins paused, by ${pause.by}: ${pause.reason}`] : []),
          ...explanation.evidence,
          ...warnings,
        ],
        can: [...(pause ? [`flotilla rollout resume ${name}`] : []), ...explanation.can],
      },
      header?.rollout ? await this.failures(name, header.rollout) : [],
    );
    return this.signed(why);
  }

  private async signed(why: Why): Promise<Why> {
    return withTrustHold(why, await this.trust.hold());
  }

  /** What failed clusters said, in their agents' own words: the first few stand for the rest. */
  private async failures(application: string, rollout: Rollout): Promise<readonly string[]> {
    const { items } = await this.store.read.rollouts.targets(application, rollout.number, {
      state: 'failed',
      limit: 5,
    });
    return items.map(
      ({ name, reason = 'unknown', message = 'no reason told' }) => `Cluster ${name} failed (${reason}): ${message}`,
    );
  }
}

/** Of an application that no rollout ever was of. What is in the way is all there is to wait for, where anything is. */
function notRolledOut(name: string, holds: readonly Hold[], latest: StoredRelease | null): Explanation {
  const [first] = holds;
  const sentence =
    latest === null ? 'No release has been made yet' : `Release ${latest.number} has not been rolled out yet`;
  if (first === undefined) {
    const can = ['flotilla get sources', 'flotilla get clusters'];
    return { sentence: `${sentence}: the source or the clusters are still awaited`, holds: [], evidence: [], can };
  }
  const looks = first.code === 'source' ? ['flotilla get sources'] : [];
  return { sentence, holds: [], evidence: [], can: [...looks, `flotilla describe application ${name}`] };
}
