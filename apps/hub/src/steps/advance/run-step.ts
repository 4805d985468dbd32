import {
  beginsRollout,
  need,
  presenceInputs,
  step,
  type ApplicationHeader,
  type Decision,
  type Effect,
  type LoadedRow,
  type LoggedStep,
  type RolloutEvent,
} from '#domain';
import type { Unit } from '#ports';
import { takeWaitingPause } from './waiting-pause.js';

/** Most ticks in one transaction; what is left is due at once and taken by the next one. */
const MAX_TICKS = 40;
/** Most sentences that a step tells. */
const MAX_CHANGES = 50;

/** Setting: the generation that rows of new clusters begin above. Only grows. */
export const GENERATIONS_ABOVE = 'generations.above';

export interface StepOutcome {
  readonly header: ApplicationHeader;
  readonly effects: readonly Effect[];
  readonly changed: boolean;
  /** What was written into the history, sentence by sentence; at most 50. */
  readonly changes: readonly string[];
  /** The command made no sense in this state: why, and nothing was written. */
  readonly refused?: { readonly code: string; readonly message: string };
}

/**
 * What is to happen: an event, or how to make one of the state as it stands under the application's lock. What it throws
 * rolls everything back.
 */
export type EventSource = RolloutEvent | ((unit: Unit, header: ApplicationHeader) => Promise<RolloutEvent>);

/**
 * Locks an application, lets the pure engine decide about one event, writes the decision, and ticks for as long as more is
 * due at this very moment. All within the caller's transaction: either everything is there afterwards, or nothing.
 * @param mayTick whether time may be held against anybody now; what is due waits for a tick of its own where it may not.
 */
export async function runStep(
  unit: Unit,
  application: string,
  source: EventSource,
  now: number,
  mayTick: () => boolean = () => true,
): Promise<StepOutcome> {
  let header = await unit.rollouts.lock(application);
  const before = header.version;
  const effects: Effect[] = [];
  const changes: string[] = [];
  let frozen: RolloutEvent | null = null;
  let next = typeof source === 'function' ? await source(unit, header) : source;
  if (next.type === 'tick') next = frozen = await frozenTick(unit);
  if (next.type === 'start') next = { ...next, ...(await generationsAbove(unit)) };
  for (let tick = 0; tick <= MAX_TICKS; tick += 1) {
    const rows = await unit.rollouts.rows(application, need(header, next, now));
    const decision = step(header, rows, next, now);
    if (decision.refused) return { header, effects, changed: false, changes, refused: decision.refused };
    if (decision.header.version !== header.version) {
      await unit.rollouts.commit(
        application,
        decision,
        await loggedStep(unit, { header, rows, event: next, now }, decision),
      );
    }
    const begins = next.type === 'start' && beginsRollout(header, decision);
    header = decision.header;
    effects.push(...decision.effects);
    for (const { message } of decision.history) if (changes.length < MAX_CHANGES) changes.push(message);
    // A start alone assigns nothing: a pause that waited for it comes before the first tick.
    const pause = begins ? await takeWaitingPause(unit, application) : null;
    if (pause) {
      next = pause;
      continue;
    }
    if (!decision.again || !mayTick()) break;
    next = frozen ??= await frozenTick(unit);
  }
  return { header, effects, changed: header.version !== before, changes };
}

/**
 * A tick with the fleet's freeze, read under the application's lock, once for all ticks of a step: whoever freezes waits for the
 * steps that began before.
 */
async function frozenTick(unit: Unit): Promise<RolloutEvent> {
  const freeze = await unit.freeze.get();
  return { type: 'tick', ...(freeze && { freeze }) };
}

/** Where agents were taken over that another hub gave generations to: those of this one begin above all of them. */
async function generationsAbove(unit: Unit): Promise<{ generationsAbove?: number }> {
  const above = Number((await unit.settings.get(GENERATIONS_ABOVE)) ?? 0);
  return above > 0 ? { generationsAbove: above } : {};
}

/** What was decided upon, for the log; where a rollout begins, with the state before it, from which a replay sets out. */
async function loggedStep(
  unit: Unit,
  taken: { header: ApplicationHeader; rows: readonly LoadedRow[]; event: RolloutEvent; now: number },
  decision: Decision,
): Promise<LoggedStep> {
  const { header, rows, event, now } = taken;
  const logged = { event, now, inputs: presenceInputs(rows) };
  if (!beginsRollout(header, decision)) return logged;
  const all = need(header, event, now).all ? rows : await unit.rollouts.rows(header.application, { all: true });
  return { ...logged, before: { header, rows: all.map(({ row }) => row) } };
}
