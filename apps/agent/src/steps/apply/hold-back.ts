import { type ApplyItem, type ObjectError, planStages } from '#kube';
import type { FailingObjects } from './failing-objects.js';

export interface HoldBackInput {
  readonly failing: Pick<FailingObjects, 'has' | 'errorOf' | 'waitOf'>;
  /** Monotonic, ms. */
  readonly now: number;
  /** What was applied before is put back: each object stands for itself. */
  readonly again: boolean;
  /** Not in the cluster: its failure was one of writing, not of a dry-run. */
  readonly isAbsent: (key: string) => boolean;
}

export interface HeldBack {
  /** What is to be gone over now. */
  readonly tried: readonly ApplyItem[];
  /** Those of it whose dry-run failed last: until theirs goes well, nobody else's stage can be written. */
  readonly suspects: readonly ApplyItem[];
  /** What was wrong with those that are left alone for now. */
  readonly errors: readonly ObjectError[];
}

/**
 * What of some items is tried while others that failed are left alone. On the way to a new bundle the rules of stages stand: an
 * object that could not be dry-run keeps its whole stage unwritten, one that could not be made keeps the later stages.
 */
export function holdBack(items: readonly ApplyItem[], input: HoldBackInput): HeldBack {
  const { failing, now, again, isAbsent } = input;
  const isHeld = ({ key }: ApplyItem): boolean => failing.waitOf(key, now) > 0;
  const errorsOf = (held: readonly ApplyItem[]): readonly ObjectError[] =>
    held.flatMap(({ key }) => failing.errorOf(key) ?? []);
  const held = items.filter(isHeld);
  if (again || held.length === 0) {
    const tried = items.filter((item) => !isHeld(item));
    return { tried, suspects: again ? [] : suspectsOf(tried, input), errors: errorsOf(held) };
  }
  const tried: ApplyItem[] = [];
  for (const stage of planStages(items)) {
    const here = stage.filter(isHeld);
    if (here.every(({ key }) => isAbsent(key))) tried.push(...stage.filter((item) => !isHeld(item)));
    if (here.length === 0) continue;
    return { tried, suspects: suspectsOf(tried, input), errors: errorsOf(here) };
  }
  return { tried, suspects: suspectsOf(tried, input), errors: [] };
}

function suspectsOf(items: readonly ApplyItem[], { failing, isAbsent }: HoldBackInput): readonly ApplyItem[] {
  return items.filter(({ key }) => failing.has(key) && !isAbsent(key));
}
