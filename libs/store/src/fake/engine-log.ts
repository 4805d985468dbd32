import {
  type Decision,
  type EngineCheckpoint,
  type EngineState,
  ENGINE_VERSION,
  type LoggedStep,
  outcomeOf,
} from '#domain';
import type { RolloutStore } from '#ports';
import { BugError } from '#kit';
import { oneNumber } from '../page-cursor.js';
import { byKeys, kept, keyOf, type Tables } from './memory.js';
import { pageOf } from './page-of.js';
import type { Run } from './session.js';

/** Called before the decision's rollout is in the list of rollouts. */
export function saveStep(tables: Tables, decision: Decision, step: LoggedStep): void {
  const { application, version, rollout } = decision.header;
  if (rollout !== null && tables.rollouts.get(keyOf(application, rollout.number)) === undefined) {
    if (step.before === undefined) {
      throw new BugError('no-checkpoint', `${rollout.id} begins, and the state before it was not handed in.`);
    }
    saveCheckpoint(tables, step.before, rollout.id);
  }
  const { event, now, inputs } = step;
  const key = keyOf(application, version);
  const entry = { application, step: version, version: ENGINE_VERSION, at: now, rollout: rollout?.id ?? null };
  tables.steps.set(key, kept({ ...entry, event, inputs, outcome: outcomeOf(decision) }));
}

export function saveCheckpoint(tables: Tables, { header, rows }: EngineState, rollout: string | null): void {
  const { application, version: step } = header;
  const ordered = [...rows].sort(byKeys(({ uid }) => [uid]));
  const checkpoint = { application, step, version: ENGINE_VERSION, rollout, header, rows: ordered };
  tables.checkpoints.set(keyOf(application, step), kept(checkpoint));
}

/** Where the steps of an application that is there anew go on. */
export function firstVersion(tables: Tables, application: string): number {
  const own = <T extends { readonly application: string }>(rows: readonly T[]): readonly T[] =>
    rows.filter((each) => each.application === application);
  return Math.max(
    0,
    ...own(tables.steps.rows()).map(({ step }) => step),
    ...own(tables.checkpoints.rows()).map(({ step }) => step + 1),
  );
}

export function fakeEngineLog(run: Run): Pick<RolloutStore, 'checkpointOf' | 'checkpointAfter' | 'steps'> {
  const of = (tables: Tables, rollout: string): EngineCheckpoint | null =>
    tables.checkpoints.rows().find((each) => each.rollout === rollout) ?? null;
  const after = (tables: Tables, application: string, step: number): EngineCheckpoint | null => {
    const later = tables.checkpoints.rows().filter((each) => each.application === application && each.step > step);
    return later.sort(byKeys((each) => [each.step]))[0] ?? null;
  };
  return {
    checkpointOf: (rollout) => run(({ tables }) => of(tables, rollout)),
    checkpointAfter: (application, step) => run(({ tables }) => after(tables, application, step)),
    steps: (rollout, page) =>
      run(({ tables }) => {
        const first = of(tables, rollout);
        if (first === null) return { items: [] };
        const last = after(tables, first.application, first.step)?.step ?? Number.MAX_SAFE_INTEGER;
        const entries = tables.steps
          .rows()
          .filter((each) => each.application === first.application && each.step > first.step && each.step <= last);
        return pageOf(entries, page, oneNumber, ({ step }) => [step]);
      }),
  };
}
