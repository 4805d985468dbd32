import { Inject, Injectable } from '@nestjs/common';
import type { Metrics } from '#kit';
import { METRICS } from '../parts.js';

/** The corridor's steps as metrics, logs and docs name them; `deliver` is the part of assign that writes manifests to the bus. */
export type StepName = 'ingest' | 'render' | 'assign' | 'deliver' | 'report' | 'advance';

/** How long each step takes, and how often it is taken. */
@Injectable()
export class StepTimer {
  private readonly seconds;

  constructor(@Inject(METRICS) metrics: Metrics) {
    this.seconds = metrics.histogram<'step'>({
      name: 'step_seconds',
      help: 'Duration of one pass of a step of the corridor.',
      labels: ['step'],
    });
  }

  async time<T>(step: StepName, work: () => Promise<T>): Promise<T> {
    const end = this.seconds.startTimer({ step });
    try {
      return await work();
    } finally {
      end();
    }
  }
}
