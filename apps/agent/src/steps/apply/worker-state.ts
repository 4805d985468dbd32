import type { ManifestApplication } from '#domain';
import type { SyncState } from '../report/compose-report.js';
import type { HeldBundle } from './held-bundle.js';

/** What is to be taken up, or was refused. */
export interface Asked {
  readonly assignment: ManifestApplication;
  /** Its bundle is not fetched at once. */
  readonly spread: boolean;
}

export interface Pass {
  /** Read and dry-run everything, whatever the fingerprints say. */
  readonly force: boolean;
}

/** What an application's worker goes by. */
export class WorkerState {
  /** What is enforced. */
  held: HeldBundle | null = null;
  asked: Asked | null = null;
  sync: SyncState = { kind: 'working' };
  isPruneHeldUp = false;
  /** The pass that goes on. */
  private passing: Pass | null = null;
  private due: Pass | null = null;

  /** What is held, or was asked for last. */
  get assignment(): ManifestApplication | null {
    return this.asked?.assignment ?? this.held?.assignment ?? null;
  }

  /** Nothing further is begun, neither to apply nor to delete nor to correct. */
  get isHalted(): boolean {
    return this.assignment?.halted === true;
  }

  get isPassDue(): boolean {
    return this.due !== null;
  }

  askForPass({ force }: Pass): void {
    this.due = { force: force || this.due?.force === true };
  }

  /** What was under way is to be done once more, in the way that it was, or else as `otherwise` says; null: nothing was, or is. */
  askAgain(otherwise: Pass | null): void {
    const again = this.passing ?? otherwise;
    if (again !== null) this.askForPass(again);
  }

  beginPass(): Pass {
    const pass = { force: this.due?.force === true };
    this.due = null;
    this.passing = pass;
    return pass;
  }

  endPass(): void {
    this.passing = null;
    this.isPruneHeldUp = false;
  }

  forgetDuePass(): void {
    this.due = null;
  }
}
