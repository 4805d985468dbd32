import type { ManifestApplication } from '#domain';
import type { ApplicationReporter, Standing } from '../report/application-reporter.js';
import { judgeApplication } from '../report/compose-report.js';
import type { ApplicationParts, ApplicationPasses } from './application-passes.js';
import { haltedSync } from './halted-sync.js';
import type { WorkerState } from './worker-state.js';

export interface StandingTellerOptions extends Pick<ApplicationParts, 'objects' | 'inventory' | 'drift' | 'mask'> {
  readonly state: WorkerState;
  readonly passes: Pick<ApplicationPasses, 'progress'>;
  readonly reporter: ApplicationReporter;
  /** It was judged anew: there may be something to do. */
  readonly onJudged: () => void;
}

/** Judges how an application stands, and hands that to its reporter. */
export class StandingTeller {
  private evaluation: NodeJS.Immediate | undefined;
  private closed = false;

  constructor(private readonly options: StandingTellerOptions) {}

  /** Judges once for all that happens in one turn. */
  judgeSoon(): void {
    this.evaluation ??= setImmediate(() => {
      this.evaluation = undefined;
      this.judge();
    });
  }

  judge(): void {
    const { state, passes, objects, inventory, drift, mask, reporter, onJudged } = this.options;
    const { assignment } = state;
    if (this.closed || assignment === null) return;
    const sync = state.isHalted ? haltedSync(state.sync, passes.progress(assignment.generation)) : state.sync;
    if (sync.kind === 'restoring') return;
    drift.settle();
    const verdict = judgeApplication(sync, objects.unhealthy(), inventory.surplusCount, (text) => mask.hide(text));
    reporter.observe(verdict, this.standing(assignment));
    onJudged();
  }

  standing(assignment: ManifestApplication): Standing {
    const { inventory, drift } = this.options;
    const { corrected, drifted, fields } = drift;
    return { assignment, runs: inventory.runs, objects: inventory.all.length, corrected, drifted, fields };
  }

  close(): void {
    this.closed = true;
    clearImmediate(this.evaluation);
  }
}
