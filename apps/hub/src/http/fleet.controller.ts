import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  fleetViewSchema,
  pageOf,
  releaseQuerySchema,
  releaseViewSchema,
  type FleetView,
  type ReleaseView,
} from '#contract';
import { seesApplication, type Hold, type Scope } from '#domain';
import type { Page, Store, StoredRelease } from '#ports';
import { STORE } from '../parts.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Reach } from './access/reach.js';
import { Answers } from './answers.js';
import { FleetFreeze } from './commands/fleet-freeze.js';
import { holdView } from './views/hold-view.js';
import { statusFor } from './views/resource-view.js';
import { releaseView } from './views/rollout-view.js';

/** The fleet at a glance, and releases. */
@ApiTags('fleet')
@Controller('api/v1')
export class FleetController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly freezing: FleetFreeze,
    private readonly reach: Reach,
  ) {}

  /** What the caller's scopes hold of it. */
  @Get('fleet')
  @Permit('viewer', 'filtered')
  @Answers(fleetViewSchema)
  async fleet(@CallerParam() { scopes }: Caller): Promise<FleetView> {
    const { read } = this.store;
    const [summary, counts, headers, applications, { freeze }] = await Promise.all([
      read.clusters.summary(scopes),
      read.rollouts.counts(scopes),
      read.rollouts.headers(),
      read.resources.list('Application'),
      this.freezing.state(),
    ]);
    const header = new Map(headers.map((each) => [each.application, each]));
    return {
      clusters: {
        total: summary.total,
        ready: summary.ready,
        offline: summary.offline,
        waiting: summary.waiting,
        leaving: summary.leaving,
      },
      healthy: summary.healthy,
      ...(freeze && { freeze }),
      applications: applications
        .filter(({ name }) => seesApplication(scopes, name))
        .map((resource) => {
          const { name } = resource;
          const {
            holds = [],
            revision,
            release,
          } = statusFor(resource, this.reach.holdsPlacement(scopes, name, resource)) as {
            holds?: readonly Hold[];
            revision?: string;
            release?: number;
          };
          const rollout = header.get(name)?.rollout;
          const health: Record<string, number> = {};
          for (const { application, phase, count } of counts) {
            if (application === name) health[phase ?? 'unknown'] = (health[phase ?? 'unknown'] ?? 0) + count;
          }
          return {
            name,
            release: release ?? null,
            ...(revision && { revision }),
            health,
            ...(rollout && {
              rollout: {
                id: rollout.id,
                state: rollout.state,
                paused: rollout.state === 'running' && rollout.holds.length > 0,
              },
            }),
            holds: holds.map(holdView),
          };
        }),
    };
  }

  @Get('releases')
  @Permit('viewer', 'filtered')
  @Answers(pageOf(releaseViewSchema))
  async releases(
    @Query({ schema: releaseQuerySchema }) query: z.output<typeof releaseQuerySchema>,
    @CallerParam() { scopes }: Caller,
  ): Promise<Page<ReleaseView>> {
    const { items, next } = await this.listReleases(query, scopes);
    const applications = new Map(
      (await this.store.read.resources.list('Application')).map((resource) => [resource.name, resource]),
    );
    const barred = new Map(
      (await this.store.read.rollouts.headers()).map((header) => [header.application, header.barred]),
    );
    return {
      items: items.map((release) => {
        const resource = applications.get(release.application) ?? null;
        const isWhole = this.reach.holdsPlacement(scopes, release.application, resource);
        // A path that is the same for all clusters names none of them.
        const mayName = (path: string): boolean => isWhole || path === resource?.spec['path'];
        const withOverlays = query.overlays !== 'false';
        return releaseView(release, barred.get(release.application) ?? [], { mayName, withOverlays, isWhole });
      }),
      ...(next && { next }),
    };
  }

  private async listReleases(
    { application, release, overlays: _, ...page }: z.output<typeof releaseQuerySchema>,
    scopes: readonly Scope[],
  ): Promise<Page<StoredRelease>> {
    const { releases } = this.store.read;
    if (application === undefined || release === undefined)
      return releases.list(application ?? null, { ...page, scopes });
    const one = seesApplication(scopes, application) ? await releases.get(application, release) : null;
    return { items: one === null ? [] : [one] };
  }
}
