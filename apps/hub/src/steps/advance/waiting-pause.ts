import type { RolloutEvent } from '#domain';
import type { Unit } from '#ports';

/** A pause that is declared of an application of which no rollout runs: the next one begins with it. */
export interface WaitingPause {
  readonly by: string;
  readonly reason: string;
}

const keyOf = (application: string): string => `pause.${application}`;

export async function readWaitingPause(unit: Unit, application: string): Promise<WaitingPause | null> {
  return parse(await unit.settings.get(keyOf(application)));
}

/** Those of many, by application. */
export async function readWaitingPauses(
  unit: Unit,
  applications: readonly string[],
): Promise<ReadonlyMap<string, WaitingPause>> {
  const found = await unit.settings.of(applications.map(keyOf));
  return new Map(
    applications.flatMap((application): [string, WaitingPause][] => {
      const pause = parse(found.get(keyOf(application)) ?? null);
      return pause ? [[application, pause]] : [];
    }),
  );
}

function parse(text: string | null): WaitingPause | null {
  return text === null || text === '' ? null : (JSON.parse(text) as WaitingPause);
}

/** Under the application's lock. Null: none waits any more. */
export async function writeWaitingPause(unit: Unit, application: string, pause: WaitingPause | null): Promise<void> {
  if (pause === null && (await readWaitingPause(unit, application)) === null) return;
  await unit.settings.set(keyOf(application), pause === null ? '' : JSON.stringify(pause));
}

/** What a rollout that has begun just now is told before anything is assigned; it waits no more. */
export async function takeWaitingPause(unit: Unit, application: string): Promise<RolloutEvent | null> {
  const pause = await readWaitingPause(unit, application);
  if (!pause) return null;
  await writeWaitingPause(unit, application, null);
  return { type: 'pause', actor: pause.by, reason: pause.reason };
}
