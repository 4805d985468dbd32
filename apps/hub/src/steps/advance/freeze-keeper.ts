import { Inject, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { canonicalJson } from '#domain';
import { messageOf, type Logger } from '#kit';
import type { Store } from '#ports';
import { LOGGER, STORE } from '../../parts.js';
import { Advance } from './advance.js';
import { Stepper } from './stepper.js';

const TOLD = 'freeze.told';
const NOTHING = 'null';

/**
 * Ticks every running rollout once the fleet was frozen or let go. The freeze itself comes first and by itself, so that one
 * application in trouble keeps nobody from freezing the others; whoever was not told yet is told at the next look, by any hub.
 */
@Injectable()
export class FreezeKeeper {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly stepper: Stepper,
    private readonly advance: Advance,
  ) {}

  @Interval('freeze', 10_000)
  async look(): Promise<void> {
    try {
      await this.tell();
    } catch (error) {
      this.log.warn({ step: 'advance', error: messageOf(error) }, 'the freeze will be looked at again');
    }
  }

  /** Resolves when every running rollout knows the freeze as it stands now, as far as could be. */
  async tell(): Promise<void> {
    if (!this.advance.isStarted()) return;
    const freeze = canonicalJson(await this.store.read.freeze.get());
    if (freeze === ((await this.store.read.settings.get(TOLD)) ?? NOTHING)) return;
    let all = true;
    for (const { application, rollout } of await this.store.read.rollouts.headers()) {
      if (rollout?.state !== 'running') continue;
      try {
        await this.stepper.take(application, { type: 'tick' });
      } catch (error) {
        all = false;
        this.log.warn({ step: 'advance', application, error: messageOf(error) }, 'the freeze will be told again');
      }
    }
    if (all) await this.store.read.settings.set(TOLD, freeze);
  }
}
