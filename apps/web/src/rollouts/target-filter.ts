import type { TargetView } from '#contract';
import type { RolloutSearch } from './search.js';

type TargetState = TargetView['state'];

/** Pure: clusters of a wave, in a state, with that in their names; as far as each is asked for. */
export function filterTargets(
  targets: readonly TargetView[],
  { wave, state, q }: Pick<RolloutSearch, 'wave' | 'state' | 'q'>,
): readonly TargetView[] {
  const wanted = q?.trim().toLowerCase() ?? '';
  return targets.filter(
    (target) =>
      (wave === undefined || target.waveName === wave) &&
      (state === undefined || target.state === state) &&
      (wanted === '' || target.cluster.includes(wanted)),
  );
}

/** As the engine takes it for single clusters. */
export const canRetry = (state: TargetState): boolean => ['failed', 'deferred', 'skipped'].includes(state);
export const canSkip = (state: TargetState): boolean =>
  ['pending', 'assigned', 'progressing', 'failed', 'deferred'].includes(state);
