import { AUDIT_GENESIS, type AuditEntry, auditHash } from '#domain';
import type { StoreSignal } from '#ports';
import { BugError } from '#kit';
import type { EventRow } from '../postgres/append-events.js';
import { toEvent } from '../postgres/rollout-history.js';
import { kept, type Memory, Overlay, type Tables } from './memory.js';

/** Row locks by name, first come first served. A circle of waiting transactions waits for ever: PostgreSQL would break it. */
export class Locks {
  private readonly holders = new Map<string, object>();
  private readonly queues = new Map<string, (() => void)[]>();

  tryTake(owner: object, key: string): boolean {
    const holder = this.holders.get(key);
    if (holder === undefined) this.holders.set(key, owner);
    return holder === undefined || holder === owner;
  }

  async take(owner: object, key: string): Promise<void> {
    while (!this.tryTake(owner, key)) {
      await new Promise<void>((resolve) => {
        this.queues.set(key, [...(this.queues.get(key) ?? []), resolve]);
      });
    }
  }

  releaseAll(owner: object): void {
    for (const [key, holder] of this.holders) {
      if (holder !== owner) continue;
      this.holders.delete(key);
      const waiting = this.queues.get(key) ?? [];
      this.queues.delete(key);
      for (const resume of waiting) resume();
    }
  }
}

/** One transaction in memory. */
export class Session {
  readonly signals = new Set<StoreSignal>();
  readonly tables: Tables;
  private readonly overlays: readonly Overlay<unknown>[];
  private readonly events: EventRow[] = [];
  private readonly audits: AuditEntry[] = [];
  private readonly marks = new Map<string, number>();

  constructor(
    readonly memory: Memory,
    private readonly locks: Locks,
    /** False: it lives for one operation only, outside of any transaction of the caller's. */
    private readonly isTransaction: boolean,
  ) {
    const overlays: Overlay<unknown>[] = [];
    const over = <Row>(committed: Map<string, Row>): Overlay<Row> => {
      const overlay = new Overlay(committed);
      overlays.push(overlay);
      return overlay;
    };
    const { tables } = memory;
    this.tables = {
      resources: over(tables.resources),
      clusters: over(tables.clusters),
      joinTokens: over(tables.joinTokens),
      releases: over(tables.releases),
      bundles: over(tables.bundles),
      headers: over(tables.headers),
      targets: over(tables.targets),
      archivedTargets: over(tables.archivedTargets),
      rollouts: over(tables.rollouts),
      reports: over(tables.reports),
      manifests: over(tables.manifests),
      revocations: over(tables.revocations),
      tokens: over(tables.tokens),
      grants: over(tables.grants),
      sessions: over(tables.sessions),
      loginCodes: over(tables.loginCodes),
      credentials: over(tables.credentials),
      webhooks: over(tables.webhooks),
      trust: over(tables.trust),
      heldTrust: over(tables.heldTrust),
      settings: over(tables.settings),
      steps: over(tables.steps),
      checkpoints: over(tables.checkpoints),
      answers: over(tables.answers),
      apiIndexes: over(tables.apiIndexes),
      apiSchemas: over(tables.apiSchemas),
    };
    this.overlays = overlays;
  }

  requireTransaction(operation: string): void {
    if (this.isTransaction) return;
    throw new BugError('no-transaction', `${operation} locks rows: call it within Store.transact.`);
  }

  lock(key: string): Promise<void> {
    return this.locks.take(this, key);
  }

  tryLock(key: string): boolean {
    return this.locks.tryTake(this, key);
  }

  appendEvents(events: readonly EventRow[]): void {
    this.events.push(...events);
  }

  appendAudit(entry: AuditEntry): void {
    this.audits.push(entry);
  }

  mark(uid: string): void {
    this.marks.set(uid, (this.marks.get(uid) ?? 0) + 1);
  }

  dirtyCounter(uid: string): number {
    return (this.memory.dirtyCounters.get(uid) ?? 0) + (this.marks.get(uid) ?? 0);
  }

  markedUids(): readonly string[] {
    return [...new Set([...this.memory.dirtyCounters.keys(), ...this.marks.keys()])];
  }

  commit(): void {
    for (const overlay of this.overlays) overlay.commit();
    for (const event of this.events) this.memory.events.push(toEvent({ ...event, id: this.memory.events.length + 1 }));
    for (const entry of this.audits) {
      const previous = this.memory.audit.at(-1)?.hash ?? AUDIT_GENESIS;
      const id = this.memory.audit.length + 1;
      this.memory.audit.push(kept({ ...entry, id, previous, hash: auditHash(previous, entry) }));
    }
    // Added, not set: two transactions may have marked the same cluster.
    for (const [uid, count] of this.marks) {
      this.memory.dirtyCounters.set(uid, (this.memory.dirtyCounters.get(uid) ?? 0) + count);
    }
  }

  end(): void {
    this.locks.releaseAll(this);
  }
}

/** Runs one operation in the transaction that it belongs to. */
export type Run = <T>(work: (session: Session) => T | Promise<T>) => Promise<T>;
