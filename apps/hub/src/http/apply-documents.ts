import { Inject, Injectable } from '@nestjs/common';
import {
  issueErrors,
  namedSources,
  RESOURCE_KINDS,
  resourceSchemas,
  type ApplyAnswer,
  type ApplyResult,
  type FieldError,
  type Resource,
} from '#contract';
import { canonicalJson, coversPlacement, isUnbounded, scopesFor, seesCluster, type JsonObject } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, HubBus, Store, Unit } from '#ports';
import { adoptCluster, adoptionOf } from '../declared/adopt-cluster.js';
import { refuseByHand } from '../declared/declared-objects.js';
import { CLOCK, HUB_BUS, STORE } from '../parts.js';
import { FreezeKeeper } from '../steps/advance/freeze-keeper.js';
import { changesTerms } from '../steps/assign/application-terms.js';
import { Reconcile } from '../steps/assign/reconcile.js';
import type { Caller } from './access/permit.js';
import { Reach } from './access/reach.js';
import { outOfScope } from './access/refusals.js';
import { requireLabels } from './access/require-labels.js';
import { holdsWholeCluster } from './access/target-check.js';
import { audit } from './audit.js';
import { currentDocument, wantedDocument } from './views/current-document.js';

/** Applies declared objects: every bad document is named, and either all are written or none. */
@Injectable()
export class ApplyDocuments {
  @Inject(FreezeKeeper) private readonly freezes!: FreezeKeeper;
  @Inject(HUB_BUS) private readonly bus!: HubBus;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reconcile: Reconcile,
    private readonly reach: Reach,
  ) {}

  async apply(
    documents: readonly unknown[],
    caller: Caller,
    options: { readonly dryRun: boolean; readonly reason?: string | undefined },
  ): Promise<ApplyAnswer> {
    const resources = checkDocuments(documents);
    const results = await this.store.transact((unit) => this.within(unit, resources, caller, options));
    if (options.dryRun) return { results };
    await this.after(resources, results);
    return { results: results.map(({ kind, name, result }) => ({ kind, name, result })) };
  }

  /** The same within a transaction of the caller's, who calls `after` when that is committed. Tells what there was, too. */
  async within(
    unit: Unit,
    resources: readonly Resource[],
    caller: Caller,
    options: { readonly dryRun: boolean; readonly reason?: string | undefined },
  ): Promise<ApplyResult[]> {
    const answers: ApplyResult[] = [];
    for (const [index, resource] of resources.entries()) {
      await this.checkScope(unit, resource, caller, index);
      await this.checkReferences(unit, resource, { all: resources, index, sees: caller.sees });
      answers.push(await this.one(unit, resource, caller, options));
    }
    return answers;
  }

  /** What follows from what was written. */
  async after(
    resources: readonly Resource[],
    results: readonly ApplyResult[],
    deleted: readonly { readonly kind: string }[] = [],
  ): Promise<void> {
    const changed = [...results.filter(({ result }) => result !== 'unchanged'), ...deleted];
    if (changed.length === 0) return;
    // An agent that is taken over may have told its facts while nobody here knew it: it is asked for a sign of life.
    for (const [index, { result }] of results.entries()) {
      const resource = resources[index];
      const adoption = result === 'adopted' && resource?.kind === 'Cluster' ? adoptionOf(resource) : null;
      if (adoption) this.bus.nudge(adoption.uid);
    }
    this.reconcile.requestAll();
    if (changed.some(({ kind }) => kind === 'Freeze')) await this.freezes.tell();
  }

  private async one(
    unit: Unit,
    resource: Resource,
    caller: Caller,
    options: { readonly dryRun: boolean; readonly reason?: string | undefined },
  ): Promise<ApplyResult> {
    const { kind } = resource;
    const { name } = resource.metadata;
    const before = await currentDocument(unit, kind, name);
    const after = wantedDocument(resource);
    const result = resultOf(resource, before, after);
    if (!options.dryRun && result !== 'unchanged') {
      await refuseByHand(unit, caller.actor, { kind, name });
      const now = this.clock.now();
      await this.write(unit, resource, now, caller);
      await audit(unit, { now, caller }, result === 'adopted' ? 'cluster.adopt' : 'apply', `${kind}/${name}`, {
        reason: options.reason,
        detail: { before: before as unknown as JsonObject, after: after as unknown as JsonObject },
      });
    }
    return { kind, name, result, before, after };
  }

  private async write(unit: Unit, resource: Resource, now: number, caller: Caller): Promise<void> {
    switch (resource.kind) {
      case 'Cluster': {
        const cluster = await unit.clusters.byName(resource.metadata.name);
        if (cluster) return unit.clusters.setLabels(cluster.uid, resource.metadata.labels);
        const adoption = adoptionOf(resource);
        return adoption ? adoptCluster(unit, adoption, now) : undefined;
      }
      case 'Freeze': {
        const { reason, until } = resource.spec;
        const { since = now } = (await unit.freeze.get()) ?? {};
        const ends = until === undefined ? {} : { until: Date.parse(until) };
        return unit.freeze.set({ by: caller.actor, reason, since, ...ends });
      }
      default:
        if (resource.kind === 'Application') await this.tellTerms(unit, resource.metadata.name, resource.spec);
        await unit.resources.put(resource.kind, resource.metadata.name, resource.spec, now);
    }
  }

  /** Marks the clusters that run the application where it is to be run on other terms. */
  private async tellTerms(unit: Unit, name: string, spec: JsonObject): Promise<void> {
    const before = await unit.resources.get('Application', name);
    if (!before || !changesTerms(before.spec, spec)) return;
    // So that no cluster is assigned to in between and told the old terms.
    await unit.rollouts.lock(name);
    const rows = await unit.rollouts.rows(name, { all: true });
    await unit.outbox.mark(rows.filter(({ row }) => row.assignment !== null).map(({ row }) => row.uid));
  }

  /**
   * Nobody writes what is not theirs, nor makes it so by writing it.
   * @throws RejectedError `out-of-scope`, or as if it were not there.
   */
  private async checkScope(
    unit: Unit,
    resource: Resource,
    { grants, scopes, sees }: Caller,
    index: number,
  ): Promise<void> {
    const { kind } = resource;
    const { name } = resource.metadata;
    const refuse = (what: string, role: 'operator' | 'admin' = 'operator'): never => {
      throw outOfScope(role, `${what} (documents[${index}])`);
    };
    const isAdmin = isUnbounded(scopesFor(grants, 'admin'));
    switch (kind) {
      // Whoever may write there what the fleet is may do all of it.
      case 'Policy':
      case 'Fleet':
        return isAdmin ? undefined : refuse(`everything, to write a ${kind}`, 'admin');
      case 'Freeze':
      case 'Source':
      case 'Strategy':
        return isUnbounded(scopes) ? undefined : refuse(`everything, to write a ${kind}`);
      case 'Application': {
        const before = await unit.resources.get(kind, name);
        const placement = resource.spec.placement.selector ?? null;
        const mayBe = coversPlacement(scopes, name, placement);
        const is = before === null || (await this.reach.ofApplication(scopes, before, unit)) === 'all';
        return mayBe && is ? undefined : refuse(`application "${name}" wherever its placement takes it`);
      }
      case 'Cluster': {
        const cluster = await unit.clusters.byName(name);
        // To anybody else it is not there, as one is not that they can't see.
        if (!cluster && isAdmin && adoptionOf(resource)) return;
        if (!cluster || !seesCluster(sees, cluster)) throw notRegistered(name, index);
        if (!holdsWholeCluster(scopes, cluster)) refuse(`cluster "${name}" and every application`);
        return requireLabels(scopes, 'operator', { labels: resource.metadata.labels, facts: cluster.facts });
      }
    }
  }

  /** What a document names must be there, or come with it: a typing error is found now, not by a rollout that never starts. */
  private async checkReferences(
    unit: Unit,
    resource: Resource,
    { all, index, sees }: { readonly all: readonly Resource[]; readonly index: number; readonly sees: Caller['sees'] },
  ): Promise<void> {
    const path = `documents[${index}]`;
    if (resource.kind !== 'Application' && resource.kind !== 'Fleet') return;
    // Whoever could point an application at a source would read it: only at one that they see.
    const there = async (kind: 'Source' | 'Strategy', wanted: string): Promise<boolean> =>
      all.some((each) => each.kind === kind && each.metadata.name === wanted) ||
      ((await unit.resources.get(kind, wanted)) !== null && (await this.reach.seesUsed(sees, kind, wanted, unit)));
    const { source } = resource.spec;
    const named =
      resource.kind === 'Application' ? namedSources(resource.spec) : [{ name: source, field: 'spec.source' }];
    for (const { name, field } of named) {
      if (await there('Source', name)) continue;
      throw missing(`${path}.${field}`, `Source "${name}" does not exist: apply it first, or in the same file`);
    }
    if (resource.kind !== 'Application') return;
    const { strategy } = resource.spec;
    if (strategy !== 'default' && !(await there('Strategy', strategy))) {
      throw missing(
        `${path}.spec.strategy`,
        `Strategy "${strategy}" does not exist: apply it first, or in the same file`,
      );
    }
  }
}

function resultOf(resource: Resource, before: Resource | null, after: Resource): ApplyResult['result'] {
  if (before === null) return resource.kind === 'Cluster' ? 'adopted' : 'created';
  return canonicalJson(before) === canonicalJson(after) ? 'unchanged' : 'configured';
}

function notRegistered(name: string, index: number): RejectedError {
  return missing(
    `documents[${index}].metadata.name`,
    `Cluster "${name}" is not registered: \`flotilla cluster add ${name}\` registers it`,
  );
}

function missing(path: string, message: string): RejectedError {
  return new RejectedError('missing-reference', `${path}: ${message}`, { status: 422, fields: [{ path, message }] });
}

/** Checks each document by the schema of its kind. @throws RejectedError `invalid` that names every bad field of every document. */
export function checkDocuments(documents: readonly unknown[]): readonly Resource[] {
  const errors: FieldError[] = [];
  const resources: Resource[] = [];
  const seen = new Map<string, number>();
  for (const [index, document] of documents.entries()) {
    const kind = (document as { kind?: unknown } | null)?.kind;
    const schema =
      typeof kind === 'string' && Object.hasOwn(resourceSchemas, kind)
        ? resourceSchemas[kind as keyof typeof resourceSchemas]
        : null;
    if (!schema) {
      errors.push({ path: `documents[${index}].kind`, message: `must be one of ${RESOURCE_KINDS.join(', ')}` });
      continue;
    }
    const parsed = schema.safeParse(document);
    if (!parsed.success) {
      errors.push(...issueErrors(parsed.error.issues, ['documents', index]));
      continue;
    }
    const resource: Resource = parsed.data;
    const key = `${resource.kind}/${resource.metadata.name}`;
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      errors.push({
        path: `documents[${index}]`,
        message: `${key} stands in documents[${earlier}] too: keep one of them`,
      });
    }
    seen.set(key, index);
    resources.push(resource);
  }
  if (errors.length > 0) {
    const text = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new RejectedError('invalid', text, { status: 400, fields: errors.slice(0, 50) });
  }
  return resources;
}
