import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { nameSchema, pageOf, resourceSchemas, type Resource } from '#contract';
import { isUnbounded, seesApplication, type Scope } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, ResourceKind, Store, StoredResource, Unit } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { CallerParam, Permit, type Caller, type PermitTarget } from './access/permit.js';
import { Reach } from './access/reach.js';
import { notFound } from './access/refusals.js';
import { Answers } from './answers.js';
import { ApplyDocuments } from './apply-documents.js';
import { audit } from './audit.js';
import { defaultStrategyView, resourceView } from './views/resource-view.js';

/** What the routes of one object of a kind are about. Writing sources and strategies reaches all that use them. */
const TARGETS: Readonly<Record<ResourceKind, Readonly<Record<'get' | 'put' | 'delete', PermitTarget>>>> = {
  Source: { get: { source: 'name' }, put: 'hub', delete: 'hub' },
  Strategy: { get: { strategy: 'name' }, put: 'hub', delete: 'hub' },
  // One that is put may not be there yet.
  Application: { get: { application: 'name' }, put: 'filtered', delete: { application: 'name', whole: true } },
};

/** The same four routes for each declared kind. */
function declaredController(plural: string, kind: ResourceKind): Type {
  const schema = resourceSchemas[kind];
  const targets = TARGETS[kind];

  @ApiTags(plural)
  @Controller(`api/v1/${plural}`)
  class DeclaredController {
    constructor(
      @Inject(STORE) private readonly store: Store,
      @Inject(CLOCK) private readonly clock: Clock,
      @Inject(ApplyDocuments) private readonly documents: ApplyDocuments,
      @Inject(Reach) private readonly reach: Reach,
    ) {}

    @Get()
    @Permit('viewer', 'filtered')
    @Answers(pageOf(schema))
    async list(@CallerParam() { scopes }: Caller): Promise<{ items: Resource[] }> {
      const seen = await this.seen(await this.store.read.resources.list(kind), scopes);
      const items = seen.map((stored) => this.view(stored, scopes));
      const shipped = kind === 'Strategy' && !items.some(({ metadata }) => metadata.name === 'default');
      return { items: shipped ? [defaultStrategyView(), ...items] : items };
    }

    @Get(':name')
    @Permit('viewer', targets.get)
    @Answers(schema)
    async get(@Param('name', { schema: nameSchema }) name: string, @CallerParam() { sees }: Caller): Promise<Resource> {
      const stored = await this.store.read.resources.get(kind, name);
      if (stored) return this.view(stored, sees);
      if (kind === 'Strategy' && name === 'default') return defaultStrategyView();
      throw notFound(kind, name);
    }

    @Put(':name')
    @Permit('operator', targets.put)
    @Answers(schema)
    async put(
      @Param('name', { schema: nameSchema }) name: string,
      @Body({ schema }) body: Resource,
      @CallerParam() caller: Caller,
    ): Promise<Resource> {
      if (body.metadata.name !== name) {
        throw new RejectedError('mismatch', `metadata.name must be "${name}", as the address says`);
      }
      await this.documents.apply([body], caller, { dryRun: false });
      return this.get(name, caller);
    }

    /** Objects of an application that is deleted stay in the clusters: nothing enforces them any more. */
    @Delete(':name')
    @HttpCode(204)
    @Permit('operator', targets.delete)
    async delete(@Param('name', { schema: nameSchema }) name: string, @CallerParam() caller: Caller): Promise<void> {
      await this.store.transact(async (unit) => {
        if (kind !== 'Application') await refuseWhileUsed(unit, kind, name);
        else await unit.rollouts.lock(name);
        if (!(await unit.resources.delete(kind, name))) throw notFound(kind, name);
        if (kind === 'Application') await unit.rollouts.forget(name);
        await audit(unit, { now: this.clock.now(), caller }, 'delete', `${kind}/${name}`);
      });
    }

    private async seen(all: readonly StoredResource[], scopes: readonly Scope[]): Promise<readonly StoredResource[]> {
      if (isUnbounded(scopes)) return all;
      if (kind === 'Application') return all.filter(({ name }) => seesApplication(scopes, name));
      const used = await this.reach.used(scopes, kind);
      return all.filter(({ name }) => used.has(name) || (kind === 'Strategy' && name === 'default'));
    }

    private view(stored: StoredResource, scopes: readonly Scope[]): Resource {
      return resourceView(stored, kind !== 'Application' || this.reach.holdsPlacement(scopes, stored.name, stored));
    }
  }
  Object.defineProperty(DeclaredController, 'name', { value: `${kind}Controller` });
  return DeclaredController;
}

/** Sources, Applications and Strategies. */
export const declaredControllers: readonly Type[] = [
  declaredController('sources', 'Source'),
  declaredController('applications', 'Application'),
  declaredController('strategies', 'Strategy'),
];

async function refuseWhileUsed(unit: Unit, kind: 'Source' | 'Strategy', name: string): Promise<void> {
  const field = kind === 'Source' ? 'source' : 'strategy';
  const users = (await unit.resources.list('Application')).filter(({ spec }) => spec[field] === name);
  const [first] = users;
  if (!first) return;
  const others = users.length > 1 ? ` and ${users.length - 1} more` : '';
  throw new RejectedError(
    'in-use',
    `${kind} "${name}" is used by Application "${first.name}"${others}: point them elsewhere first`,
    { status: 409 },
  );
}
