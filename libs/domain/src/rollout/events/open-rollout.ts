import type { Draft } from '../draft.js';
import type { Act, ApplicationHeader, Rollout } from '../model.js';
import { actOf } from './act.js';

/** What the next rollout of the application is called. */
export function nextRollout({ application, rolloutNumber }: ApplicationHeader): Pick<Rollout, 'id' | 'number'> {
  const number = rolloutNumber + 1;
  return { id: `${application}-${number}`, number };
}

/** The present rollout from now on; its rows are put by the caller, who has ended the one before. */
export function openRollout(
  draft: Draft,
  made: Omit<Rollout, 'id' | 'number' | 'state' | 'wave' | 'startedAt' | 'startedBy' | 'reason'>,
  act: Act,
): void {
  const { id, number } = nextRollout(draft.header);
  const { actor, reason } = actOf(act);
  draft.set({ rolloutNumber: number });
  draft.setRollout({
    ...{ id, number, state: 'running', wave: 0, startedAt: draft.now, startedBy: actor },
    ...(reason !== undefined && { reason }),
    ...made,
  });
  draft.adjustClock();
}
