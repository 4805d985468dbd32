import { assertNever } from '../assert-never.js';
import { Draft, refuse } from './draft.js';
import { goOnFrom } from './events/ahead.js';
import { approve, reject } from './events/approve.js';
import { held, unheld } from './events/cluster-hold.js';
import { cancel, lift, pause, resume, retry } from './events/commands.js';
import { gateAnswer } from './events/gates.js';
import { gap, returned } from './events/presence.js';
import { promote } from './events/promote.js';
import type { Refusal } from './events/refusal.js';
import { removed } from './events/removed.js';
import { replan } from './events/replan.js';
import { takeReports } from './events/reports.js';
import { rollback } from './events/rollback.js';
import { skip } from './events/skip.js';
import { start } from './events/start.js';
import { tick } from './events/tick.js';
import type { ApplicationHeader, Decision, LoadedRow, Millis, RolloutEvent } from './model.js';
import { ENGINE_RULES, type EngineRules } from './rules.js';

/**
 * The engine: what an event means for an application, from its header and the rows that `need` asked for. Pure: the same
 * arguments give the same decision, byte for byte. While `again` is set, a `tick` at the same `now` belongs to the same
 * transaction; a shell that stops short of it loses nothing, since `wakeAt` says the same.
 * @param now hub's clock, milliseconds since the epoch; time that goes back stands still.
 * @param rules all on; only the property tests switch one off.
 */
export function step(
  header: ApplicationHeader,
  rows: readonly LoadedRow[],
  event: RolloutEvent,
  now: Millis,
  rules: EngineRules = ENGINE_RULES,
): Decision {
  const draft = new Draft(header, rows, now, rules);
  const refusal = apply(draft, rows, event);
  return refusal ? refuse(header, refusal.code, refusal.message) : draft.finish();
}

function apply(draft: Draft, rows: readonly LoadedRow[], event: RolloutEvent): Refusal | null {
  switch (event.type) {
    case 'start':
      return start(draft, event);
    case 'rollback':
      return rollback(draft, event);
    case 'pause':
      return pause(draft, event);
    case 'resume':
      return resume(draft, event);
    case 'retry':
      return retry(draft, event);
    case 'skip':
      return skip(draft, event);
    case 'cancel':
      return cancel(draft, event);
    case 'lift':
      return lift(draft, event);
    case 'gateAnswer':
      gateAnswer(draft, event);
      return null;
    case 'approve':
      return approve(draft, event);
    case 'reject':
      return reject(draft, event);
    case 'promote':
      return promote(draft, event);
    case 'held':
      held(draft, event);
      return null;
    case 'unheld':
      unheld(draft, event);
      return null;
    case 'replan':
      return replan(draft, event);
    case 'removed':
      return removed(draft, event);
    case 'reports':
      takeReports(draft, event.reports);
      return null;
    case 'returned':
      returned(draft, event.clusters);
      return null;
    case 'ahead': {
      const row = draft.row(event.cluster);
      if (row) goOnFrom(draft, row, event.generation);
      return null;
    }
    case 'gap':
      gap(draft, event.ms);
      return null;
    case 'tick':
      tick(draft, rows, event.freeze ?? null);
      return null;
    default:
      return assertNever(event, 'event');
  }
}
