import { Inject, Injectable } from '@nestjs/common';
import { namedSources, type ApplyAnswer, type ApplyResult, type Resource } from '#contract';
import { canonicalJson, coversPlacement, isUnbounded, scopesFor, type JsonObject } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, HubBus, Store, Unit } from '#ports';
import { adoptionOf, type ClusterDocument } from '../declared/adopt-cluster.js';
import { readRefusals, type RefuseByHand } from '../declared/declared-objects.js';
import { takeClusters, type PlacedCluster } from '../declared/take-clusters.js';
import { CLOCK, HUB_BUS, STORE } from '../parts.js';
import { FreezeKeeper } from '../steps/advance/freeze-keeper.js';
import { changesTerms } from '../steps/assign/application-terms.js';
import { Reconcile } from '../steps/assign/reconcile.js';
import type { Caller } from './access/permit.js';
import { Reach } from './access/reach.js';
import { outOfScope } from './access/refusals.js';
import { audit } from './audit.js';
import { checkDocuments } from './check-documents.js';
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
    const now = this.clock.now();
    const work = { ...options, now, refuseByHand: await readRefusals(unit, caller.actor) };
    const coming = new Set(resources.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    const answers: ApplyResult[] = [];
    for (;;) {
      answers.push(...(await takeClusters(unit, clustersFrom(resources, answers.length), caller, work)));
      const resource = resources[answers.length];
      if (!resource || resource.kind === 'Cluster') return answers;
      await this.checkScope(unit, resource, caller, answers.length);
      await this.checkReferences(unit, resource, { coming, index: answers.length, sees: caller.sees });
      answers.push(await this.one(unit, resource, caller, work));
    }
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
    resource: OtherDocument,
    caller: Caller,
    {
      now,
      ...options
    }: {
      readonly now: number;
      readonly dryRun: boolean;
      readonly reason?: string | undefined;
      readonly refuseByHand: RefuseByHand;
    },
  ): Promise<ApplyResult> {
    const { kind } = resource;
    const { name } = resource.metadata;
    const before = await currentDocument(unit, kind, name);
    const after = wantedDocument(resource);
    const result = resultOf(before, after);
    if (!options.dryRun && result !== 'unchanged') {
      options.refuseByHand({ kind, name });
      await this.write(unit, resource, now, caller);
      await audit(unit, { now, caller }, 'apply', `${kind}/${name}`, {
        reason: options.reason,
        detail: { before: before as unknown as JsonObject, after: after as unknown as JsonObject },
      });
    }
    return { kind, name, result, before, after };
  }

  private async write(unit: Unit, resource: OtherDocument, now: number, caller: Caller): Promise<void> {
    switch (resource.kind) {
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
    resource: OtherDocument,
    { grants, scopes }: Caller,
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
    }
  }

  /** What a document names must be there, or come with it: a typing error is found now, not by a rollout that never starts. */
  private async checkReferences(
    unit: Unit,
    resource: Resource,
    {
      coming,
      index,
      sees,
    }: { readonly coming: ReadonlySet<string>; readonly index: number; readonly sees: Caller['sees'] },
  ): Promise<void> {
    const path = `documents[${index}]`;
    if (resource.kind !== 'Application' && resource.kind !== 'Fleet') return;
    // Whoever could point an application at a source would read it: only at one that they see.
    const there = async (kind: 'Source' | 'Strategy', wanted: string): Promise<boolean> =>
      coming.has(`${kind}/${wanted}`) ||
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

type OtherDocument = Exclude<Resource, ClusterDocument>;

/** Those that stand there one after the other from a place on. */
function clustersFrom(resources: readonly Resource[], start: number): readonly PlacedCluster[] {
  const found: PlacedCluster[] = [];
  for (let index = start; ; index += 1) {
    const resource = resources[index];
    if (resource?.kind !== 'Cluster') return found;
    found.push({ resource, index });
  }
}

function resultOf(before: Resource | null, after: Resource): ApplyResult['result'] {
  if (before === null) return 'created';
  return canonicalJson(before) === canonicalJson(after) ? 'unchanged' : 'configured';
}

function missing(path: string, message: string): RejectedError {
  return new RejectedError('missing-reference', `${path}: ${message}`, { status: 422, fields: [{ path, message }] });
}
