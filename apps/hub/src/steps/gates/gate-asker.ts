import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Effect } from '#domain';
import { messageOf, type Logger } from '#kit';
import type { Store } from '#ports';
import pLimit from 'p-limit';
import { LOGGER, SETTINGS, STORE, type HubSettings } from '../../parts.js';
import { Stepper } from '../advance/stepper.js';
import { askGate, type GateQuestion } from './ask-gate.js';

type Ask = Extract<Effect, { type: 'ask' }>;

/** Gates asked at once, whosever they are: a slow one holds up no more than its own place. */
const AT_ONCE = 16;

/**
 * Asks webhook and metric gates after the commit that says so, and hands the answer to the engine as an event. Nothing of it is
 * kept: what is lost with a hub is asked again when the gate's `askAt` comes.
 */
@Injectable()
export class GateAsker implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly limit = pLimit(AT_ONCE);
  private readonly stopping = new AbortController();
  /** Gates whose answer is awaited, with the wait. */
  private readonly outstanding = new Map<string, Promise<void>>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly stepper: Stepper,
  ) {}

  onApplicationBootstrap(): void {
    this.stepper.onAsk((application, ask) => this.ask(application, ask));
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.outstanding.values());
  }

  /** Soon, without an answer here; a gate that is being asked already is not asked twice. */
  ask(application: string, ask: Ask): void {
    const key = [ask.rollout, ask.wave, ask.when, ask.gate.name].join('\u0000');
    if (this.stopping.signal.aborted || this.outstanding.has(key)) return;
    const asked = this.limit(() => this.answer(application, ask))
      .catch((error: unknown) => {
        const { rollout, gate } = ask;
        const about = { step: 'advance', rollout, gate: gate.name, error: messageOf(error) };
        this.log.warn(about, 'a gate was not asked, or its answer was lost; it will be asked again');
      })
      .finally(() => this.outstanding.delete(key));
    this.outstanding.set(key, asked);
  }

  private async answer(application: string, ask: Ask): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const question = await this.questionOf(application, ask);
    if (!question) return;
    const terms = { allowLocal: this.settings.gatesAllowLocal, signal: this.stopping.signal };
    const { outcome, message } = await askGate(ask.gate, question, terms);
    // What a stop cut short says nothing of the gate.
    if (this.stopping.signal.aborted) return;
    const { rollout, wave, when, gate } = ask;
    await this.stepper.take(application, {
      type: 'gateAnswer',
      rollout,
      wave,
      when,
      gate: gate.name,
      outcome,
      message,
    });
  }

  /** Null: the rollout is no longer the present one. */
  private async questionOf(application: string, { rollout: id, wave, when, gate }: Ask): Promise<GateQuestion | null> {
    const header = await this.store.read.rollouts.header(application);
    const rollout = header?.rollout;
    const progress = rollout?.waves[wave];
    if (rollout?.id !== id || !progress) return null;
    const release = await this.store.read.releases.get(application, rollout.release);
    return {
      application,
      rollout: id,
      release: rollout.release,
      ...(release && { revision: release.revision }),
      wave: progress.name,
      when,
      gate: gate.name,
      clusters: progress.total,
    };
  }
}
