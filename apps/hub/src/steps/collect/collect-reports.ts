import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { MAX_REPORT_BYTES, reportSchema } from '#contract';
import type { AgentReport } from '#domain';
import { type Logger } from '#kit';
import type { HubBus, StatusMessage, Store } from '#ports';
import { HUB_BUS, LOGGER, STORE } from '../../parts.js';
import { StepTimer } from '../step-timer.js';
import { PlacedReports } from './placed-reports.js';
import { Verdicts } from './verdicts.js';

/** Reports become verdicts: one transaction a batch, and the bus hears of it only after the commit. */
@Injectable()
export class CollectReports implements OnApplicationShutdown {
  @Inject(StepTimer) private readonly timer!: StepTimer;
  @Inject(PlacedReports) private readonly placed!: PlacedReports;
  private consumer: { stop(): Promise<void> } | null = null;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly verdicts: Verdicts,
  ) {}

  /** Begins to consume; called by the start sequence, once the hub's own absence is recorded. */
  async start(): Promise<void> {
    this.consumer ??= await this.bus.consumeStatus((batch) => this.handle(batch));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.consumer?.stop();
  }

  private async handle(batch: readonly StatusMessage[]): Promise<void> {
    const reports = (await this.placed.sift(batch)).flatMap((message) => {
      const report = readReport(message);
      // What an agent can't have meant is dropped for good: coming again would not mend it.
      if (!report)
        this.log.warn(
          { step: 'report', cluster: message.cluster, application: message.application },
          'unreadable report dropped',
        );
      return report ? [report] : [];
    });
    if (reports.length === 0) return;
    const act = await this.timer.time('report', () => this.store.transact((unit) => this.verdicts.take(unit, reports)));
    act();
  }
}

/** Null for what is no report, or one that speaks for another cluster or application than its subject, which the broker vouches for. */
export function readReport({ cluster, application, body }: StatusMessage): AgentReport | null {
  if (body.length > MAX_REPORT_BYTES) return null;
  try {
    const parsed = reportSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8')));
    if (!parsed.success || parsed.data.cluster !== cluster || parsed.data.application !== application) return null;
    return parsed.data;
  } catch {
    return null;
  }
}
