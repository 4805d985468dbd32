import { Inject, Injectable } from '@nestjs/common';
import type { ApplyAnswer, ApplyResult, Resource } from '#contract';
import { canonicalJson, type JsonObject } from '#domain';
import type { Clock, HubBus, Store, Unit } from '#ports';
import { adoptionOf } from '../declared/adopt-cluster.js';
import { Brakes, type BrakeDocument, type Taken } from '../declared/brakes.js';
import { readRefusals, type RefuseByHand } from '../declared/declared-objects.js';
import { takeClusters, type PlacedCluster } from '../declared/take-clusters.js';
import { CLOCK, HUB_BUS, STORE } from '../parts.js';
import { FreezeKeeper } from '../steps/advance/freeze-keeper.js';
import { changesTerms } from '../steps/assign/application-terms.js';
import { Reconcile } from '../steps/assign/reconcile.js';
import { DocumentCheck, type OtherDocument } from './access/document-check.js';
import type { Caller } from './access/permit.js';
import { audit } from './audit.js';
import { checkDocuments } from './check-documents.js';
import { currentDocument, wantedDocument } from './views/current-document.js';

interface ApplyOptions {
  readonly dryRun: boolean;
  readonly reason?: string | undefined;
}

interface ApplyWork extends ApplyOptions {
  readonly now: number;
  readonly refuseByHand: RefuseByHand;
}

/** What was written within a transaction. */
export interface Applied {
  /** In the order of the documents, with what there was. */
  readonly results: readonly ApplyResult[];
  /** What the engine decided of the brakes among them. */
  readonly taken: readonly Taken[];
}

/** Applies declared objects: every bad document is named, and either all are written or none. */
@Injectable()
export class ApplyDocuments {
  @Inject(FreezeKeeper) private readonly freezes!: FreezeKeeper;
  @Inject(HUB_BUS) private readonly bus!: HubBus;
  @Inject(Reconcile) private readonly reconcile!: Reconcile;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly documents: DocumentCheck,
    private readonly brakes: Brakes,
  ) {}

  async apply(documents: readonly unknown[], caller: Caller, options: ApplyOptions): Promise<ApplyAnswer> {
    const resources = checkDocuments(documents);
    const applied = await this.store.transact((unit) => this.within(unit, resources, caller, options));
    if (options.dryRun) return { results: [...applied.results] };
    await this.after(resources, applied);
    return { results: applied.results.map(({ kind, name, result }) => ({ kind, name, result })) };
  }

  /** The same within a transaction of the caller's, who calls `after` when that is committed. */
  async within(unit: Unit, resources: readonly Resource[], caller: Caller, options: ApplyOptions): Promise<Applied> {
    const work = { ...options, now: this.clock.now(), refuseByHand: await readRefusals(unit, caller.actor) };
    const coming = new Set(resources.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    const results = new Map<number, ApplyResult>();
    const taken: Taken[] = [];
    const placed = resources.map((resource, index) => ({ resource, index }));
    const brakes = placed.filter(isBrake);
    if (!options.dryRun) {
      const named = brakes.map(({ resource: { kind, metadata } }) => ({ kind, name: metadata.name }));
      await this.brakes.lock(unit, named);
    }
    // What holds a cluster, or pauses an application, may come in front of it.
    const inOrder = [...placed.filter((each) => !isBrake(each)), ...brakes];
    for (let at = 0; at < inOrder.length;) {
      const clusters = clustersFrom(inOrder, at);
      const told = await takeClusters(unit, clusters, caller, work);
      clusters.forEach(({ index }, which) => told[which] && results.set(index, told[which]));
      at += clusters.length;
      const { resource, index } = inOrder[at] ?? {};
      if (!resource || index === undefined || resource.kind === 'Cluster') continue;
      await this.documents.check(unit, resource, caller, { index, coming });
      results.set(index, await this.one(unit, resource, { caller, work, taken }));
      at += 1;
    }
    return { results: resources.flatMap((_, index) => results.get(index) ?? []), taken };
  }

  /** What follows from what was written. */
  async after(
    resources: readonly Resource[],
    { results, taken }: Applied,
    deleted: readonly { readonly kind: string }[] = [],
  ): Promise<void> {
    const changed = [...results.filter(({ result }) => result !== 'unchanged'), ...deleted];
    if (changed.length === 0) return;
    this.brakes.act(taken);
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
    { caller, work, taken }: { readonly caller: Caller; readonly work: ApplyWork; readonly taken: Taken[] },
  ): Promise<ApplyResult> {
    const { kind } = resource;
    const { name } = resource.metadata;
    const before = await currentDocument(unit, kind, name);
    // A brake that is on stays on as it is, whoever put it there.
    const after = isBrake({ resource }) && before ? before : wantedDocument(resource);
    const result = resultOf(before, after);
    if (!work.dryRun && result !== 'unchanged') {
      work.refuseByHand({ kind, name });
      taken.push(...(await this.write(unit, resource, work.now, caller)));
      await audit(unit, { now: work.now, caller }, 'apply', `${kind}/${name}`, {
        reason: work.reason,
        detail: { before: before as unknown as JsonObject, after: after as unknown as JsonObject },
      });
    }
    return { kind, name, result, before, after };
  }

  private async write(unit: Unit, resource: OtherDocument, now: number, caller: Caller): Promise<readonly Taken[]> {
    switch (resource.kind) {
      case 'Freeze': {
        const { reason, until } = resource.spec;
        const { since = now } = (await unit.freeze.get()) ?? {};
        const ends = until === undefined ? {} : { until: Date.parse(until) };
        await unit.freeze.set({ by: caller.actor, reason, since, ...ends });
        return [];
      }
      case 'Hold':
      case 'Pause':
        return this.brakes.put(unit, resource, { now, actor: caller.actor, reason: resource.spec.reason });
      case 'Application':
        await this.tellTerms(unit, resource.metadata.name, resource.spec);
        await unit.resources.put(resource.kind, resource.metadata.name, resource.spec, now);
        return [];
      case 'Source':
      case 'Strategy':
      case 'Policy':
      case 'Fleet':
        await unit.resources.put(resource.kind, resource.metadata.name, resource.spec, now);
        return [];
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
}

interface Placed {
  readonly resource: Resource;
  readonly index: number;
}

/** Those that stand there one after the other from a place on. */
function clustersFrom(placed: readonly Placed[], start: number): readonly PlacedCluster[] {
  const found: PlacedCluster[] = [];
  for (let at = start; ; at += 1) {
    const { resource, index } = placed[at] ?? {};
    if (resource?.kind !== 'Cluster' || index === undefined) return found;
    found.push({ resource, index });
  }
}

function isBrake<T extends { readonly resource: Resource }>(each: T): each is T & { readonly resource: BrakeDocument } {
  return each.resource.kind === 'Hold' || each.resource.kind === 'Pause';
}

function resultOf(before: Resource | null, after: Resource): ApplyResult['result'] {
  if (before === null) return 'created';
  return canonicalJson(before) === canonicalJson(after) ? 'unchanged' : 'configured';
}
