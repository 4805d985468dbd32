import { Inject, Injectable } from '@nestjs/common';
import { applicationSpecSchema } from '#contract';
import { place, type Member } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, StoredRelease } from '#ports';
import type { Caller } from '../../http/access/permit.js';
import { audit } from '../../http/audit.js';
import { CLOCK, STORE } from '../../parts.js';
import type { StepOutcome } from '../advance/run-step.js';
import { Stepper } from '../advance/stepper.js';
import { readStrategy } from './inputs.js';

/** A person rolls out a release: the newest one, or an older one by its number. */
@Injectable()
export class ManualStart {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly stepper: Stepper,
  ) {}

  async start(
    application: string,
    request: { readonly release?: number | undefined; readonly reason?: string | undefined },
    caller: Caller,
  ): Promise<StepOutcome> {
    const resource = await this.store.read.resources.get('Application', application);
    if (!resource) throw new RejectedError('not-found', `Application "${application}" does not exist`, { status: 404 });
    const spec = applicationSpecSchema.parse(resource.spec);
    const release = await this.releaseOf(application, request.release);
    const strategy = await readStrategy(this.store, spec);
    const members = await this.membersOf(spec, release);
    const event = {
      type: 'start',
      kind: 'forward',
      release: release.number,
      strategy,
      members,
      automatic: false,
      actor: caller.actor,
      ...(request.reason !== undefined && { reason: request.reason }),
    } as const;
    return this.stepper.take(application, event, async (unit, { changed }) => {
      if (!changed) return;
      const object = `Application/${application}`;
      const detail = { release: release.number };
      await audit(unit, { now: this.clock.now(), caller }, 'rollout.start', object, { reason: request.reason, detail });
    });
  }

  private async releaseOf(application: string, number: number | undefined): Promise<StoredRelease> {
    const release =
      number === undefined
        ? await this.store.read.releases.latest(application)
        : await this.store.read.releases.get(application, number);
    if (release) return release;
    const what = number === undefined ? 'no release yet' : `no release ${number}`;
    throw new RejectedError(
      'not-found',
      `Application "${application}" has ${what}: \`flotilla get releases\` lists them`,
      { status: 404 },
    );
  }

  private async membersOf(
    spec: ReturnType<typeof applicationSpecSchema.parse>,
    release: StoredRelease,
  ): Promise<readonly Member[]> {
    const clusters = await this.store.read.clusters.joined();
    const byUid = new Map(clusters.map((cluster) => [cluster.uid, cluster]));
    const { members } = place({ selector: spec.placement.selector ?? {}, pathTemplate: spec.path }, clusters);
    const placed = members.flatMap(({ uid, overlay }): Member[] => {
      const cluster = byUid.get(uid);
      const digest = release.overlays[overlay]?.digest;
      if (!cluster || digest === undefined) return [];
      return [{ uid, name: cluster.name, labels: cluster.labels, facts: cluster.facts, overlay, digest }];
    });
    if (placed.length > 0) return placed;
    throw new RejectedError(
      'nothing-placed',
      `Release ${release.number} has no overlay for any joined cluster: mend spec.path or spec.placement`,
      { status: 422 },
    );
  }
}
