import type { JsonObject, ManifestApplication } from '#domain';
import {
  type ApplicationRecord,
  type ApplyItem,
  containerContents,
  deleteObjects,
  type HookRun,
  type InventoryEntry,
  inspectPrune,
  isContainer,
  type ObjectError,
  planPrune,
  type PrunePlan,
  refKey,
  refTitle,
  unionInventory,
} from '#kube';
import type { HeldBundle } from './held-bundle.js';
import { asUserOf, namingAccount } from './service-account.js';
import type { WorkerContext } from './worker-context.js';

/** What an application holds in the cluster, or may hold, and the record of it there. */
export class ApplicationInventory {
  /** Digest that was applied whole last; empty: none yet. */
  runs = '';
  /** Generation that was applied whole last; -1: none yet. A digest alone would not tell: it may come again later. */
  private applied = -1;
  private entries: readonly InventoryEntry[] = [];
  /** What the present bundle lacks. */
  private surplus: ReadonlySet<string> = new Set();
  /** The record as it was written last. */
  private recorded = '';
  /** Digest of the bundle that is kept beside it. */
  private bundled = '';

  /** How far the hooks have come; undefined: it has none. */
  hooks: HookRun | undefined;

  /** What was let be though it was to go, for `flotilla.dev/prune: disabled`; since this start. */
  readonly kept = new Set<string>();

  constructor(
    private readonly application: string,
    private readonly context: WorkerContext,
  ) {}

  get all(): readonly InventoryEntry[] {
    return this.entries;
  }

  get surplusCount(): number {
    return this.surplus.size;
  }

  /** Whether all of a generation was applied once. */
  isWhole({ generation }: ManifestApplication): boolean {
    return this.applied === generation;
  }

  /** Takes over what is in the cluster. */
  inherit(record: Pick<ApplicationRecord, 'inventory' | 'runs' | 'hooks'>): void {
    this.entries = record.inventory;
    this.hooks = record.hooks;
    this.runs = record.runs;
  }

  /** The same, when its assignment goes on as well. */
  restore(record: ApplicationRecord, assignment: ManifestApplication): void {
    this.inherit(record);
    const { generation, digest } = assignment;
    this.applied = record.applied ?? (record.runs === digest ? generation : -1);
    this.recorded = JSON.stringify(this.record(assignment));
    this.bundled = digest;
  }

  /** What the cluster is to remember. */
  record(assignment: ManifestApplication | null, inventory = this.entries): ApplicationRecord {
    const { application, runs, applied, hooks } = this;
    const { cluster } = this.context;
    const json = { ...assignment } as unknown as JsonObject;
    const more = { ...(applied >= 0 && { applied }), ...(hooks !== undefined && { hooks }) };
    return { cluster, application, assignment: json, runs, ...more, inventory };
  }

  /** Old and new together, before the first write: after a crash everything that may be there is still known. */
  async recordUnion(items: readonly ApplyItem[], held: HeldBundle): Promise<void> {
    const refs = items.map((item) => item.ref);
    const union = unionInventory(this.entries, refs);
    const record = this.record(held.assignment, union);
    const text = JSON.stringify(record);
    if (text === this.recorded) return;
    await this.context.records.save(record, held.assignment.digest, await held.bytes());
    this.entries = union;
    this.recorded = text;
    this.bundled = held.assignment.digest;
  }

  /** All of `keys` was applied: what else there is goes once the rest is healthy. */
  settle(keys: ReadonlySet<string>, { generation, digest }: ManifestApplication): void {
    this.runs = digest;
    this.applied = generation;
    this.countSurplus(keys);
  }

  /** What is there besides `keys`. */
  countSurplus(keys: ReadonlySet<string>): void {
    this.surplus = new Set(this.entries.map(refKey).filter((key) => !keys.has(key)));
  }

  /** What would be deleted on the way to `keep`; null: nothing. Deletes nothing. */
  async inspect(keep: ReadonlySet<string>, { assignment }: HeldBundle, signal: AbortSignal): Promise<PrunePlan | null> {
    const groups = planPrune(this.entries, keep);
    if (groups.length === 0) return null;
    const { kube, discovery } = this.context;
    const who = { application: this.application, ...asUserOf(assignment) };
    const plan = await inspectPrune({ kube, discovery, ...who, groups, signal });
    return { ...plan, errors: await namingAccount(plan.errors, this.context, assignment) };
  }

  /** Deletes the surplus within the budget. What can't be deleted stays in the inventory. */
  async prune(
    held: HeldBundle,
    signal: AbortSignal,
  ): Promise<{ readonly errors: readonly ObjectError[]; readonly message?: string }> {
    const keep = new Set(this.entries.map(refKey).filter((key) => !this.surplus.has(key)));
    const plan = await this.inspect(keep, held, signal);
    if (plan === null || signal.aborted) return { errors: [] };
    const message = await overBudget(plan, held);
    if (message !== null) return { errors: plan.errors, message };
    for (const entry of plan.kept) this.kept.add(refTitle(entry));
    const { assignment } = held;
    const how = { kube: this.context.kube, ...asUserOf(assignment), signal };
    const applications = assignment.release === null ? this.context.leaving() : null;
    const result = await (applications === null ? deleteObjects(how, plan) : this.takeDown(how, plan, applications));
    const { deleted, errors } = result;
    const gone = new Set([...deleted, ...plan.released]);
    this.entries = this.entries.filter((entry) => !gone.has(refKey(entry)));
    this.surplus = new Set([...this.surplus].filter((key) => !gone.has(key)));
    return { errors: [...plan.errors, ...(await namingAccount(errors, this.context, assignment))] };
  }

  /** Deletes all but what would take along what is to stay: that is let be, too. */
  private async takeDown(
    how: Parameters<typeof deleteObjects>[0],
    { deletions }: PrunePlan,
    applications: ReadonlySet<string>,
  ): Promise<Awaited<ReturnType<typeof deleteObjects>>> {
    const first = deletions.map((group) => group.filter(({ entry }) => !isContainer(entry)));
    const { deleted, errors } = await deleteObjects(how, { deletions: first });
    const gone = [...deleted];
    const found: ObjectError[] = [...errors];
    for (const container of deletions.flat().filter(({ entry }) => isContainer(entry))) {
      if (how.signal.aborted) break;
      const { entry: ref } = container;
      const { going, staying } = await containerContents(how.kube, container, {
        own: this.context.namespace,
        applications,
      });
      if (staying.length > 0) {
        this.kept.add(`${refTitle(ref)}, which holds ${staying[0]}`);
        gone.push(refKey(ref));
      } else if (going.length > 0) {
        const message = `it still holds ${going[0]}`;
        found.push({ ref, reason: 'NotEmpty', message, transient: true });
      } else {
        const last = await deleteObjects(how, { deletions: [[container]] });
        gone.push(...last.deleted);
        found.push(...last.errors);
      }
    }
    return { deleted: gone, errors: found };
  }

  /** Whether a Job has run to its end that the record does not know of: after a restart it would be run again. */
  hasFinishedSince({ digest }: ManifestApplication, completed: ReadonlyMap<string, string>): boolean {
    if (digest !== this.bundled || completed.size === 0) return false;
    return this.entries.some((entry) => {
      const ended = entry.kind === 'Job' ? completed.get(refKey(entry)) : undefined;
      return ended !== undefined && ended !== entry.completed;
    });
  }

  isStale(assignment: ManifestApplication): boolean {
    return JSON.stringify(this.record(assignment)) !== this.recorded;
  }

  /** Writes the record; `completed`: Jobs that ran to their end, by key. */
  async save(assignment: ManifestApplication, completed: ReadonlyMap<string, string>): Promise<void> {
    this.entries = this.entries.map((entry) => {
      const digest = completed.get(refKey(entry));
      return digest === undefined ? entry : { ...entry, completed: digest };
    });
    const record = this.record(assignment);
    await this.context.records.update(record);
    this.recorded = JSON.stringify(record);
  }
}

/** Why a plan deletes more than it may; null: it does not. @throws RetryableError where that must be looked up and can't be. */
export async function overBudget(plan: PrunePlan | null, held: HeldBundle): Promise<string | null> {
  const budget = held.assignment.maxDeletions;
  // What could not be looked at may have to be deleted as well.
  const deletions = [
    ...(plan?.deletions ?? []).flat().map(({ entry }) => entry),
    ...(plan?.errors ?? []).map(({ ref }) => ref),
  ];
  // Most releases delete less than they may, and nobody needs to know what is exempt.
  if (deletions.length <= budget) return null;
  const exempt = await held.exempt();
  const names = deletions.filter((ref) => !exempt.has(refKey(ref))).map(refTitle);
  if (names.length <= budget) return null;
  const shown = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
  return `it would delete ${names.length} objects (${shown}) and may delete ${budget}: nothing was changed; raise maxDeletions, or put them back`;
}
