import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put, type Type } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { nameSchema, pageOf, resourceSchemas, type Resource } from '#contract';
import { RejectedError } from '#kit';
import type { Clock, ResourceKind, Store, Unit } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { ApplyDocuments } from './apply-documents.js';
import { audit } from './audit.js';
import { defaultStrategyView, resourceView } from './views/resource-view.js';

/** The same four routes for each declared kind. */
function declaredController(plural: string, kind: ResourceKind): Type {
  const schema = resourceSchemas[kind];

  @ApiTags(plural)
  @Controller(`api/v1/${plural}`)
  class DeclaredController {
    constructor(
      @Inject(STORE) private readonly store: Store,
      @Inject(CLOCK) private readonly clock: Clock,
      @Inject(ApplyDocuments) private readonly documents: ApplyDocuments,
    ) {}

    @Get()
    @Permit('viewer')
    @Answers(pageOf(schema))
    async list(): Promise<{ items: Resource[] }> {
      const items = (await this.store.read.resources.list(kind)).map(resourceView);
      const shipped = kind === 'Strategy' && !items.some(({ metadata }) => metadata.name === 'default');
      return { items: shipped ? [defaultStrategyView(), ...items] : items };
    }

    @Get(':name')
    @Permit('viewer')
    @Answers(schema)
    async get(@Param('name', { schema: nameSchema }) name: string): Promise<Resource> {
      const stored = await this.store.read.resources.get(kind, name);
      if (stored) return resourceView(stored);
      if (kind === 'Strategy' && name === 'default') return defaultStrategyView();
      throw notFound(kind, name);
    }

    @Put(':name')
    @Permit('operator')
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
      return this.get(name);
    }

    /** Objects of an application that is deleted stay in the clusters: nothing enforces them any more. */
    @Delete(':name')
    @HttpCode(204)
    @Permit('operator')
    async delete(@Param('name', { schema: nameSchema }) name: string, @CallerParam() caller: Caller): Promise<void> {
      await this.store.transact(async (unit) => {
        if (kind !== 'Application') await refuseWhileUsed(unit, kind, name);
        else await unit.rollouts.lock(name);
        if (!(await unit.resources.delete(kind, name))) throw notFound(kind, name);
        if (kind === 'Application') await unit.rollouts.forget(name);
        await audit(unit, { now: this.clock.now(), caller }, 'delete', `${kind}/${name}`);
      });
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

function notFound(kind: string, name: string): RejectedError {
  return new RejectedError('not-found', `${kind} "${name}" does not exist`, { status: 404 });
}

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
