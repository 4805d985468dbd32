import { Inject, Injectable } from '@nestjs/common';
import type { ReceiptView } from '#contract';
import { receiptOf, type ReceiptLine, type Scope, type TargetRow } from '#domain';
import { RejectedError } from '#kit';
import type { Store } from '#ports';
import { STORE } from '../parts.js';
import { Reach } from './access/reach.js';
import { partlyInScope } from './access/refusals.js';
import { RolloutReader, type FoundRollout } from './rollout-reader.js';
import { iso } from './views/time.js';

/** Rows of one read. */
const PAGE = 1000;

/** What a rollback brought about, cluster by cluster. */
@Injectable()
export class ReceiptReader {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly reader: RolloutReader,
    private readonly reach: Reach,
  ) {}

  /** @param id of the rollback, or of the rollout that it took back. @throws RejectedError `not-a-rollback`, `partly-in-scope`. */
  async receipt(id: string, scopes: readonly Scope[]): Promise<ReceiptView> {
    const { application, rollout } = await this.rollback(id);
    // It may be another rollout than the one that was asked for.
    const sight = await this.reach.ofRollout(scopes, application, rollout.number);
    if (sight !== 'all') throw partlyInScope(application);
    const receipt = receiptOf(rollout, await this.rows(application, rollout.number));
    return {
      application,
      ...{ rollout: receipt.rollout, release: receipt.release, state: receipt.state, at: iso(receipt.at) },
      clusters: receipt.clusters.map(lineView),
      couldNot: receipt.couldNot.map((each) => ({ ...each })),
    };
  }

  private async rollback(id: string): Promise<FoundRollout> {
    const found = await this.reader.find(id);
    const { rollout } = found;
    if (rollout.kind === 'rollback') return found;
    if (rollout.state === 'rolledBack' && rollout.endedBy !== undefined) return this.rollback(rollout.endedBy);
    throw new RejectedError(
      'not-a-rollback',
      `Rollout ${rollout.id} was not rolled back: only a rollback has a receipt (flotilla rollout rollback ${rollout.id})`,
      { status: 409 },
    );
  }

  private async rows(application: string, number: number): Promise<readonly TargetRow[]> {
    const rows: TargetRow[] = [];
    let after: string | undefined;
    do {
      const page = await this.store.read.rollouts.targets(application, number, {
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      rows.push(...page.items);
      after = page.next;
    } while (after !== undefined);
    return rows;
  }
}

function lineView({ cluster, uid, state, wanted, runs }: ReceiptLine): ReceiptView['clusters'][number] {
  return {
    ...{ cluster, uid, state },
    wanted: typeof wanted === 'string' ? wanted : { ...wanted },
    runs: runs && { ...runs, at: iso(runs.at) },
  };
}
