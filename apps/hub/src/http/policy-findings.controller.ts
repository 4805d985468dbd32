import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { pageOf, policyFindingQuerySchema, policyFindingSchema, type PolicyFindingView } from '#contract';
import type { Page, Store, StoredResource } from '#ports';
import { STORE } from '../parts.js';
import type { PolicyRecord } from '../validation/policy-records.js';
import { Permit } from './access/permit.js';
import { Answers } from './answers.js';
import { iso } from './views/time.js';

const PAGE = 200;

/** Where policies refused or warned, now and of late. */
@ApiTags('policies')
@Controller('api/v1/policy-findings')
export class PolicyFindingsController {
  constructor(@Inject(STORE) private readonly store: Store) {}

  /** What stands first, then what was last mended. */
  @Get()
  @Permit('viewer', 'hub')
  @Answers(pageOf(policyFindingSchema))
  async list(
    @Query({ schema: policyFindingQuerySchema }) query: z.output<typeof policyFindingQuerySchema>,
  ): Promise<Page<PolicyFindingView>> {
    const { resources } = this.store.read;
    const [applications, policies] = await Promise.all([resources.list('Application'), resources.list('Policy')]);
    const names = new Set(policies.map(({ name }) => name));
    const all = applications
      .filter(({ name }) => query.application === undefined || name === query.application)
      .flatMap(findingsOf)
      .filter(({ policy }) => query.policy === undefined || policy === query.policy)
      // Of a policy that is no more nothing stands, though no application was looked at since.
      .filter(({ policy, until }) => until !== undefined || names.has(policy))
      .sort(byWeight);
    const from = query.after === undefined ? 0 : all.findIndex((finding) => keyOf(finding) === query.after) + 1;
    const items = all.slice(from, from + (query.limit ?? PAGE));
    const last = items.at(-1);
    return { items, ...(last && from + items.length < all.length && { next: keyOf(last) }) };
  }
}

function findingsOf({ name, status }: StoredResource): PolicyFindingView[] {
  const { policies = [] } = status as unknown as { policies?: readonly PolicyRecord[] };
  return policies.map(({ rule, since, until, objects, clusters, ...rest }) => {
    const [, policy = '', named = ''] = rule.split('/');
    return {
      ...{ policy, rule: named, application: name, ...rest, objects: [...objects], clusters: [...clusters] },
      ...{ since: iso(since), ...(until !== undefined && { until: iso(until) }) },
    };
  });
}

/** Refusals that stand, warnings that stand, and then whatever ended, the last first. */
function byWeight(a: PolicyFindingView, b: PolicyFindingView): number {
  return (
    Number(a.until !== undefined) - Number(b.until !== undefined) ||
    Number(a.until === undefined && a.outcome === 'warned') - Number(b.until === undefined && b.outcome === 'warned') ||
    (b.until ?? b.since).localeCompare(a.until ?? a.since) ||
    keyOf(a).localeCompare(keyOf(b))
  );
}

function keyOf({ application, policy, rule }: PolicyFindingView): string {
  return `${application}/${policy}/${rule}`;
}
