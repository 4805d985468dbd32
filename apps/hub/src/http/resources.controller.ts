import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { nameSchema, pageOf, resourceSchemas, type Resource } from '#contract';
import { isUnbounded, seesApplication, type Scope } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, ResourceKind, Store, StoredResource } from '#ports';
import { declaredBy } from '../declared/fleet-reader.js';
import { CLOCK, STORE } from '../parts.js';
import { CallerParam, Permit, type Caller, type PermitTarget } from './access/permit.js';
import { Reach } from './access/reach.js';
import { notFound } from './access/refusals.js';
import { Answers } from './answers.js';
import { ApplyDocuments } from './apply-documents.js';
import { deleteResource } from './delete-resource.js';
import { defaultStrategyView, resourceView } from './views/resource-view.js';

/** What the routes of one object of a kind are about. Writing sources and strategies reaches all that use them, the fleet all there is. */
const TARGETS: Readonly<Record<ResourceKind, Readonly<Record<'get' | 'put' | 'delete', PermitTarget>>>> = {
  Source: { get: { source: 'name' }, put: 'hub', delete: 'hub' },
  Strategy: { get: { strategy: 'name' }, put: 'hub', delete: 'hub' },
  // One that is put may not be there yet.
  Application: { get: { application: 'name' }, put: 'filtered', delete: { application: 'name', whole: true } },
  Policy: { get: 'hub', put: 'hub', delete: 'hub' },
  Fleet: { get: 'hub', put: 'hub', delete: 'hub' },
};

/** The same four routes for each declared kind. */
function declaredController(plural: string, kind: ResourceKind): Type {
  const schema = resourceSchemas[kind];
  const targets = TARGETS[kind];
  const role = kind === 'Fleet' || kind === 'Policy' ? 'admin' : 'operator';

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
      const files = await declaredBy(this.store.read, kind);
      const items = seen.map((stored) => this.view(stored, scopes, files));
      const shipped = kind === 'Strategy' && !items.some(({ metadata }) => metadata.name === 'default');
      return { items: shipped ? [defaultStrategyView(), ...items] : items };
    }

    @Get(':name')
    @Permit('viewer', targets.get)
    @Answers(schema)
    async get(@Param('name', { schema: nameSchema }) name: string, @CallerParam() { sees }: Caller): Promise<Resource> {
      const stored = await this.store.read.resources.get(kind, name);
      if (stored) return this.view(stored, sees, await declaredBy(this.store.read, kind));
      if (kind === 'Strategy' && name === 'default') return defaultStrategyView();
      throw notFound(kind, name);
    }

    @Put(':name')
    @Permit(role, targets.put)
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
    @Permit(role, targets.delete)
    async delete(@Param('name', { schema: nameSchema }) name: string, @CallerParam() caller: Caller): Promise<void> {
      await this.store.transact((unit) => deleteResource(unit, { kind, name }, { now: this.clock.now(), caller }));
    }

    private async seen(all: readonly StoredResource[], scopes: readonly Scope[]): Promise<readonly StoredResource[]> {
      if (isUnbounded(scopes)) return all;
      if (kind === 'Application') return all.filter(({ name }) => seesApplication(scopes, name));
      if (kind === 'Fleet' || kind === 'Policy') return [];
      const used = await this.reach.used(scopes, kind);
      return all.filter(({ name }) => used.has(name) || (kind === 'Strategy' && name === 'default'));
    }

    private view(stored: StoredResource, scopes: readonly Scope[], files: ReadonlyMap<string, string>): Resource {
      const whole = kind !== 'Application' || this.reach.holdsPlacement(scopes, stored.name, stored);
      const view = resourceView(stored, whole);
      const file = files.get(stored.name);
      if (file !== undefined) view.metadata.declaredBy = file;
      return view;
    }
  }
  Object.defineProperty(DeclaredController, 'name', { value: `${kind}Controller` });
  return DeclaredController;
}

/** One for each declared kind. */
export const declaredControllers: readonly Type[] = [
  declaredController('sources', 'Source'),
  declaredController('applications', 'Application'),
  declaredController('strategies', 'Strategy'),
  declaredController('policies', 'Policy'),
  declaredController('fleets', 'Fleet'),
];
