import type { Manifest, ManifestApplication, Withdrawal } from '#domain';
import type { Logger } from '#kit';
import type { ApplicationRecord, RecordStore } from '#kube';
import type { Inspected } from './steps/answer/inspected.js';
import { ApplicationWorker } from './steps/apply/application-worker.js';
import type { WorkerContext } from './steps/apply/worker-context.js';
import { composeReport, cut } from './steps/report/compose-report.js';
import { decideApplications, type HeldApplication } from './steps/fetch/decide-applications.js';
import { takeDownAll } from './steps/withdraw/take-down-all.js';
import { detach, jittered } from './common.js';

const MOST_NAMES = 20;

/** The applications of one cluster: one worker each, made and ended as the manifest says. */
export class Applications {
  private readonly workers = new Map<string, ApplicationWorker>();
  /** What the cluster remembers of applications that no manifest names: kept, not enforced. */
  private readonly idle = new Map<string, ApplicationRecord>();

  /** The applications that go because the manifest says that all do; null: it does not. */
  private going: ReadonlySet<string> | null = null;
  private verifyTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly context: WorkerContext,
    private readonly records: RecordStore,
    private readonly logger: Logger,
  ) {
    this.verifyLater();
  }

  /** After a start: goes on enforcing what was accepted, for those applications that the manifest names. */
  restore(records: readonly ApplicationRecord[], manifest: Manifest | null): void {
    for (const record of records) {
      const accepted = assignmentOf(record);
      const named = manifest?.applications[record.application];
      if (accepted === null || named === undefined || record.cluster !== this.context.cluster) {
        this.idle.set(record.application, record);
        continue;
      }
      const isSame = named.generation === accepted.generation && named.digest === accepted.digest;
      this.make(record.application).restore(record, isSame ? named : haltedAs(accepted, named));
    }
    // What no manifest names goes with the rest, with the hub away too.
    if (manifest?.withdraw) this.accept(manifest, false);
  }

  /** Takes up a verified manifest. `spread`: bundles are not fetched at once. */
  accept(accepted: Manifest, spread: boolean): void {
    const manifest = accepted.withdraw ? { ...accepted, applications: takeDownAll(accepted, this.all()) } : accepted;
    this.going = accepted.withdraw ? new Set(Object.keys(manifest.applications)) : null;
    const held = new Map<string, HeldApplication>();
    for (const [name, { assignment }] of this.workers) if (assignment !== null) held.set(name, assignment);
    for (const [name, record] of this.idle) {
      const before = record.cluster === this.context.cluster ? assignmentOf(record) : null;
      // What it holds may be asked for again by the same generation.
      if (before !== null && before.generation !== manifest.applications[name]?.generation) held.set(name, before);
    }
    for (const decision of decideApplications(held, manifest)) {
      const { name } = decision;
      switch (decision.act) {
        case 'take':
          (this.workers.get(name) ?? this.revive(name)).take(decision.assignment, spread);
          break;
        case 'keep':
          this.workers.get(name)?.keep(decision.assignment);
          break;
        case 'refuse':
          this.logger.warn({ application: name, why: decision.message }, 'refused');
          this.refuse(name, decision.assignment, decision.message);
          break;
        case 'release':
          this.release(name);
      }
    }
  }

  /** The manifest on the bus is the one that is held. */
  retell(): void {
    for (const worker of this.workers.values()) worker.retell();
  }

  /** The bus is back. */
  resume(): void {
    for (const worker of this.workers.values()) worker.resume();
  }

  /** Tells the hub that a whole manifest was refused: for what it claims to ask anew. */
  refuseAll(claims: Manifest, message: string): void {
    for (const [name, assignment] of Object.entries(claims.applications)) {
      const held = this.workers.get(name)?.assignment;
      if (held?.generation === assignment.generation && held.digest === assignment.digest) continue;
      this.refuse(name, assignment, message);
    }
  }

  /** Those that are taken down because the cluster leaves the fleet; null: it stays. */
  get leaving(): ReadonlySet<string> | null {
    return this.going;
  }

  /** How far all came with being taken down; null: they are not. `broken`: Secrets of records that can't be read. */
  withdrawal(broken: readonly string[]): Withdrawal | null {
    if (this.going === null) return null;
    const each = [...this.workers.values()].map(({ takenDown }) => takenDown);
    const kept = each.flatMap((one) => one.kept);
    const unread =
      broken.length === 0 ? undefined : `the record in ${broken.join(', ')} can't be read, and so not deleted`;
    const message = each.find(({ done, message: why }) => !done && why !== undefined)?.message ?? unread;
    return {
      done: broken.length === 0 && each.every(({ done }) => done),
      left: each.reduce((sum, { left }) => sum + left, 0),
      kept: kept.length,
      names: kept.slice(0, MOST_NAMES).map((name) => cut(name, 400)),
      ...(message !== undefined && { message: cut(message, 1024) }),
    };
  }

  state(): Readonly<Record<string, { readonly generation: number; readonly phase: string }>> {
    return Object.fromEntries(
      [...this.workers].map(([name, { assignment, phase }]) => [
        name,
        { generation: assignment?.generation ?? 0, phase },
      ]),
    );
  }

  close(): void {
    clearTimeout(this.verifyTimer);
    for (const worker of this.workers.values()) worker.close();
    this.workers.clear();
  }

  /** What is known of one, for answers; null: it is not of this cluster's. */
  inspect(name: string): Inspected | null {
    return this.workers.get(name)?.inspect() ?? null;
  }

  private verifyLater(): void {
    const { timing, random } = this.context;
    this.verifyTimer = setTimeout(
      () => {
        for (const worker of this.workers.values()) worker.verify();
        this.verifyLater();
      },
      jittered(timing.verifyMs, random),
    );
    // Not what keeps a process alive.
    this.verifyTimer.unref();
  }

  /** All that this registration holds, named or not; what an earlier one left behind is not this one's to delete. */
  private all(): ReadonlyMap<string, ManifestApplication | null> {
    const all = new Map<string, ManifestApplication | null>();
    for (const [name, record] of this.idle) {
      const isOwn = record.cluster === this.context.cluster && record.inventory.length > 0;
      if (isOwn) all.set(name, assignmentOf(record));
    }
    for (const [name, { assignment }] of this.workers) all.set(name, assignment);
    return all;
  }

  private make(name: string): ApplicationWorker {
    const worker = new ApplicationWorker(name, this.context);
    this.workers.set(name, worker);
    return worker;
  }

  private revive(name: string): ApplicationWorker {
    const record = this.idle.get(name);
    this.idle.delete(name);
    const worker = this.make(name);
    if (record !== undefined) worker.inherit(record);
    return worker;
  }

  private refuse(name: string, assignment: ManifestApplication, message: string): void {
    const worker = this.workers.get(name);
    if (worker !== undefined) {
      worker.refuse(assignment, message);
      return;
    }
    const { cluster, boot, nextSeq, outbox } = this.context;
    const held = this.idle.get(name);
    outbox.put(
      composeReport({
        cluster,
        application: name,
        assignment,
        boot,
        seq: nextSeq(),
        verdict: { phase: 'refused', cause: 'sync', message, findings: [] },
        runs: held?.runs ?? '',
        objects: held?.inventory.length ?? 0,
        steadyMs: 0,
        breaks: 0,
        corrected: 0,
        drifted: 0,
        fields: [],
      }),
    );
  }

  private release(name: string): void {
    const worker = this.workers.get(name);
    if (worker === undefined) return;
    this.logger.info(
      { application: name },
      'no longer in the manifest: it stays as it is, and is not looked at any more',
    );
    const record = worker.record();
    worker.close();
    this.workers.delete(name);
    this.context.outbox.forget(name);
    if (record.inventory.length === 0) detach(this.records.remove(name), this.logger);
    else this.idle.set(name, record);
  }
}

/** What was accepted before, halted where what came after it is: that was paused before any of it was applied. */
function haltedAs(
  { halted: _before, ...accepted }: ManifestApplication,
  named: ManifestApplication,
): ManifestApplication {
  return { ...accepted, ...(named.halted && { halted: named.halted }) };
}

/** The manifest's entry as a record holds it; null: it can't be read. */
function assignmentOf(record: ApplicationRecord): ManifestApplication | null {
  const { assignment } = record;
  const isWhole = typeof assignment['generation'] === 'number' && typeof assignment['digest'] === 'string';
  return isWhole ? (assignment as unknown as ManifestApplication) : null;
}
