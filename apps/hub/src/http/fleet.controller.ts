import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  fleetViewSchema,
  pageOf,
  releaseQuerySchema,
  releaseViewSchema,
  whySchema,
  type FleetView,
  type ReleaseView,
  type Why,
} from '#contract';
import type { Hold } from '#domain';
import type { Page, Store } from '#ports';
import { STORE } from '../parts.js';
import { Permit } from './access/permit.js';
import { Answers } from './answers.js';
import { FleetFreeze } from './commands/fleet-freeze.js';
import { WhyReader } from './why-reader.js';
import { holdView } from './views/hold-view.js';
import { releaseView } from './views/rollout-view.js';

const whyKindSchema = z.enum(['rollouts', 'clusters', 'applications'], {
  error: 'must be rollouts, clusters or applications',
});

/** The fleet at a glance, releases, and why. */
@ApiTags('fleet')
@Controller('api/v1')
export class FleetController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly reasons: WhyReader,
    private readonly freezing: FleetFreeze,
  ) {}

  @Get('fleet')
  @Permit('viewer')
  @Answers(fleetViewSchema)
  async fleet(): Promise<FleetView> {
    const { read } = this.store;
    const [summary, counts, headers, applications, { freeze }] = await Promise.all([
      read.clusters.summary(),
      read.rollouts.counts(),
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
      applications: applications.map(({ name, status }) => {
        const {
          holds = [],
          revision,
          release,
        } = status as { holds?: readonly Hold[]; revision?: string; release?: number };
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
  @Permit('viewer')
  @Answers(pageOf(releaseViewSchema))
  async releases(
    @Query({ schema: releaseQuerySchema }) query: z.output<typeof releaseQuerySchema>,
  ): Promise<Page<ReleaseView>> {
    const { application, ...page } = query;
    const { items, next } = await this.store.read.releases.list(application ?? null, page);
    const barred = new Map(
      (await this.store.read.rollouts.headers()).map((header) => [header.application, header.barred]),
    );
    return {
      items: items.map((release) => releaseView(release, barred.get(release.application) ?? [])),
      ...(next && { next }),
    };
  }

  /** One sentence, the evidence, and what a person can do now. */
  @Get('why/:kind/:name')
  @Permit('viewer')
  @Answers(whySchema)
  why(
    @Param('kind', { schema: whyKindSchema }) kind: z.output<typeof whyKindSchema>,
    @Param('name', { schema: z.string().min(1).max(80) }) name: string,
  ): Promise<Why> {
    switch (kind) {
      case 'rollouts':
        return this.reasons.ofRollout(name);
      case 'clusters':
        return this.reasons.ofCluster(name);
      case 'applications':
        return this.reasons.ofApplication(name);
    }
  }
}
