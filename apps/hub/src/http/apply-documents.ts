import { Inject, Injectable } from '@nestjs/common';
import {
  issueErrors,
  resourceSchemas,
  type ApplyAnswer,
  type ApplyResult,
  type FieldError,
  type Resource,
} from '#contract';
import { canonicalJson, coversPlacement, isUnbounded, seesCluster, type JsonObject } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, Unit } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { changesTerms } from '../steps/assign/application-terms.js';
import { Reconcile } from '../steps/assign/reconcile.js';
import type { Caller } from './access/permit.js';
import { Reach } from './access/reach.js';
import { outOfScope } from './access/refusals.js';
import { requireLabels } from './access/require-labels.js';
import { holdsWholeCluster } from './access/target-check.js';
import { audit } from './audit.js';
import { bareResource, clusterDocument, defaultStrategyView } from './views/resource-view.js';

/** Applies declared objects: every bad document is named, and either all are written or none. */
@Injectable()
export class ApplyDocuments {
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
    const results = await this.store.transact(async (unit) => {
      const answers: ApplyResult[] = [];
      for (const [index, resource] of resources.entries()) {
        await this.checkScope(unit, resource, caller, index);
        await this.checkReferences(unit, resource, { all: resources, index, sees: caller.sees });
        answers.push(await this.one(unit, resource, caller, options));
      }
      return answers;
    });
    if (!options.dryRun && results.some(({ result }) => result !== 'unchanged')) this.reconcile.requestAll();
    return { results };
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
    const after =
      kind === 'Cluster'
        ? clusterDocument({ name, labels: resource.metadata.labels })
        : bareResource(kind, name, resource.spec);
    const result =
      before === null ? 'created' : canonicalJson(before) === canonicalJson(after) ? 'unchanged' : 'configured';
    if (options.dryRun) return { kind, name, result, before, after };
    if (result !== 'unchanged') {
      const now = this.clock.now();
      await this.write(unit, resource, now);
      await audit(unit, { now, caller }, 'apply', `${kind}/${name}`, {
        reason: options.reason,
        detail: { before: before as unknown as JsonObject, after: after as unknown as JsonObject },
      });
    }
    return { kind, name, result };
  }

  private async write(unit: Unit, resource: Resource, now: number): Promise<void> {
    if (resource.kind !== 'Cluster') {
      if (resource.kind === 'Application') await this.tellTerms(unit, resource.metadata.name, resource.spec);
      await unit.resources.put(resource.kind, resource.metadata.name, resource.spec, now);
      return;
    }
    const cluster = await unit.clusters.byName(resource.metadata.name);
    if (cluster) await unit.clusters.setLabels(cluster.uid, resource.metadata.labels);
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
  private async checkScope(unit: Unit, resource: Resource, { scopes, sees }: Caller, index: number): Promise<void> {
    const { kind } = resource;
    const { name } = resource.metadata;
    const refuse = (what: string): never => {
      throw outOfScope('operator', `${what} (documents[${index}])`);
    };
    switch (kind) {
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
    if (resource.kind !== 'Application') return;
    // Whoever could point an application at a source would read it: only at one that they see.
    const there = async (kind: 'Source' | 'Strategy', wanted: string): Promise<boolean> =>
      all.some((each) => each.kind === kind && each.metadata.name === wanted) ||
      ((await unit.resources.get(kind, wanted)) !== null && (await this.reach.seesUsed(sees, kind, wanted, unit)));
    const { source, strategy } = resource.spec;
    if (!(await there('Source', source))) {
      throw missing(`${path}.spec.source`, `Source "${source}" does not exist: apply it first, or in the same file`);
    }
    if (strategy !== 'default' && !(await there('Strategy', strategy))) {
      throw missing(
        `${path}.spec.strategy`,
        `Strategy "${strategy}" does not exist: apply it first, or in the same file`,
      );
    }
  }
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

async function currentDocument(unit: Unit, kind: Resource['kind'], name: string): Promise<Resource | null> {
  if (kind === 'Cluster') {
    const cluster = await unit.clusters.byName(name);
    return cluster && clusterDocument(cluster);
  }
  const stored = await unit.resources.get(kind, name);
  // With the defaults of fields that an older hub did not know: they are no change.
  if (stored)
    return bareResource(kind, name, resourceSchemas[kind].shape.spec.safeParse(stored.spec).data ?? stored.spec);
  // What `get -o yaml` shows of the strategy that is there by itself applies again unchanged, too.
  if (kind !== 'Strategy' || name !== 'default') return null;
  const { status: _, ...shipped } = defaultStrategyView();
  return shipped;
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
      errors.push({ path: `documents[${index}].kind`, message: 'must be Source, Application, Strategy or Cluster' });
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
