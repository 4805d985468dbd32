import { Inject, Injectable } from '@nestjs/common';
import type { RolloutView } from '#contract';
import { explainRollout, type ApplicationHeader, type Freeze, type Rollout } from '#domain';
import type { Clock, Store, Unit } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { notFound } from './access/refusals.js';
import { holdView } from './views/hold-view.js';
import { rolloutView } from './views/rollout-view.js';

export interface FoundRollout {
  readonly application: string;
  readonly rollout: Rollout;
  readonly header: ApplicationHeader | null;
  /** Whether it is the application's present (or last) rollout: only that one takes commands. */
  readonly present: boolean;
}

/** Finds rollouts and shows them. */
@Injectable()
export class RolloutReader {
  private readonly revisions = new Map<string, string>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** By id (`web-12`), or the newest one of an application by its name. */
  async find(id: string, read: Unit = this.store.read): Promise<FoundRollout> {
    const header = await read.rollouts.header(id);
    if (header?.rollout) return { application: id, rollout: header.rollout, header, present: true };
    const match = /^(.+)-(\d{1,9})$/.exec(id);
    if (match?.[1] && match[2]) {
      const application = match[1];
      const owner = await read.rollouts.header(application);
      if (owner?.rollout?.id === id) return { application, rollout: owner.rollout, header: owner, present: true };
      const rollout = await read.rollouts.rollout(application, Number(match[2]));
      if (rollout) return { application, rollout, header: owner, present: false };
    }
    throw notFound('Rollout', id);
  }

  /** @param more of a past moment: when, and the freeze of then. */
  async view(
    { application, rollout, header, present }: FoundRollout,
    more: { readonly read?: Unit; readonly now?: number; readonly freeze?: Freeze | null } = {},
  ): Promise<RolloutView> {
    const { read = this.store.read, now = this.clock.now() } = more;
    const owner = present && header ? header : null;
    const isRunning = owner !== null && rollout.state === 'running';
    const freeze = more.freeze === undefined && isRunning ? await read.freeze.get() : (more.freeze ?? null);
    const why = explainRollout(rollout, owner, now, freeze);
    return rolloutView(application, rollout, {
      revision: await this.revisionOf(application, rollout.release, read),
      why: why.sentence,
      holds: why.holds.map(holdView),
      now,
      clock: owner,
    });
  }

  async revisionOf(application: string, release: number, read: Unit = this.store.read): Promise<string> {
    const key = `${application} ${release}`;
    const known = this.revisions.get(key);
    if (known !== undefined) return known;
    const revision = (await read.releases.get(application, release))?.revision ?? '';
    if (this.revisions.size > 10_000) this.revisions.clear();
    if (revision) this.revisions.set(key, revision);
    return revision;
  }
}
