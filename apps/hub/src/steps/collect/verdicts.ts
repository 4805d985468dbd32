import { Inject, Injectable } from '@nestjs/common';
import type { AgentReport, ReportInput, RolloutEvent } from '#domain';
import type { Clock, Unit } from '#ports';
import { CLOCK } from '../../parts.js';
import { Stepper } from '../advance/stepper.js';

/** Takes reports into the tables and to the engine. */
@Injectable()
export class Verdicts {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly stepper: Stepper,
  ) {}

  async take(unit: Unit, reports: readonly AgentReport[]): Promise<() => void> {
    const news = await unit.reports.upsert(reports, this.clock.now());
    const byApplication = new Map<string, ReportInput[]>();
    for (const report of news) {
      const list = byApplication.get(report.application) ?? [];
      list.push(toInput(report));
      byApplication.set(report.application, list);
    }
    return this.stepper.takeAll(
      unit,
      [...byApplication].map(([application, inputs]): [string, RolloutEvent] => [
        application,
        { type: 'reports', reports: inputs },
      ]),
    );
  }
}

function toInput(report: AgentReport): ReportInput {
  const { cluster, generation, digest, phase, steadyMs, breaks, cause, message } = report;
  return {
    uid: cluster,
    generation,
    digest,
    phase,
    steadyMs,
    breaks,
    ...(cause && { cause }),
    ...(message && { message }),
  };
}
