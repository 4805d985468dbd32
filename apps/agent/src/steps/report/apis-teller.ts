import { type Logger, messageOf } from '#kit';
import type { Kube } from '#ports';
import { detach } from '../../common.js';
import { indexDigest, readApiIndex } from '../answer/api-index.js';

/** The API server publishes a definition's schema some time after it was written. */
const SETTLED_MS = [2_000, 15_000];

export interface ApisTellerOptions {
  readonly kube: Kube;
  /** `isLater`: it was found out because something changed. */
  readonly tell: (apis: string, isLater: boolean) => void;
  readonly logger: Logger;
}

/** Finds out what the API server serves, again when a definition was written, for the hub to ask for what it does not know of it. */
export class ApisTeller {
  private timers: NodeJS.Timeout[] = [];
  private closed = false;

  constructor(private readonly options: ApisTellerOptions) {}

  async look(isLater = false): Promise<void> {
    const { kube, tell, logger } = this.options;
    try {
      const index = await readApiIndex(kube);
      if (index !== null && !this.closed) tell(indexDigest(index), isLater);
    } catch (error) {
      logger.debug({ why: messageOf(error, 200) }, 'what the API server serves could not be found out');
    }
  }

  /** A definition was written; of several at once the last one counts. */
  soon(): void {
    if (this.closed) return;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = SETTLED_MS.map((ms) => setTimeout(() => detach(this.look(true), this.options.logger), ms).unref());
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
  }
}
