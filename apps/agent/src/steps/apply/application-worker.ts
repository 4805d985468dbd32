import type { JsonObject, ManifestApplication } from '#domain';
import { type Logger, messageOf, RejectedError, RetryableError } from '#kit';
import {
  type ApplicationRecord,
  type ApplyItem,
  applyObjects,
  deleteObjects,
  type Difference,
  type Discovery,
  hasDrifted,
  type InventoryEntry,
  inspectPrune,
  mapAt,
  type ObjectError,
  planPrune,
  type PrunePlan,
  prepareObjects,
  type RecordStore,
  refKey,
  refTitle,
  textAt,
  unionInventory,
} from '#kube';
import type { Clock, Kube } from '#ports';
import type { AgentTiming } from '../../agent-options.js';
import { Backoff, detach, jittered } from '../../common.js';
import { openBundle } from '../fetch/open-bundle.js';
import { ApplicationReporter, type Standing } from '../report/application-reporter.js';
import { judgeApplication, type SyncState } from '../report/compose-report.js';
import type { ReportOutbox } from '../report/report-outbox.js';
import { ApplicationObjects } from './application-objects.js';
import type { KindWatches } from './kind-watches.js';

/** What all applications of an agent share. */
export interface WorkerContext {
  readonly cluster: string;
  readonly boot: number;
  /** The agent's own namespace. */
  readonly namespace: string;
  readonly kube: Kube;
  readonly discovery: Discovery;
  readonly watches: KindWatches;
  readonly records: RecordStore;
  readonly outbox: ReportOutbox;
  readonly nextSeq: () => number;
  /** The gzipped bundle; `spread`: not at once. */
  readonly fetchBundle: (digest: string, chunks: number, spread: boolean) => Promise<Uint8Array>;
  readonly isInstant: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: AgentTiming;
  readonly logger: Logger;
}

interface Held {
  readonly assignment: ManifestApplication;
  /** Null: in the cluster only. */
  readonly gzipped: Uint8Array | null;
}

/** A small bundle is kept as it came, so that a correction needs no request for it. */
const KEPT_BYTES = 32 * 1024;
const NOTHING = new Uint8Array();

/**
 * Brings one application to its newest assignment and keeps it there. One thing is done at a time, the most urgent first; a newer
 * assignment ends what is being done for an older one.
 */
export class ApplicationWorker {
  private held: Held | null = null;
  private asked: { readonly assignment: ManifestApplication; readonly spread: boolean } | null = null;
  private sync: SyncState = { kind: 'working' };
  private runs = '';
  private inventory: readonly InventoryEntry[] = [];
  /** The record in the cluster as it was written last, as text. */
  private recorded = '';
  private passDue: { readonly force: boolean } | null = null;
  private readonly dirty = new Set<string>();
  private surplus: ReadonlySet<string> = new Set();
  private pruneHeldUp = false;
  private corrected = 0;
  /** What differs where that is only reported, by key: the ownership for which it was found, and the paths. */
  private readonly drifting = new Map<string, { readonly owned: string; readonly paths: readonly string[] }>();
  private fields: readonly string[] = [];
  private running = false;
  /** Nothing is done until a wait is over. */
  private paused = false;
  /** The pass that goes on. */
  private passing: { readonly force: boolean } | null = null;
  /** The generation that was applied whole. */
  private appliedGeneration = -1;
  private stopped = false;
  private stop = new AbortController();
  private retryTimer: NodeJS.Timeout | undefined;
  private verifyTimer: NodeJS.Timeout | undefined;
  private evaluation: NodeJS.Immediate | undefined;
  private readonly backoff: Backoff;
  private readonly objects: ApplicationObjects;
  private readonly reporter: ApplicationReporter;
  private readonly logger: Logger;
  private isRefusalTold = false;

  constructor(
    readonly name: string,
    private readonly context: WorkerContext,
  ) {
    const { timing, random, logger, kube, clock } = context;
    this.logger = logger.child({ application: name });
    this.backoff = new Backoff(timing.retryMs, timing.retryMaxMs, random, new AbortController().signal);
    this.reporter = new ApplicationReporter({ ...context, application: name });
    this.objects = new ApplicationObjects({
      application: name,
      kube,
      clock,
      random,
      logger: this.logger,
      podsAfterMs: timing.podsAfterMs,
      watchIdleMs: timing.watchIdleMs,
      onHealth: () => this.evaluateSoon(),
      onDrift: (key) => {
        this.dirty.add(key);
        this.kick();
      },
    });
    this.verifyLater();
  }

  /** What is held, or was asked for last. */
  get assignment(): ManifestApplication | null {
    return this.asked?.assignment ?? this.held?.assignment ?? null;
  }

  get phase(): string {
    return this.reporter.phase;
  }

  /** Whether nothing is left of it in the cluster. */
  get isEmpty(): boolean {
    return this.inventory.length === 0;
  }

  /** Goes on after a restart with what the cluster remembers. */
  restore(record: ApplicationRecord, assignment: ManifestApplication): void {
    this.held = { assignment, gzipped: null };
    this.runs = record.runs;
    this.inventory = record.inventory;
    this.recorded = JSON.stringify(this.record(record.inventory));
    this.sync = { kind: 'restoring' };
    if (record.runs === assignment.digest) this.appliedGeneration = assignment.generation;
    this.passDue = { force: true };
    this.kick();
  }

  /** Takes over what is in the cluster, without an assignment to enforce. */
  inherit(record: Pick<ApplicationRecord, 'inventory' | 'runs'>): void {
    this.inventory = record.inventory;
    this.runs = record.runs;
  }

  /** A newer generation. `spread`: its bundle is not fetched at once. */
  take(assignment: ManifestApplication, spread: boolean): void {
    this.asked = { assignment, spread };
    this.stop.abort();
    clearTimeout(this.retryTimer);
    this.paused = false;
    this.backoff.reset();
    this.sync = { kind: 'working' };
    this.reporter.restart();
    this.corrected = 0;
    this.fields = [];
    this.drifting.clear();
    if (!this.context.isInstant) this.evaluate();
    this.kick();
  }

  /** The same generation; its terms may be others. */
  keep(assignment: ManifestApplication): void {
    if (this.isRefusalTold) {
      this.isRefusalTold = false;
      this.reporter.tell();
    }
    if (this.asked !== null || this.held === null) return;
    const before = this.held.assignment;
    this.held = { ...this.held, assignment };
    if (before.drift !== assignment.drift || before.namespace !== assignment.namespace) this.pass(true);
    else if (before.maxDeletions < assignment.maxDeletions && this.sync.kind === 'stuck') this.pass(false);
  }

  /** Something else was asked for, and is refused. */
  refuse(assignment: ManifestApplication, message: string): void {
    this.isRefusalTold = true;
    this.reporter.tellRefusal({ ...this.standing(), assignment }, message);
  }

  close(): void {
    this.stopped = true;
    this.stop.abort();
    clearTimeout(this.retryTimer);
    clearTimeout(this.verifyTimer);
    clearImmediate(this.evaluation);
    this.context.watches.drop(this.objects);
    this.objects.close();
    this.reporter.close();
  }

  private pass(force: boolean): void {
    this.passDue = { force: force || this.passDue?.force === true };
    this.kick();
  }

  private kick(): void {
    if (this.running || this.stopped) return;
    this.running = true;
    detach(this.work(), this.logger);
  }

  private async work(): Promise<void> {
    try {
      for (;;) {
        const step = this.nextStep();
        if (step === null) return;
        this.stop = new AbortController();
        try {
          await step();
        } catch (error) {
          this.failed(error);
        }
      }
    } finally {
      this.running = false;
    }
  }

  /** The most urgent thing to do; null: nothing. */
  private nextStep(): (() => Promise<void>) | null {
    if (this.stopped || this.paused) return null;
    if (this.asked !== null && this.sync.kind === 'working') return () => this.adopt();
    if (this.held === null) return null;
    if (this.passDue !== null) return () => this.fullPass();
    if (this.dirty.size > 0) return () => this.correct();
    if (this.sync.kind !== 'applied' || this.objects.unhealthy().length > 0) return null;
    if (this.surplus.size > 0 && !this.pruneHeldUp) return () => this.prune();
    if (this.surplus.size === 0 && this.isRecordStale()) return () => this.saveRecord();
    return null;
  }

  private async adopt(): Promise<void> {
    const { asked } = this;
    if (asked === null) return;
    const { assignment, spread } = asked;
    let gzipped: Uint8Array = NOTHING;
    let objects: readonly JsonObject[] = [];
    try {
      if (assignment.release !== null) {
        gzipped = await this.bundleOf(assignment, spread);
        objects = openBundle(gzipped, assignment.digest);
      }
    } catch (error) {
      // A newer one may have come meanwhile.
      if (this.asked !== asked) return;
      if (!(error instanceof RejectedError)) throw error;
      this.logger.warn({ generation: assignment.generation, why: error.message }, 'refused');
      this.sync = { kind: 'refused', message: error.message };
      this.evaluate();
      if (this.held !== null) this.pass(false);
      return;
    }
    if (this.asked !== asked || this.stopped) return;
    this.asked = null;
    this.held = { assignment, gzipped };
    this.passDue = null;
    if (this.context.isInstant) {
      this.runs = assignment.digest;
      this.sync = { kind: 'applied' };
      this.evaluate();
      return;
    }
    this.passDue = { force: false };
    await this.fullPass(objects);
    // The cluster has it by now; a large one need not be kept twice.
    if (gzipped.length > KEPT_BYTES && this.held?.gzipped === gzipped) this.held = { ...this.held, gzipped: null };
  }

  private async bundleOf(assignment: ManifestApplication, spread: boolean): Promise<Uint8Array> {
    const present = this.held;
    if (present?.assignment.digest === assignment.digest) {
      const kept = present.gzipped ?? (await this.context.records.loadBundle(this.name));
      if (kept !== null) return kept;
    }
    return await this.context.fetchBundle(assignment.digest, assignment.chunks, spread);
  }

  private async heldObjects(): Promise<readonly JsonObject[]> {
    if (this.held === null || this.held.assignment.release === null) return [];
    const { assignment } = this.held;
    return openBundle(await this.bundleOf(assignment, false), assignment.digest);
  }

  private async fullPass(given?: readonly JsonObject[]): Promise<void> {
    const due = this.passDue;
    const { held } = this;
    if (due === null || held === null) return;
    const { assignment } = held;
    const { signal } = this.stop;
    this.passDue = null;
    this.passing = due;
    const prepared = await this.prepare(given ?? (await this.heldObjects()));
    if (prepared.errors.length > 0) return this.stuck(prepared.errors);
    const { items } = prepared;
    const keys = new Set(items.map((item) => item.key));
    const plan = await this.inspect(keys);
    const tooMany = overBudget(plan, assignment.maxDeletions);
    if (tooMany !== null) return this.stuck(plan?.errors ?? [], tooMany);
    if (plan !== null && plan.errors.length > 0) return this.stuck(plan.errors);
    if (signal.aborted) return;
    await this.recordUnion(items, held);
    this.objects.replace(items, this.inventory);
    this.dirty.clear();
    const again = this.appliedGeneration === assignment.generation;
    const write = !again || assignment.drift === 'correct';
    try {
      const result = await applyObjects({ ...this.applyInput(items), force: due.force, write, again });
      if (signal.aborted) return;
      this.note(result.differing, write);
      if (result.errors.length > 0) return this.stuck(result.errors);
    } finally {
      if (!this.stopped) this.context.watches.want(this.objects, kindsOf(items));
    }
    this.backoff.reset();
    this.sync = this.asked === null ? { kind: 'applied' } : this.sync;
    this.runs = assignment.digest;
    this.appliedGeneration = assignment.generation;
    this.passing = null;
    this.surplus = new Set(this.inventory.map(refKey).filter((key) => !keys.has(key)));
    this.pruneHeldUp = false;
    for (const key of this.objects.drifted()) this.dirty.add(key);
    this.evaluate();
  }

  private applyInput(items: readonly ApplyItem[]) {
    const { kube, discovery } = this.context;
    return {
      kube,
      discovery,
      application: this.name,
      items,
      signal: this.stop.signal,
      known: ({ key }: ApplyItem) => this.objects.get(key)?.known() ?? { live: undefined },
      onSeen: (item: ApplyItem, live: JsonObject | null) => this.objects.seen(item, live),
      onVerified: (item: ApplyItem, live: JsonObject) => this.objects.verified(item, live),
    };
  }

  private async prepare(objects: readonly JsonObject[]) {
    const { discovery, namespace } = this.context;
    return await prepareObjects(objects, {
      application: this.name,
      namespace: this.held?.assignment.namespace ?? 'default',
      discovery,
      // Its own keys and records: whoever could write those would be the agent.
      forbidden: (ref) => ref.kind === 'Secret' && ref.namespace === namespace && ref.name.startsWith('flotilla-'),
    });
  }

  /** What would be deleted on the way to the bundle; null: nothing. */
  private async inspect(keep: ReadonlySet<string>): Promise<PrunePlan | null> {
    const groups = planPrune(this.inventory, keep);
    if (groups.length === 0) return null;
    const { kube, discovery } = this.context;
    return await inspectPrune({ kube, discovery, application: this.name, groups, signal: this.stop.signal });
  }

  /** Old and new together, before the first write: after a crash everything that may be there is still known. */
  private async recordUnion(items: readonly ApplyItem[], held: Held): Promise<void> {
    const union = unionInventory(
      this.inventory,
      items.map((item) => item.ref),
    );
    const record = this.record(union);
    const text = JSON.stringify(record);
    if (text === this.recorded) return;
    const { records } = this.context;
    const gzipped = held.gzipped ?? (await this.bundleOf(held.assignment, false));
    await records.save(record, held.assignment.digest, gzipped);
    this.inventory = union;
    this.recorded = text;
  }

  private async prune(): Promise<void> {
    const { held } = this;
    if (held === null) return;
    const keep = new Set(this.inventory.map(refKey).filter((key) => !this.surplus.has(key)));
    const plan = await this.inspect(keep);
    const tooMany = overBudget(plan, held.assignment.maxDeletions);
    if (tooMany !== null) return this.stuck(plan?.errors ?? [], tooMany);
    if (plan === null || this.stop.signal.aborted) return;
    const { deleted, errors } = await deleteObjects({ kube: this.context.kube, signal: this.stop.signal }, plan);
    const gone = new Set([...deleted, ...plan.released]);
    this.inventory = this.inventory.filter((entry) => !gone.has(refKey(entry)));
    this.surplus = new Set([...this.surplus].filter((key) => !gone.has(key)));
    const failures = [...plan.errors, ...errors];
    if (failures.length > 0) {
      this.pruneHeldUp = true;
      this.stuck(failures);
    }
    this.evaluate();
  }

  /** Puts back what somebody changed; where the mode says so, only finds out what it is. */
  private async correct(): Promise<void> {
    const { held } = this;
    const keys = [...this.dirty].filter((key) => this.isWorthALook(key));
    this.dirty.clear();
    if (held === null || held.assignment.drift === 'off' || keys.length === 0) return;
    const now = this.context.clock.monotonic();
    const write = held.assignment.drift === 'correct';
    const due = keys.filter((key) => !write || this.correctionWait(key, now) <= 0);
    const waits = keys.filter((key) => !due.includes(key)).map((key) => this.correctionWait(key, now));
    if (waits.length > 0) this.again(Math.min(...waits));
    if (due.length === 0) return;
    const wanted = new Set(due);
    const names = new Set(due.map((key) => this.objects.get(key)?.ref.name));
    const objects = (await this.heldObjects()).filter((object) => names.has(textAt(mapAt(object, 'metadata'), 'name')));
    const { items, errors } = await this.prepare(objects);
    const mine = items.filter((item) => wanted.has(item.key));
    const result = await applyObjects({ ...this.applyInput(mine), force: false, write, again: true });
    if (this.stop.signal.aborted) return;
    for (const { key } of mine) this.noteCorrection(key, now);
    this.note(result.differing, write);
    const failures = [...errors, ...result.errors];
    if (failures.length > 0) return this.stuck(failures);
    for (const key of this.objects.drifted()) this.dirty.add(key);
    this.evaluate();
    if (result.differing.length > 0) this.reporter.tell();
  }

  /** A drift that was found and only reported is not looked at again until it is another one. */
  private isWorthALook(key: string): boolean {
    const object = this.objects.get(key);
    if (object === undefined || !hasDrifted(object.known())) return false;
    return this.drifting.get(key)?.owned !== (object.live?.owned ?? 'absent');
  }

  /** Two who each want their own way must not set each other off without end. */
  private correctionWait(key: string, now: number): number {
    const object = this.objects.get(key);
    if (object === undefined || object.corrections < 5) return 0;
    return object.correctedAt + Math.min(1_000 * 2 ** (object.corrections - 5), 5 * 60_000) - now;
  }

  private noteCorrection(key: string, now: number): void {
    const object = this.objects.get(key);
    if (object === undefined) return;
    object.corrections = now - object.correctedAt > 10 * 60_000 ? 1 : object.corrections + 1;
    object.correctedAt = now;
  }

  private note(differing: readonly Difference[], corrected: boolean): void {
    if (differing.length === 0) return;
    this.fields = differing
      .flatMap(({ item, paths }) => paths.map((path) => `${refTitle(item.ref)}: ${path}`))
      .slice(0, 20);
    this.logger.info({ fields: this.fields, corrected }, 'the cluster differed from Git');
    if (corrected) {
      this.corrected += differing.length;
      return;
    }
    for (const { item, paths } of differing) {
      this.drifting.set(item.key, { owned: this.objects.get(item.key)?.live?.owned ?? 'absent', paths });
    }
  }

  private async saveRecord(): Promise<void> {
    const completed = this.objects.completed();
    this.inventory = this.inventory.map((entry) => {
      const digest = completed.get(refKey(entry));
      return digest === undefined ? entry : { ...entry, completed: digest };
    });
    const record = this.record(this.inventory);
    await this.context.records.update(record);
    this.recorded = JSON.stringify(record);
  }

  private isRecordStale(): boolean {
    return !this.context.isInstant && JSON.stringify(this.record(this.inventory)) !== this.recorded;
  }

  /** What the cluster is to remember of it. */
  record(inventory: readonly InventoryEntry[] = this.inventory): ApplicationRecord {
    const assignment = { ...this.held?.assignment };
    return { cluster: this.context.cluster, application: this.name, assignment, runs: this.runs, inventory };
  }

  private stuck(errors: readonly ObjectError[], message?: string): void {
    if (this.asked === null) {
      this.sync = { kind: 'stuck', errors, ...(message !== undefined && { message }) };
      this.evaluate();
    }
    const shown = errors.slice(0, 5).map((error) => `${refTitle(error.ref)}: ${error.message}`);
    const hinted = Math.max(0, ...errors.map((error) => error.retryAfterMs ?? 0));
    const wait = Math.max(this.backoff.next(), hinted);
    this.logger.warn({ errors: shown, count: errors.length, message, retryInMs: Math.round(wait) }, 'not applied');
    this.again(wait);
  }

  /** The API server or the bus did not answer: what is known stays, and it is tried again. */
  private failed(error: unknown): void {
    if (this.stopped) return;
    const wait = this.backoff.next();
    if (error instanceof RetryableError) {
      this.logger.info({ why: messageOf(error, 300), retryInMs: Math.round(wait) }, 'cannot go on now; trying again');
    } else {
      this.logger.error({ err: error }, 'an application could not be worked on');
    }
    if (this.asked === null) this.passDue ??= this.passing ?? { force: false };
    this.pause(wait);
  }

  /** A full pass after a while. */
  private again(waitMs: number): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.pass(false), waitMs);
  }

  /** Nothing at all for a while. */
  private pause(waitMs: number): void {
    clearTimeout(this.retryTimer);
    this.paused = true;
    this.retryTimer = setTimeout(() => {
      this.paused = false;
      this.kick();
    }, waitMs);
  }

  private verifyLater(): void {
    const { timing, random } = this.context;
    this.verifyTimer = setTimeout(
      () => {
        this.verifyLater();
        if (this.held !== null && !this.context.isInstant) this.pass(true);
      },
      jittered(timing.verifyMs, random),
    );
    // Not what keeps a process alive.
    this.verifyTimer.unref();
  }

  private evaluateSoon(): void {
    this.evaluation ??= setImmediate(() => {
      this.evaluation = undefined;
      this.evaluate();
    });
  }

  private evaluate(): void {
    if (this.stopped || this.sync.kind === 'restoring' || this.assignment === null) return;
    for (const key of this.drifting.keys()) {
      const object = this.objects.get(key);
      if (object?.verified !== undefined && !hasDrifted(object.known())) this.drifting.delete(key);
    }
    const verdict = judgeApplication(this.sync, this.objects.unhealthy(), this.surplus.size);
    this.reporter.observe(verdict, this.standing());
    this.kick();
  }

  private standing(): Standing {
    return {
      assignment: this.assignment ?? this.noAssignment(),
      runs: this.runs,
      objects: this.inventory.length,
      corrected: this.corrected,
      drifted: this.drifting.size,
      fields: this.fields,
    };
  }

  private noAssignment(): ManifestApplication {
    const rest = { revision: '', digest: '', chunks: 0, healthyForMs: 0, maxDeletions: 0, namespace: 'default' };
    return { release: null, generation: 0, drift: 'correct', ...rest };
  }
}

function overBudget(plan: PrunePlan | null, budget: number): string | null {
  const count = plan?.deletions.flat().length ?? 0;
  if (count <= budget) return null;
  const names = (plan?.deletions ?? []).flat().map(({ entry }) => refTitle(entry));
  const shown = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
  return `it would delete ${count} objects (${shown}) and may delete ${budget}: nothing was changed; raise maxDeletions, or put them back`;
}

function kindsOf(items: readonly ApplyItem[]) {
  const kinds = new Map(items.map((item) => [`${item.kind.base}/${item.kind.plural}`, item.kind]));
  return [...kinds.values()];
}
