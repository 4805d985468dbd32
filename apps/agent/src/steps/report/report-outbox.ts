import type { AgentReport } from '#domain';
import { type Logger, messageOf } from '#kit';
import type { AgentBus } from '#ports';
import { type Backoff, detach } from '../../common.js';

interface Slot {
  latest: AgentReport;
  /** Sequence that the broker has stored. */
  stored: number;
  sending: boolean;
  readonly backoff: Backoff;
  timer?: NodeJS.Timeout;
}

export interface OutboxOptions {
  /** Null while there is no bus. */
  readonly bus: () => AgentBus | null;
  readonly backoff: () => Backoff;
  readonly nextSeq: () => number;
  readonly logger: Logger;
}

/**
 * Holds the latest report of each application until the broker has stored it. While one is on its way a newer one waits; older
 * ones that wait are replaced, as the hub would.
 */
export class ReportOutbox {
  private readonly slots = new Map<string, Slot>();
  private closed = false;

  constructor(private readonly options: OutboxOptions) {}

  put(report: AgentReport): void {
    const slot = this.slots.get(report.application);
    if (slot === undefined) {
      const fresh = { latest: report, stored: 0, sending: false, backoff: this.options.backoff() };
      this.slots.set(report.application, fresh);
      this.send(fresh);
      return;
    }
    slot.latest = report;
    slot.backoff.reset();
    this.send(slot);
  }

  latest(application: string): AgentReport | undefined {
    return this.slots.get(application)?.latest;
  }

  forget(application: string): void {
    clearTimeout(this.slots.get(application)?.timer);
    this.slots.delete(application);
  }

  /**
   * After a reconnect: what was published into a breaking connection may be lost, so all are sent again, each as news. A hub that
   * has it already must hear it too: it may have given the cluster up for lost meanwhile.
   */
  resendAll(): void {
    for (const slot of this.slots.values()) {
      slot.latest = { ...slot.latest, seq: this.options.nextSeq() };
      slot.backoff.reset();
      this.send(slot);
    }
  }

  close(): void {
    this.closed = true;
    for (const slot of this.slots.values()) clearTimeout(slot.timer);
    this.slots.clear();
  }

  private send(slot: Slot): void {
    if (slot.sending || this.closed) return;
    clearTimeout(slot.timer);
    slot.sending = true;
    detach(this.deliver(slot), this.options.logger);
  }

  private async deliver(slot: Slot): Promise<void> {
    try {
      while (slot.stored < slot.latest.seq) {
        const report = slot.latest;
        const bus = this.options.bus();
        // A reconnect sends it.
        if (bus === null || !bus.connected()) return;
        await bus.publishStatus(report.application, Buffer.from(JSON.stringify(report)));
        slot.stored = Math.max(slot.stored, report.seq);
        slot.backoff.reset();
      }
    } catch (error) {
      if (this.isClosed()) return;
      const wait = slot.backoff.next();
      const { application } = slot.latest;
      this.options.logger.debug(
        { application, why: messageOf(error, 200), waitMs: Math.round(wait) },
        'report not stored',
      );
      slot.timer = setTimeout(() => this.send(slot), wait);
    } finally {
      slot.sending = false;
    }
  }

  private isClosed(): boolean {
    return this.closed;
  }
}
