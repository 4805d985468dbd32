import type { ManifestApplication } from '#domain';
import type { ApplicationReporter, Standing } from '../report/application-reporter.js';
import type { HookStanding } from '../hooks/application-hooks.js';
import { judgeApplication, type SyncState } from '../report/compose-report.js';
import type { ApplicationParts, ApplicationPasses } from './application-passes.js';
import { haltedSync } from './halted-sync.js';
import type { WorkerState } from './worker-state.js';

export interface StandingTellerOptions extends Pick<
  ApplicationParts,
  'objects' | 'inventory' | 'hooks' | 'drift' | 'mask'
> {
  readonly state: WorkerState;
  readonly passes: Pick<ApplicationPasses, 'progress'>;
  readonly reporter: ApplicationReporter;
  /** It was judged anew: there may be something to do. */
  readonly onJudged: () => void;
}

/** A hook that failed, or can't come to its end, is what is wrong while nothing else is. */
function withHook(sync: SyncState, hook: HookStanding | null): SyncState {
  const isOnItsWay = sync.kind === 'working' || sync.kind === 'applied';
  return isOnItsWay && hook?.error !== undefined ? { kind: 'stuck', errors: [hook.error] } : sync;
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
    const { state, passes, objects, inventory, hooks, drift, mask, reporter, onJudged } = this.options;
    const { assignment } = state;
    if (this.closed || assignment === null) return;
    const hook = hooks.standing(assignment);
    const own = withHook(state.sync, hook);
    const progress = { ...passes.progress(assignment.generation), hook: hook?.message ?? null };
    const sync = state.isHalted ? haltedSync(own, progress) : own;
    if (sync.kind === 'restoring') return;
    drift.settle();
    const hide = (text: string): string => mask.hide(text);
    const verdict = judgeApplication(sync, objects.unhealthy(), inventory.surplusCount, hide, hook?.message);
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
