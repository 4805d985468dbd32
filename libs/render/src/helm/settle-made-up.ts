import { RejectedError } from '#kit';
import type { HelmInput } from '#ports';
import { describeMadeUp, findMadeUp, keepMadeUp, type MadeUp } from './made-up.js';
import type { Printed } from './parse-printed.js';

export interface Twins {
  readonly folder: string;
  /** How often it is rendered again. */
  readonly twins: number;
  /** Renders the same with another time and other small numbers. */
  readonly renderTwin: () => Promise<readonly Printed[]>;
  /** Renders the very same. */
  readonly renderAgain: () => Promise<readonly Printed[]>;
}

/**
 * Equal input must give equal objects: a chart that makes up a password would change it with every commit. What differs between
 * renders is refused, or taken from the release before.
 * @throws RejectedError `helm-random`
 */
export async function settleMadeUp(
  printed: readonly Printed[],
  { random, previous = [] }: Pick<HelmInput, 'random' | 'previous'>,
  { folder, twins, renderTwin, renderAgain }: Twins,
): Promise<{ readonly printed: readonly Printed[]; readonly warnings: readonly string[] }> {
  let settled = printed;
  const warnings: string[] = [];
  for (let count = 0; count < twins; count += 1) {
    // A twin may fail where a number that it was given is out of a list's range; the very same again can't.
    const twin = count > 0 ? await renderAgain() : await renderTwin().catch(renderAgain);
    const madeUp = findMadeUp(printed, twin);
    if (madeUp.length === 0) continue;
    const isKeepable = madeUp.every(({ path }) => path.length > 0);
    if (random === 'refuse' || !isKeepable) throw refused(folder, madeUp, printed, isKeepable);
    const { printed: kept, anew } = keepMadeUp(settled, twin, madeUp, previous);
    settled = kept;
    if (previous.length > 0 && anew.length > 0) warnings.push(anewWarning(anew, printed));
  }
  return { printed: settled, warnings: [...new Set(warnings)] };
}

function refused(
  folder: string,
  madeUp: readonly MadeUp[],
  printed: readonly Printed[],
  isKeepable: boolean,
): RejectedError {
  const mend = isKeepable
    ? 'Give it by a value (most charts have one, such as existingSecret or password), or set spec.helm.random to "keep", which takes it from the release before.'
    : 'Give the chart a value that settles it: what has another name each time cannot be kept.';
  return new RejectedError(
    'helm-random',
    `${folder}: the chart makes up something new at each render: ${list(madeUp, printed)}. ${mend}`,
  );
}

function anewWarning(anew: readonly MadeUp[], printed: readonly Printed[]): string {
  return `The chart made up something for which the release before has nothing to keep: ${list(anew, printed)}.`;
}

function list(madeUp: readonly MadeUp[], printed: readonly Printed[]): string {
  const shown = madeUp.slice(0, 3).map((each) => describeMadeUp(each, printed));
  return `${shown.join('; ')}${madeUp.length > 3 ? `; and ${madeUp.length - 3} more` : ''}`;
}
